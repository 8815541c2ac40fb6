import { randomBytes } from 'node:crypto'
import { pathSegments, type ServiceAnswer, type ServiceRequest } from '../https/exchange.ts'
import { type Fault, Faults } from '../https/faults.ts'
import { PageTokens } from '../https/page-tokens.ts'
import type { Call, SimulatedService } from '../https/service.ts'
import { routeApi } from './api-router.ts'
import { OktaDirectory } from './directory.ts'
import { oktaFaultAnswer } from './faults.ts'
import { EventHooks } from './event-hooks.ts'
import { Listings } from './listing.ts'
import type { LogCursors } from './logs.ts'
import { errorBody, invalidToken, OktaRefusal, tooManyRequests } from './okta-error.ts'
import { checkPassword, parseAuthnRequest } from './password-check.ts'
import { type LimitGroup, RateLimits, type RateLimitState } from './rate-limits.ts'
import { type OktaServiceApp, ServiceAppTokens } from './service-app.ts'
import { type OktaWebApp, WebAppSignIn } from './web-app.ts'

/** A simulated Okta org: truth, faults, request log, and the answers to HTTPS requests. */
export class OktaTenant implements SimulatedService {
  readonly faults = new Faults()
  readonly calls: Call[] = []
  readonly directory: OktaDirectory
  readonly listings: Listings
  readonly eventHooks: EventHooks
  readonly #logCursors: LogCursors = new PageTokens('')
  readonly rateLimits: RateLimits
  readonly serviceApp: OktaServiceApp
  readonly serviceAppTokens: ServiceAppTokens
  readonly webApp: OktaWebApp
  readonly #webAppSignIn: WebAppSignIn
  /** Living API tokens; take one out to revoke it. */
  readonly apiTokens = new Set<string>()
  /** The password policy "show lock-out failures" (contract §6). */
  showsLockout = false
  /** Where password checks came from, as network rules see it; undefined: from whoever asked (contract §6). */
  readonly signInAddresses: (string | undefined)[] = []
  readonly #origin: string
  readonly #now: () => Date

  static async create(
    origin: string,
    apps: { readonly serviceApp: OktaServiceApp; readonly webApp: OktaWebApp },
    options: { readonly now: () => Date; readonly pageSize: number | undefined },
  ): Promise<OktaTenant> {
    const directory = new OktaDirectory(options.now)
    const signIn = await WebAppSignIn.create(apps.webApp, directory, origin, options.now)
    return new OktaTenant(origin, { ...apps, directory, signIn }, options)
  }

  private constructor(
    origin: string,
    parts: {
      readonly serviceApp: OktaServiceApp
      readonly webApp: OktaWebApp
      readonly directory: OktaDirectory
      readonly signIn: WebAppSignIn
    },
    { now, pageSize }: { readonly now: () => Date; readonly pageSize: number | undefined },
  ) {
    const { serviceApp, webApp, directory, signIn } = parts
    this.#origin = origin
    this.#now = now
    this.serviceApp = serviceApp
    this.webApp = webApp
    this.#webAppSignIn = signIn
    this.directory = directory
    this.eventHooks = new EventHooks(origin, this.directory.log, now)
    this.listings = new Listings(origin, pageSize)
    this.rateLimits = new RateLimits(now)
    this.serviceAppTokens = new ServiceAppTokens(serviceApp, origin, now)
  }

  /** Largest page of every listing; undefined for the sizes that the client asks for. */
  set pageSize(size: number | undefined) {
    this.listings.pageSize = size
  }

  async answer(request: ServiceRequest): Promise<ServiceAnswer> {
    const limit = this.rateLimits.count(limitGroup(request.path))
    try {
      if (limit.isExceeded) throw tooManyRequests()
      return this.#answer(request, limit)
    } catch (error) {
      return this.#refuse(error, limit)
    }
  }

