import type { ServiceAnswer, ServiceRequest } from './exchange.ts'
import type { Fault, FaultKind, Faults } from './faults.ts'

/** One request that reached a simulated tenant. */
export interface Call {
  readonly method: string
  /** Path and query as sent. */
  readonly path: string
  /** 0 when no status was sent (reset, silence). */
  readonly status: number
  /** By which the caller names the call. */
  readonly requestId?: string
  readonly fault?: FaultKind
}

/** What the HTTPS server needs of a tenant. */
export interface SimulatedService {
  readonly faults: Faults
  /** Every call, oldest first; set `length = 0` to begin a new count. */
  readonly calls: Call[]
  answer(request: ServiceRequest): Promise<ServiceAnswer>
  /** The vendor's own answer for a fault, or undefined for faults of the transport. */
  faultAnswer(fault: Fault, request: ServiceRequest): ServiceAnswer | undefined
}
