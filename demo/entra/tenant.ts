import type { ServiceAnswer, ServiceRequest } from '../https/exchange.ts'
import { type Fault, Faults } from '../https/faults.ts'
import type { Call, SimulatedService } from '../https/service.ts'
import { AccessTokens } from './access-tokens.ts'
import type { EntraApplication } from './application.ts'
import { Authorizations } from './authorizations.ts'
import { DeltaRounds } from './delta-rounds.ts'
import { EntraDirectory } from './directory.ts'
import { answerBatch } from './graph-batch.ts'
import { badRequest, errorAnswer, GraphRefusal } from './graph-error.ts'
import { entraFaultAnswer } from './graph-faults.ts'
import { answerGraph } from './graph-router.ts'
import { Listings } from './listing.ts'
import { answerSignIn } from './sign-in-service.ts'
import { Subscriptions } from './subscriptions.ts'

const versionPath = '/graph/v1.0'

/** A simulated Microsoft Entra tenant: truth, faults, request log, and the answers to HTTPS requests. */
export class EntraTenant implements SimulatedService {
  readonly faults = new Faults()
  readonly calls: Call[] = []
  readonly directory = new EntraDirectory()
  readonly application: EntraApplication
  readonly tokens: AccessTokens
  readonly authorizations: Authorizations
  readonly listings: Listings
  readonly deltas: DeltaRounds
  readonly subscriptions: Subscriptions
  readonly tenantId: string
  readonly #origin: string
  readonly #now: () => Date

  static async create(
    origin: string,
    tenantId: string,
    application: EntraApplication,
    options: { readonly now: () => Date; readonly pageSize: number | undefined },
  ): Promise<EntraTenant> {
    const tokens = await AccessTokens.create(`${origin}/${tenantId}/v2.0`, `${origin}/graph`, options.now)
    return new EntraTenant(origin, tenantId, application, tokens, options)
  }

  private constructor(
    origin: string,
    tenantId: string,
    application: EntraApplication,
    tokens: AccessTokens,
    { now, pageSize }: { readonly now: () => Date; readonly pageSize: number | undefined },
  ) {
    this.#origin = origin
    this.#now = now
    this.tenantId = tenantId
    this.application = application
    this.tokens = tokens
    this.authorizations = new Authorizations(this.directory, `${origin}/graph/`, now)
    this.listings = new Listings(origin, pageSize)
    this.deltas = new DeltaRounds(origin, now, pageSize)
    this.subscriptions = new Subscriptions(this.directory.log, tenantId, now)
  }

  /** Largest page of listings and delta rounds; undefined for the service's own sizes. */
  set pageSize(size: number | undefined) {
    this.listings.pageSize = size
    this.deltas.pageSize = size
  }

  async answer(request: ServiceRequest): Promise<ServiceAnswer> {
    if (!request.path.startsWith(`${versionPath}/`)) return this.#answerSignIn(request)
    try {
      if (request.path === `${versionPath}/$batch` && request.method === 'POST') {
        this.tokens.verify(request.headers.authorization)
        const body = await answerBatch(request, versionPath, (part) => this.#answerPart(part))
        return { status: 200, headers: { 'content-type': 'application/json' }, body }
      }
      return await this.#answerGraph(request)
    } catch (error) {
      return this.#refuse(error, request)
    }
  }

  faultAnswer(fault: Fault, request: ServiceRequest): ServiceAnswer | undefined {
    const expiredDelta = (path: string) => this.deltas.expiredToken(path)
    return entraFaultAnswer(fault, request, this.#origin, this.#now(), expiredDelta)
  }

  #answerSignIn(request: ServiceRequest): ServiceAnswer {
    const { directory, application, tokens, authorizations, tenantId } = this
    const context = {
      directory,
      application,
      tokens,
      authorizations,
      tenantId,
      origin: this.#origin,
      scopePrefix: `${this.#origin}/graph/`,
      now: this.#now,
    }
    const answer = answerSignIn(context, request)
    return (
      answer ?? { status: 404, headers: { 'content-type': 'text/html' }, body: '<html><body>Not found</body></html>' }
    )
  }

  async #answerGraph(request: ServiceRequest): Promise<ServiceAnswer> {
    const { directory, listings, deltas, subscriptions } = this
    const { permissions, userId } = this.tokens.verify(request.headers.authorization)
    const baseUrl = `${this.#origin}${versionPath}`
    const context = { directory, listings, deltas, subscriptions, baseUrl, permissions, userId, request }
    return await answerGraph(context, this.tenantId)
  }

  /** A part can be hit by a fault of its own; faults of the transport do nothing here. */
  async #answerPart(part: ServiceRequest): Promise<ServiceAnswer> {
    const fault = this.faults.take(part)
    try {
      if (part.path.endsWith('/$batch')) throw badRequest('A batch cannot contain a batch.')
      const faulty = fault === undefined ? undefined : this.faultAnswer(fault, part)
      return faulty ?? (await this.#answerGraph({ ...part, emptyPage: fault?.kind === 'empty-page' }))
    } catch (error) {
      return this.#refuse(error, part)
    }
  }

  #refuse(error: unknown, request: ServiceRequest): ServiceAnswer {
    const refusal =
      error instanceof GraphRefusal
        ? error
        : new GraphRefusal(500, 'InternalServerError', `An unexpected error occurred: ${String(error)}`)
    return errorAnswer(refusal, request, this.#now())
  }
}