  faultAnswer(fault: Fault, request: ServiceRequest): ServiceAnswer | undefined {
    const answer = oktaFaultAnswer(fault, request)
    if (!(answer instanceof OktaRefusal)) return answer
    const group = limitGroup(request.path)
    const withoutReset = fault.retryAfter === null
    const limit = fault.kind === 'throttled' ? this.rateLimits.exceeded(group) : this.rateLimits.count(group)
    const refused = this.#refuse(answer, limit)
    if (!withoutReset) return refused
    const { 'x-rate-limit-reset': _, ...headers } = refused.headers
    return { ...refused, headers }
  }

  #answer(request: ServiceRequest, limit: RateLimitState): ServiceAnswer {
    const signIn = this.#webAppSignIn.answer(request)
    if (signIn !== undefined) return signIn
    if (request.path === '/oauth2/v1/token') {
      if (request.method !== 'POST') throw methodNotAllowed()
      const isOfPerson = new URLSearchParams(request.body).get('grant_type') === 'authorization_code'
      const answer = isOfPerson ? this.#webAppSignIn.answerToken(request) : this.serviceAppTokens.answer(request)
      return { ...answer, headers: { ...answer.headers, ...this.#headers(limit) } }
    }
    if (request.path === '/api/v1/authn') return this.#answerAuthn(request, limit)
    const scopes = this.#authorize(request.headers.authorization)
    if (request.method !== 'GET') throw methodNotAllowed()
    const { directory, listings } = this
    const segments = pathSegments(request.path) ?? []
    const { body, links } = routeApi(
      { directory, listings, logCursors: this.#logCursors, origin: this.#origin, scopes, request, now: this.#now },
      segments,
    )
    const headers = {
      'content-type': 'application/json',
      ...this.#headers(limit),
      ...(links === undefined ? {} : { link: links }),
    }
    return { status: 200, headers, body }
  }

  #answerAuthn(request: ServiceRequest, limit: RateLimitState): ServiceAnswer {
    if (request.method !== 'POST') throw methodNotAllowed()
    const { authorization } = request.headers
    if (authorization !== undefined && this.#authorize(authorization) !== undefined) throw invalidToken()
    this.signInAddresses.push(authorization === undefined ? undefined : request.headers['x-forwarded-for'])
    const authn = parseAuthnRequest(request)
    const ofName = this.rateLimits.countAuthn(authn.username)
    if (ofName.isExceeded) return this.#refuse(tooManyRequests(), ofName)
    const { directory, showsLockout } = this
    const body = checkPassword({ directory, showsLockout, origin: this.#origin, now: this.#now }, authn)
    return { status: 200, headers: { 'content-type': 'application/json', ...this.#headers(limit) }, body }
  }

  /** Scopes of a Bearer token, undefined for an API token. Throws 401 E0000011. */
  #authorize(authorization: string | undefined): ReadonlySet<string> | undefined {
    const [, scheme, token] = /^(SSWS|Bearer) (\S+)$/.exec(authorization ?? '') ?? []
    if (token === undefined) throw invalidToken()
    if (scheme === 'SSWS') {
      if (!this.apiTokens.has(token)) throw invalidToken()
      return undefined
    }
    const scopes = this.serviceAppTokens.scopesOf(token)
    if (scopes === undefined) throw invalidToken()
    return scopes
  }

  #headers(limit: RateLimitState): Record<string, string> {
    return { ...limit.headers, 'x-okta-request-id': randomBytes(12).toString('base64url') }
  }

  #refuse(error: unknown, limit: RateLimitState): ServiceAnswer {
    const refusal =
      error instanceof OktaRefusal ? error : new OktaRefusal(500, 'E0000009', `Internal Server Error: ${String(error)}`)
    const headers = { 'content-type': 'application/json', ...this.#headers(limit), ...refusal.headers }
    return { status: refusal.status, headers, body: errorBody(refusal) }
  }
}

function methodNotAllowed(): OktaRefusal {
  return new OktaRefusal(405, 'E0000022', 'The endpoint does not support the provided HTTP method')
}

function limitGroup(path: string): LimitGroup {
  const resource = path.split('/')[3]
  switch (resource) {
    case 'users':
    case 'groups':
    case 'authn':
    case 'logs':
      return resource
    default:
      return 'other'
  }
}
