import type { Clock } from './clock.ts'
import { fileRevision } from './file-revision.ts'
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
  readonly files: () => readonly string[] | undefined
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

  async function revision(): Promise<string | undefined> {
    const watched = files()
    return watched === undefined ? undefined : await fileRevision(watched)
  }

  return {
    reload,
    async run(signal) {
      let seen = await revision()
      await reload() // what changed since it was read first
      while (!signal.aborted) {
        await clock.sleep(checkMs, signal).catch(() => undefined)
        const now = await revision()
        // Without files the private certificate may be due.
        if (!signal.aborted && (now === undefined || now !== seen)) await reload()
        seen = now
      }
    },
  }
}

function certificatesOf({ options: { cert, ca = '', minVersion } }: Identity): string {
  return `${minVersion}\n${cert}\n${ca}`
}
