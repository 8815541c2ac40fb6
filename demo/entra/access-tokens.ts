import { createPublicKey, generateKeyPair, type KeyObject, randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { type Claims, decodeToken, hasValidSignature, signToken } from '../https/json-web-token.ts'
import { GraphRefusal } from './graph-error.ts'

export interface VerifiedToken {
  readonly permissions: ReadonlySet<string>
  readonly userId: string | undefined
}

const keyId = 'rosterd-demo-1'

/** Issues and checks the tokens of one tenant (RS256). Revoking makes every token given so far useless. */
export class AccessTokens {
  readonly #key: KeyObject
  readonly #publicKey: KeyObject
  readonly #issuer: string
  readonly #audience: string
  readonly #now: () => Date
  #generation = randomUUID()
  /** What every call in the name of a person is refused with, by user id. */
  readonly refusals = new Map<string, GraphRefusal>()
  /** Seconds that new tokens live. */
  lifetimeSeconds = 3599

  static async create(issuer: string, audience: string, now: () => Date): Promise<AccessTokens> {
    const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
    return new AccessTokens(privateKey, issuer, audience, now)
  }

  private constructor(key: KeyObject, issuer: string, audience: string, now: () => Date) {
    this.#key = key
    this.#publicKey = createPublicKey(key)
    this.#issuer = issuer
    this.#audience = audience
    this.#now = now
  }

  /** The document behind `jwks_uri`. */
  get keySet(): unknown {
    return { keys: [{ ...this.#publicKey.export({ format: 'jwk' }), kid: keyId, use: 'sig' }] }
  }

  issueForGraph(claims: Claims): string {
    return this.#issue({ ...claims, aud: this.#audience, generation: this.#generation, uti: randomUUID() })
  }

  issueIdToken(clientId: string, claims: Claims): string {
    return this.#issue({ aud: clientId, ...claims })
  }

  revokeAll(): void {
    this.#generation = randomUUID()
  }

  /** Checks an `Authorization` header: signature, audience, expiry. Throws 401 `InvalidAuthenticationToken`, or {@link refusals}. */
  verify(authorization: string | undefined): VerifiedToken {
    if (authorization === undefined) throw invalidToken('Access token is empty.')
    const token = decodeToken(/^Bearer (.+)$/i.exec(authorization)?.[1] ?? '')
    if (token === undefined || !hasValidSignature(token, this.#publicKey))
      throw invalidToken('CompactToken parsing failed.')
    const { aud, exp, roles, scp, oid, generation } = token.claims
    if (aud !== this.#audience) throw invalidToken('Access token validation failure. Invalid audience.')
    if (typeof exp !== 'number' || exp * 1000 <= this.#now().getTime() || generation !== this.#generation) {
      throw invalidToken('Lifetime validation failed, the token is expired.')
    }
    const refusal = this.refusals.get(String(oid))
    if (refusal !== undefined) throw refusal
    const permissions = Array.isArray(roles) ? roles.map(String) : (typeof scp === 'string' ? scp : '').split(' ')
    return { permissions: new Set(permissions), userId: typeof scp === 'string' ? String(oid) : undefined }
  }

  #issue(claims: Claims): string {
    const iat = Math.floor(this.#now().getTime() / 1000)
    return signToken({ iss: this.#issuer, iat, nbf: iat, exp: iat + this.lifetimeSeconds, ...claims }, this.#key, keyId)
  }
}

export function invalidToken(
  message: string,
  challenge = 'client_id="00000003-0000-0000-c000-000000000000"',
): GraphRefusal {
  const authority = 'https://login.microsoftonline.com/common/oauth2/authorize'
  return new GraphRefusal(401, 'InvalidAuthenticationToken', message, {
    'www-authenticate': `Bearer realm="", authorization_uri="${authority}", ${challenge}`,
  })
}
