import type { AccessTokens } from './access-tokens.ts'
import type { EntraApplication } from './application.ts'
import type { Authorizations } from './authorizations.ts'
import type { EntraDirectory } from './directory.ts'

/** What the endpoints of the authority need. */
export interface SignInContext {
  readonly directory: EntraDirectory
  readonly application: EntraApplication
  readonly tokens: AccessTokens
  readonly authorizations: Authorizations
  readonly tenantId: string
  /** `https://localhost:PORT` */
  readonly origin: string
  /** `{graph}/`, what scopes begin with. */
  readonly scopePrefix: string
  readonly now: () => Date
}
