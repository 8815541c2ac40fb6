import type { ServiceRequest } from '../https/exchange.ts'
import type { OktaDirectory } from './directory.ts'
import type { Listings } from './listing.ts'
import type { LogCursors } from './logs.ts'
import { forbidden } from './okta-error.ts'

export interface ApiContext {
  readonly directory: OktaDirectory
  readonly listings: Listings
  readonly logCursors: LogCursors
  readonly now: () => Date
  /** `https://localhost:PORT` */
  readonly origin: string
  /** Scopes of a Bearer token; undefined for an API token, which has its owner's rights. */
  readonly scopes: ReadonlySet<string> | undefined
  readonly request: ServiceRequest
}

export interface ApiAnswer {
  readonly body: unknown
  readonly links?: readonly string[]
}

/** Throws 403 E0000006 with `insufficient_scope` (contract §5). */
export function requireScope({ scopes, origin }: ApiContext, ...needed: readonly string[]): void {
  if (scopes === undefined) return
  const missing = needed.find((scope) => !scopes.has(scope))
  if (missing === undefined) return
  throw forbidden({ 'www-authenticate': `Bearer realm="${origin}", error="insufficient_scope", scope="${missing}"` })
}
