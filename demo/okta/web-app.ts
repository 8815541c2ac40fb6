import { createHash, createPublicKey, generateKeyPair, type KeyObject, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import type { ServiceAnswer, ServiceRequest } from '../https/exchange.ts'
import { type Claims, signToken } from '../https/json-web-token.ts'
import { page, redirect, signInPage } from '../https/sign-in-page.ts'
import type { OktaDirectory } from './directory.ts'
import type { OktaUser } from './objects.ts'
import { OktaRefusal } from './okta-error.ts'
import { checkPassword } from './password-check.ts'

/** The OpenID Connect app of the org, to be changed in place by tests. */
export interface OktaWebApp {
  readonly clientId: string
  /** null: a public client. */
  secret: string | null
  /** Compared character for character. */
  readonly redirectUris: Set<string>
  /** Ids of people who are not assigned to the app. */
  readonly unassigned: Set<string>
  /** Login of somebody who has a session, and is asked for nothing; undefined shows the sign-in page. */
  signedInAs: string | undefined
  /** More claims of identity tokens; tests also put lies there. */
  idTokenClaims: Claims
}

interface IssuedCode {
  readonly user: OktaUser
  readonly scopes: readonly string[]
  readonly redirectUri: string
  readonly challenge: string
  readonly nonce: string | null
  /** Unix time in seconds. */
  readonly authenticatedAt: number
  readonly expiresAt: number
}

const keyId = 'okta-demo-1'
const codeLifetimeSeconds = 300
const tokenLifetimeSeconds = 3600
const service = 'Acme (simulated)'

/** OpenID Connect of the org authorization server: discovery, keys, sign-in page and codes. */
export class WebAppSignIn {
  readonly #app: OktaWebApp
  readonly #directory: OktaDirectory
  readonly #origin: string
  readonly #now: () => Date
  readonly #key: KeyObject
  readonly #codes = new Map<string, IssuedCode>()
  /** When a session began that nobody was asked for. */
  readonly #sessionBegan: number

  static async create(app: OktaWebApp, directory: OktaDirectory, origin: string, now: () => Date) {
    const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
    return new WebAppSignIn(app, directory, origin, now, privateKey)
  }

  private constructor(app: OktaWebApp, directory: OktaDirectory, origin: string, now: () => Date, key: KeyObject) {
    this.#app = app
    this.#directory = directory
    this.#origin = origin
    this.#now = now
    this.#key = key
    this.#sessionBegan = this.#seconds() - 7200
  }

  /** Undefined for paths that are not its own. */
  answer(request: ServiceRequest): ServiceAnswer | undefined {
    switch (`${request.method} ${request.path}`) {
      case 'GET /.well-known/openid-configuration':
        return json(200, this.#discovery())
      case 'GET /oauth2/v1/keys':
        return json(200, {
          keys: [{ ...createPublicKey(this.#key).export({ format: 'jwk' }), kid: keyId, use: 'sig', alg: 'RS256' }],
        })
      case 'GET /oauth2/v1/authorize':
      case 'POST /oauth2/v1/authorize':
        return this.#authorize(request)
      default:
        return undefined
    }
  }

  /** `POST /oauth2/v1/token` with an authorization code. */
  answerToken({ body, headers }: ServiceRequest): ServiceAnswer {
    const form = new URLSearchParams(body)
    if (!this.#isAuthentic(form, headers.authorization))
      return refusal(401, 'invalid_client', 'The client secret supplied for a confidential client is invalid.')
    const value = form.get('code') ?? ''
    const code = this.#codes.get(value)
    this.#codes.delete(value)
    if (code === undefined || code.expiresAt <= this.#seconds() || form.get('redirect_uri') !== code.redirectUri)
      return refusal(400, 'invalid_grant', 'The authorization code is invalid or has expired.')
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    if (challenge !== code.challenge) return refusal(400, 'invalid_grant', 'PKCE verification failed.')
    return json(200, {
      token_type: 'Bearer',
      expires_in: tokenLifetimeSeconds,
      access_token: randomBytes(32).toString('base64url'),
      scope: code.scopes.join(' '),
      id_token: this.#idToken(code),
    })
  }

  #discovery(): unknown {
    const path = `${this.#origin}/oauth2/v1`
    return {
      issuer: this.#origin,
      authorization_endpoint: `${path}/authorize`,
      token_endpoint: `${path}/token`,
      jwks_uri: `${path}/keys`,
      response_types_supported: ['code', 'id_token', 'code id_token'],
      response_modes_supported: ['query', 'fragment', 'form_post'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      scopes_supported: ['openid', 'email', 'profile', 'address', 'phone', 'offline_access', 'groups'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
      code_challenge_methods_supported: ['S256'],
    }
  }

  #authorize(request: ServiceRequest): ServiceAnswer {
    const { query } = request
    const redirectUri = query.get('redirect_uri') ?? ''
    if (query.get('client_id') !== this.#app.clientId) return page(400, '<p>Invalid value for client_id.</p>')
    if (!this.#app.redirectUris.has(redirectUri))
      return page(400, "<p>The 'redirect_uri' parameter must be a Login redirect URI in the client app settings.</p>")
    const back = (values: Record<string, string>) => redirect(redirectUri, query.get('state'), values)
    const challenge = query.get('code_challenge')
    if (query.get('response_type') !== 'code' || challenge === null || query.get('code_challenge_method') !== 'S256')
      return back({ error: 'invalid_request', error_description: 'PKCE code challenge is required.' })
    if (this.#app.signedInAs !== undefined && query.get('prompt') !== 'login') {
      const user = this.#directory.findUser(this.#app.signedInAs)
      if (user !== undefined) return this.#approve(user, challenge, query, this.#sessionBegan)
    }
    if (request.method === 'GET') return signInPage(service, query.get('login_hint') ?? '', '')
    const form = new URLSearchParams(request.body)
    if (form.has('cancel')) return back({ error: 'access_denied', error_description: 'User cancelled the sign-in.' })
    const username = form.get('username') ?? ''
    const user = this.#checkedUser(username, form.get('password') ?? '')
    if (user === undefined) return signInPage(service, username, 'Unable to sign in')
    return this.#approve(user, challenge, query, this.#seconds())
  }

  #checkedUser(username: string, password: string): OktaUser | undefined {
    const context = { directory: this.#directory, origin: this.#origin, now: this.#now, showsLockout: false }
    try {
      checkPassword(context, { username, password, warnBeforePasswordExpired: false })
      return this.#directory.findUser(username)
    } catch (error) {
      if (error instanceof OktaRefusal) return undefined
      throw error
    }
  }

  #approve(user: OktaUser, challenge: string, query: URLSearchParams, authenticatedAt: number): ServiceAnswer {
    const redirectUri = query.get('redirect_uri') ?? ''
    const state = query.get('state')
    if (this.#app.unassigned.has(user.id))
      return redirect(redirectUri, state, {
        error: 'access_denied',
        error_description: 'User is not assigned to the client application.',
      })
    const code = randomBytes(24).toString('base64url')
    this.#codes.set(code, {
      user,
      scopes: (query.get('scope') ?? '').split(' '),
      redirectUri,
      challenge,
      nonce: query.get('nonce'),
      authenticatedAt,
      expiresAt: this.#seconds() + codeLifetimeSeconds,
    })
    return redirect(redirectUri, state, { code })
  }

  #idToken({ user, scopes, nonce, authenticatedAt }: IssuedCode): string {
    const iat = this.#seconds()
    const { login, firstName, lastName, email } = user.profile
    return signToken(
      {
        iss: this.#origin,
        sub: user.id,
        aud: this.#app.clientId,
        iat,
        exp: iat + tokenLifetimeSeconds,
        auth_time: authenticatedAt,
        jti: `ID.${randomBytes(16).toString('base64url')}`,
        ver: 1,
        amr: ['pwd'],
        ...(nonce === null ? {} : { nonce }),
        ...(scopes.includes('profile') ? { preferred_username: login, name: `${firstName} ${lastName}` } : {}),
        ...(scopes.includes('email') ? { email } : {}),
        ...this.#app.idTokenClaims,
      },
      this.#key,
      keyId,
    )
  }

  /** Basic or in the form; a public client sends its id alone. */
  #isAuthentic(form: URLSearchParams, authorization: string | undefined): boolean {
    const basic = /^Basic (.+)$/.exec(authorization ?? '')?.[1]
    const [id, secret] =
      basic === undefined
        ? [form.get('client_id'), form.get('client_secret')]
        : Buffer.from(basic, 'base64').toString().split(':').map(decodeURIComponent)
    return id === this.#app.clientId && (secret ?? null) === this.#app.secret
  }

  #seconds(): number {
    return Math.floor(this.#now().getTime() / 1000)
  }
}

function json(status: number, body: unknown): ServiceAnswer {
  return { status, headers: { 'content-type': 'application/json', 'cache-control': 'no-store' }, body }
}

function refusal(status: number, error: string, description: string): ServiceAnswer {
  return json(status, { error, error_description: description })
}
