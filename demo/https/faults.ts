import type { ServiceRequest } from './exchange.ts'

/** What goes wrong. Kinds marked T happen on the transport, the others are answers of the vendor. */
export type FaultKind =
  /** T: the connection is cut before any byte of the answer. */
  | 'reset'
  /** T: headers and half of the body arrive, then the connection is cut. */
  | 'reset-in-body'
  /** T: the request is read and never answered. */
  | 'silence'
  /** T: headers and half of the body arrive, then nothing more. */
  | 'stall'
  /** T: a complete answer with right length whose JSON ends in the middle. */
  | 'truncated-json'
  /** The body arrives in two halves, the second after `delayMs`. */
  | 'slow-body'
  /** An HTML page with `status` (default 502), as a gateway sends it. */
  | 'html'
  /** The vendor's error for `status` (default 500): 500, 502, 503 or 504. */
  | 'server-error'
  /** 429 in the vendor's form; `retryAfter` as given, none when it is null. */
  | 'throttled'
  | 'empty-page'
  | 'expired-page-token'
  | 'expired-delta-token'
  | 'unauthorized'
  /** Entra: 401 with `insufficient_claims`. Okta: as `unauthorized`. */
  | 'claims-challenge'
  | 'forbidden'
  | 'not-found'

export interface Fault {
  readonly kind: FaultKind
  /** First matching call that is hit, counted from 1 when the fault was added. Default 1. */
  readonly at?: number
  /** How many matching calls in a row are hit; `Infinity` until `clear()`. Default 1. */
  readonly times?: number
  /** Part of `path?query` as sent or decoded, or a pattern for it. Default: every call. */
  readonly path?: string | RegExp
  readonly method?: string
  readonly status?: number
  /** Seconds or an HTTP date; null leaves the header out. Default per vendor. */
  readonly retryAfter?: number | string | null
  readonly delayMs?: number
}

interface PendingFault {
  readonly fault: Fault
  seen: number
}

/** The faults still to come, in the order they were added. */
export class Faults {
  readonly #pending: PendingFault[] = []

  add(...faults: readonly Fault[]): void {
    for (const fault of faults) this.#pending.push({ fault, seen: 0 })
  }

  clear(): void {
    this.#pending.length = 0
  }

  /** Faults that have hits left. */
  get pending(): readonly Fault[] {
    return this.#pending.filter((entry) => entry.seen < lastCall(entry.fault)).map((entry) => entry.fault)
  }

  /** Counts this call against every fault and gives the first that hits it. */
  take(request: ServiceRequest): Fault | undefined {
    let hit: Fault | undefined
    for (const entry of this.#pending) {
      if (!matches(entry.fault, request)) continue
      entry.seen += 1
      if (hit === undefined && entry.seen >= (entry.fault.at ?? 1) && entry.seen <= lastCall(entry.fault)) {
        hit = entry.fault
      }
    }
    return hit
  }
}

function lastCall(fault: Fault): number {
  return (fault.at ?? 1) + (fault.times ?? 1) - 1
}

function matches({ method, path }: Fault, request: ServiceRequest): boolean {
  if (method !== undefined && method !== request.method) return false
  if (path === undefined) return true
  const spellings = [request.target, decodedTarget(request.target)]
  return spellings.some((target) => (typeof path === 'string' ? target.includes(path) : path.test(target)))
}

function decodedTarget(target: string): string {
  try {
    return decodeURIComponent(target)
  } catch {
    return target
  }
}
