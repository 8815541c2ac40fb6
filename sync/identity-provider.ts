import type { Snapshot } from './identity.ts'

/** What the calls of one run cost. The provider counts, also when it fails half-way. */
export interface Traffic {
  /** Requests sent, repeats included. */
  calls: number
  /** Answers that told us to wait. */
  throttles: number
  /** Requests repeated after a transient failure. */
  repeats: number
  /** What went wrong and did not fail the run, such as a credential whose place another one took. */
  readonly notices: string[]
}

export interface FetchProgress {
  readonly step: string
  /** Objects read so far in this step. */
  readonly read: number
}

export interface FetchContext {
  readonly signal: AbortSignal
  readonly onProgress: (progress: FetchProgress) => void
  readonly traffic: Traffic
}

/** One probed permission or step of a connection test. */
export interface ProbeResult {
  readonly name: string
  readonly ok: boolean
  /** What was found, or what to do. */
  readonly message: string
}

/**
 * A connected tenant, org or file. `fetchAll` reads everything and gives a complete snapshot, or throws a
 * {@link ProviderError}: it never returns what it has so far. Reading changes only is a later addition beside it.
 */
export interface IdentityProvider {
  readonly id: string
  readonly type: string
  /** Names the tenant or org whose ids these are: two providers with the same tenant hold the same people. */
  readonly tenant: string
  fetchAll(context: FetchContext): Promise<Snapshot>
  /** Probes each permission apart. Never throws for what a probe finds. */
  test(signal: AbortSignal): Promise<readonly ProbeResult[]>
  /** Cheap to ask, and another text whenever there is something new to read; only files can tell. */
  revision?(): Promise<string>
}
