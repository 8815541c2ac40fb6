import { type KeyObject, randomBytes } from 'node:crypto'
import type { ServiceAnswer, ServiceRequest } from '../https/exchange.ts'
import { decodeToken, hasValidSignature } from '../https/json-web-token.ts'

/** The OAuth service app of the org, to be changed in place by tests (contract §1). */
export interface OktaServiceApp {
  readonly clientId: string
  /** Public keys by `kid`. */
  readonly keys: Map<string, KeyObject>
  readonly grantedScopes: Set<string>
}

interface IssuedToken {
  readonly scopes: ReadonlySet<string>
  readonly expiresAt: number
}

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const lifetimeSeconds = 3600

/** `POST /oauth2/v1/token` with private_key_jwt, and the tokens that it gave. */
export class ServiceAppTokens {
  readonly #app: OktaServiceApp
  readonly #tokenUrl: string
  readonly #now: () => Date
  readonly #issued = new Map<string, IssuedToken>()

  constructor(app: OktaServiceApp, origin: string, now: () => Date) {
    this.#app = app
    this.#tokenUrl = `${origin}/oauth2/v1/token`
    this.#now = now
  }

  answer(request: ServiceRequest): ServiceAnswer {
    const form = new URLSearchParams(request.body)
    if (form.get('grant_type') !== 'client_credentials') {
      return refusal(400, 'unsupported_grant_type', 'The authorization grant type is not supported.')
    }
    if (!this.#isAuthentic(form)) return refusal(401, 'invalid_client', 'The client_assertion signature is invalid.')
    const scopes = (form.get('scope') ?? '').split(' ').filter((scope) => scope !== '')
    if (scopes.length === 0 || scopes.some((scope) => !this.#app.grantedScopes.has(scope))) {
      const text = 'One or more scopes are not configured for the authorization server resource.'
      return refusal(400, 'invalid_scope', text)
    }
    const token = randomBytes(32).toString('base64url')
    const expiresAt = this.#now().getTime() + lifetimeSeconds * 1000
    this.#issued.set(token, { scopes: new Set(scopes), expiresAt })
    const body = { token_type: 'Bearer', expires_in: lifetimeSeconds, access_token: token, scope: scopes.join(' ') }
    return { status: 200, headers: { 'content-type': 'application/json' }, body }
  }

  /** The scopes of a living token. */
  scopesOf(token: string): ReadonlySet<string> | undefined {
    const issued = this.#issued.get(token)
    return issued !== undefined && issued.expiresAt > this.#now().getTime() ? issued.scopes : undefined
  }

  revokeAll(): void {
    this.#issued.clear()
  }

  #isAuthentic(form: URLSearchParams): boolean {
    const token = decodeToken(form.get('client_assertion') ?? '')
    if (token === undefined || form.get('client_assertion_type') !== assertionType) return false
    const { iss, sub, aud, exp } = token.claims
    const seconds = this.#now().getTime() / 1000
    const isForUs = iss === this.#app.clientId && sub === this.#app.clientId && aud === this.#tokenUrl
    const isTimely = typeof exp === 'number' && exp > seconds && exp <= seconds + lifetimeSeconds
    const key = this.#app.keys.get(String(token.header.kid))
    return isForUs && isTimely && key !== undefined && hasValidSignature(token, key)
  }
}

function refusal(status: number, error: string, description: string): ServiceAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: { error, error_description: description } }
}
