import { stat } from 'node:fs/promises'
import type { Clock } from './clock.ts'
import type { TlsOptions } from './tls-files.ts'

/** A certificate, with whatever belongs to it. */
interface Identity {
  readonly options: TlsOptions
}

export interface CertificateWatchOptions<Watched extends Identity> {
  /** The one in use. */
  readonly current: Watched
  /** Reads the certificate. Throws when it cannot be used. */
  readonly load: () => Promise<Watched>
  /** Looked at for changes; undefined: a certificate that is made here, and renewed long before it ends. */
  readonly files: readonly string[] | undefined
  readonly clock: Pick<Clock, 'sleep'>
  /** Gets a certificate that is new. */
  readonly use: (identity: Watched) => void
  /** A certificate that cannot be used: the one before stays. */
  readonly onProblem: (error: unknown) => void
}

export interface CertificateWatch {
  /** Reads the certificate now. */
  reload(): Promise<void>
  /** Looks for a new certificate every now and then, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

/** How often files are looked at. */
const checkMs = 30_000

/** Keeps the certificate in use the one that the files hold, or a private one that is not about to expire. */
export function watchCertificates<Watched extends Identity>(
  options: CertificateWatchOptions<Watched>,
): CertificateWatch {
  const { load, files, clock, use, onProblem } = options
  let current = certificatesOf(options.current)

  async function reload(): Promise<void> {
    try {
      const identity = await load()
      if (certificatesOf(identity) === current) return
      current = certificatesOf(identity)
      use(identity)
    } catch (error) {
      onProblem(error)
    }
  }

  return {
    reload,
    async run(signal) {
      let seen = await revision(files)
      await reload() // what changed since it was read first
      while (!signal.aborted) {
        await clock.sleep(checkMs, signal).catch(() => undefined)
        const now = await revision(files)
        // Without files the private certificate may be due.
        if (!signal.aborted && (now === undefined || now !== seen)) await reload()
        seen = now
      }
    },
  }
}

function certificatesOf({ options: { cert, ca = '' } }: Identity): string {
  return `${cert}\n${ca}`
}

/** Another text whenever one of the files has changed; undefined without files. */
async function revision(files: readonly string[] | undefined): Promise<string | undefined> {
  if (files === undefined) return undefined
  const marks = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`,
        () => 'missing',
      ),
    ),
  )
  return marks.join(' ')
}
