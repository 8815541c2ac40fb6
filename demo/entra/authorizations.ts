import { createHash, randomBytes } from 'node:crypto'
import type { Scopes } from './delegated-tokens.ts'
import { parseScopes } from './delegated-tokens.ts'
import type { EntraDirectory } from './directory.ts'
import type { EntraUser } from './objects.ts'
import { demandOf } from './password-check.ts'
import { type SignInErrorCode, SignInRefusal } from './sign-in-error.ts'

interface IssuedCode {
  readonly userId: string
  readonly scopes: Scopes
  readonly redirectUri: string
  /** S256 challenge of PKCE. */
  readonly challenge: string | null
  readonly nonce: string | null
  readonly expiresAt: number
}

interface Grant {
  readonly userId: string
  readonly scopes: Scopes
}

const codeLifetimeMs = 10 * 60_000

/** Authorization codes (10 minutes, once) and refresh tokens (a new one at every use) of the tenant (contract §2.2). */
export class Authorizations {
  readonly #codes = new Map<string, IssuedCode>()
  readonly #grants = new Map<string, Grant>()
  readonly #revoked = new Set<string>()
  /** What every renewal in the name of a person is refused with, by user id. */
  readonly refusals = new Map<string, SignInErrorCode>()
  readonly #directory: EntraDirectory
  readonly #scopePrefix: string
  readonly #now: () => Date

  constructor(directory: EntraDirectory, scopePrefix: string, now: () => Date) {
    this.#directory = directory
    this.#scopePrefix = scopePrefix
    this.#now = now
  }

  issueCode(code: Omit<IssuedCode, 'expiresAt'>): string {
    const value = `1.${randomBytes(32).toString('base64url')}`
    this.#codes.set(value, { ...code, expiresAt: this.#now().getTime() + codeLifetimeMs })
    return value
  }

  /** Throws `SignInRefusal` for a used, unknown or old code, another redirect URI, a wrong verifier. */
  redeemCode(form: URLSearchParams): { user: Readonly<EntraUser>; scopes: Scopes; nonce: string | null } {
    const value = form.get('code') ?? ''
    const code = this.#codes.get(value)
    this.#codes.delete(value)
    if (code === undefined || code.expiresAt <= this.#now().getTime()) throw new SignInRefusal(54005)
    if (form.get('redirect_uri') !== code.redirectUri) throw new SignInRefusal(50011)
    const verifier = form.get('code_verifier') ?? ''
    const challenge = createHash('sha256').update(verifier).digest('base64url')
    if (code.challenge !== null && challenge !== code.challenge) throw new SignInRefusal(501481)
    return { user: this.#usableUser(code.userId), scopes: code.scopes, nonce: code.nonce }
  }

  issueRefreshToken(userId: string, scopes: Scopes): string {
    const value = `0.${randomBytes(48).toString('base64url')}`
    this.#grants.set(value, { userId, scopes })
    return value
  }

  /** Gives a new refresh token for an old one, which is useless afterwards. Throws as contract §2.5 says. */
  refresh(form: URLSearchParams): { user: Readonly<EntraUser>; scopes: Scopes; refreshToken: string } {
    const value = form.get('refresh_token') ?? ''
    const grant = this.#grants.get(value)
    if (this.#revoked.has(value)) throw new SignInRefusal(50173)
    if (grant === undefined) throw new SignInRefusal(700082)
    const user = this.#usableUser(grant.userId)
    const refusal = this.refusals.get(grant.userId)
    if (refusal !== undefined) throw new SignInRefusal(refusal)
    const asked = parseScopes(form.get('scope'), this.#scopePrefix)
    if (asked.resource.some((name) => !grant.scopes.resource.includes(name))) throw new SignInRefusal(65001)
    this.#revoke(value)
    const scopes = asked.resource.length === 0 ? grant.scopes : asked
    return { user, scopes, refreshToken: this.issueRefreshToken(grant.userId, grant.scopes) }
  }

  /** As after a password reset: refresh tokens of this person, or of all, answer 50173. */
  revoke(userId?: string): void {
    for (const [value, grant] of this.#grants) if (userId === undefined || grant.userId === userId) this.#revoke(value)
  }

  /** As after 90 days without use: every refresh token answers 700082. */
  expireAll(): void {
    this.#grants.clear()
  }

  #revoke(value: string): void {
    this.#grants.delete(value)
    this.#revoked.add(value)
  }

  #usableUser(userId: string): Readonly<EntraUser> {
    const user = this.#directory.users.get(userId)
    if (user === undefined) throw new SignInRefusal(50034)
    if (!user.accountEnabled) throw new SignInRefusal(50057)
    const demand = demandOf(this.#directory.credentials(userId))
    if (demand !== undefined) throw new SignInRefusal(demand)
    return user
  }
}
