import { stat } from 'node:fs/promises'
import type { Clock } from '../runtime/clock.ts'
import type { Config } from '../runtime/config-schema.ts'
import { loadTlsIdentity, type TlsIdentity } from './tls.ts'

export interface CertificateWatchOptions {
  readonly config: Config['ldap']
  readonly dataDir: string
  readonly clock: Clock
  /** Gets a certificate that is new. */
  readonly use: (identity: TlsIdentity) => void
  /** A certificate that cannot be used: the one before stays. */
  readonly onProblem: (error: unknown) => void
}

export interface CertificateWatch {
  /** Reads the certificate now. */
  reload(): Promise<void>
  /** Looks for a new certificate every now and then, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

/** How often files are looked at; a private certificate is renewed long before it ends. */
const checkMs = 30_000

/** Keeps the certificate in use the one that the files hold, or a private one that is not about to expire. */
export function watchCertificates({
  config,
  dataDir,
  clock,
  use,
  onProblem,
}: CertificateWatchOptions): CertificateWatch {
  let current: string | undefined

  async function reload(): Promise<void> {
    try {
      const identity = await loadTlsIdentity(config, dataDir, clock.now())
      const pem = identity.options.cert
      if (current !== undefined && pem !== current) use(identity)
      current = pem
    } catch (error) {
      onProblem(error)
    }
  }

  return {
    reload,
    async run(signal) {
      await reload()
      let seen = await revision(config)
      while (!signal.aborted) {
        await clock.sleep(checkMs, signal).catch(() => undefined)
        const now = await revision(config)
        // Without files the private certificate may be due.
        if (!signal.aborted && (now === undefined || now !== seen)) await reload()
        seen = now
      }
    },
  }
}

/** Another text whenever one of the files has changed; undefined without files. */
async function revision({ tls: { certFile, keyFile } }: Config['ldap']): Promise<string | undefined> {
  if (certFile === null || keyFile === null) return undefined
  const marks = await Promise.all(
    [certFile, keyFile].map((file) =>
      stat(file).then(
        ({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`,
        () => 'missing',
      ),
    ),
  )
  return marks.join(' ')
}
