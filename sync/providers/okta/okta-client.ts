import type { Client, RequestExecutor } from '@okta/okta-sdk-nodejs'
import type { Secret } from '../../../server/runtime/secret.ts'
import type { Attempt, CallPacer } from '../../call-pacer.ts'
import type { Clock } from '../../../server/runtime/clock.ts'
import type { JsonObject } from '../../identity.ts'
import type { CallContext } from '../../identity-provider.ts'
import { answerErrors, type ProviderError } from '../../provider-error.ts'
import { isJsonObject } from '../../record-fields.ts'
import { AccessTokens } from './access-tokens.ts'
import { readNextLink } from './link-header.ts'
import { describeOktaFailure, tokenRequest } from './okta-errors.ts'
import { serverTime, spreadOver } from './rate-limit.ts'
import type { ServiceApp } from './service-app.ts'
import { type SentRequest, sendRequest } from './single-request.ts'

/** What the connection signs in with. */
export type OktaAccess = { readonly kind: 'apiToken'; readonly token: Secret } | ServiceApp

export interface OktaClientOptions {
  readonly provider: string
  /** https, without path. */
  readonly orgUrl: string
  /** Read when first needed, and again after it was refused. */
  readonly access: () => Promise<OktaAccess>
  readonly timeoutMs: number
  readonly pacer: CallPacer
  readonly clock: Clock
  /** Share of each rate limit that may be used before calls are spread, 0 to 1. */
  readonly rateLimitShare: number
  /** Hears that the org took what the connection signs in with, or refused it. */
  readonly onTried?: (refusal: ProviderError | undefined) => Promise<void>
}

export interface Listing {
  /** Below the org URL, encoded. */
  readonly path: string
  /** The call as errors name it. */
  readonly call: string
  /** Right to name when the answer is 403. */
  readonly permission: string
  /** What identifies an object of the listing; `id` when left out. */
  readonly key?: 'id' | 'uuid'
}

export interface PageRead {
  /** Objects so far. */
  readonly read: number
  /** The server's clock; undefined when it did not say. */
  readonly serverTime: Date | undefined
}

export interface OktaClient {
  /** Every object of a listing, each id once; `undefined` when the object it belongs to has vanished (404). */
  list(
    listing: Listing,
    context: CallContext,
    onPage?: (page: PageRead) => void,
  ): Promise<readonly JsonObject[] | undefined>
  /** One object; `undefined` when there is none (404). */
  read(listing: Listing, context: CallContext): Promise<JsonObject | undefined>
  /** Reads the first page only, for a test of the permission. */
  probe(listing: Listing, context: CallContext): Promise<void>
  /** The error for a listing that must exist and does not. */
  notFound(listing: Listing): ProviderError
}

/** In capitals: the SDK copies the method into proofs of possession. */
const getJson = { method: 'GET', headers: { Accept: 'application/json' } }

/** What the SDK passes on to the executor; its declarations know fewer fields. */
type RequestOptions = NonNullable<Parameters<Client['http']['http']>[1]>

type Answer =
  | {
      readonly type: 'body'
      readonly body: unknown
      readonly next: string | undefined
      readonly serverTime: Date | undefined
    }
  | { readonly type: 'vanished' }
  | { readonly type: 'cursorExpired' }

const maxRestarts = 2

/**
 * Reads listings of an Okta org to their end. Authentication and requests are the SDK's; its collections, cache and
 * retries are not used: they lose items, keep objects for ever and give up early (contract §8.2).
 */
export function createOktaClient(options: OktaClientOptions): OktaClient {
  const { provider, pacer, clock } = options
  const org = new URL(options.orgUrl)
  const { badAnswer, notFound } = answerErrors(provider, 'orgUrl')
  let session: Promise<Session> | undefined

  async function list(listing: Listing, context: CallContext, onPage?: (page: PageRead) => void) {
    for (let restart = 0; ; restart++) {
      const result = await readPages(listing, context, onPage)
      if (result !== 'cursorExpired') return result
      if (restart === maxRestarts) throw badAnswer(listing.call, 'cursors keep expiring before the listing ends')
    }
  }

  async function readPages(listing: Listing, context: CallContext, onPage?: (page: PageRead) => void) {
    const { key = 'id' } = listing
    const byKey = new Map<string, JsonObject>()
    const seen = new Set<string>()
    let url: string | undefined = `${org.origin}${listing.path}`
    while (url !== undefined) {
      if (seen.has(url)) throw badAnswer(listing.call, 'a next link leads back to a page already read')
      seen.add(url)
      const page = await request(url, listing, context, (body) =>
        isPage(body, key) ? undefined : 'the answer was not a page of objects',
      )
      if (page.type === 'vanished') return undefined
      if (page.type === 'cursorExpired') return 'cursorExpired' as const
      for (const item of page.body as readonly JsonObject[]) byKey.set(item[key] as string, item)
      onPage?.({ read: byKey.size, serverTime: page.serverTime })
      url = page.next
    }
    return [...byKey.values()]
  }

  async function read(listing: Listing, context: CallContext): Promise<JsonObject | undefined> {
    const answer = await request(`${org.origin}${listing.path}`, listing, context, (body) =>
      hasKey(body, 'id') ? undefined : 'the answer was not an object',
    )
    // `request` lets only objects through.
    return answer.type === 'body' ? (answer.body as JsonObject) : undefined
  }

  /** `wrong` says what is not right about a body. */
  async function request(
    url: string,
    listing: Listing,
    context: CallContext,
    wrong: (body: unknown) => string | undefined,
  ): Promise<Answer> {
    session ??= openSession(options).catch((error: unknown) => {
      session = undefined
      throw error
    })
    const opened = await session
    return await pacer.call<Answer>(context, () => attempt(opened, url, listing, context, wrong))
  }

  async function attempt(
    { client, access }: Session,
    url: string,
    listing: Listing,
    context: CallContext,
    wrong: (body: unknown) => string | undefined,
  ): Promise<Attempt<Answer>> {
    context.traffic.calls++
    try {
      const response = await client.http.http(url, {
        ...getJson,
        headers: { ...getJson.headers, ...(context.trace ? { 'X-Request-Id': context.trace.requestId } : {}) },
        signal: AbortSignal.any([context.signal, AbortSignal.timeout(options.timeoutMs)]),
      } as RequestOptions)
      const text = await response.text()
      context.traffic.bytes += Buffer.byteLength(text)
      const body: unknown = JSON.parse(text)
      const problem = wrong(body)
      if (problem !== undefined) return { type: 'transient', error: badAnswer(listing.call, problem) }
      await options.onTried?.(undefined)
      const spread = spreadOver(response.headers, options.rateLimitShare)
      if (spread !== undefined) pacer.spread(spread.gapMs, spread.forMs)
      const next = readNextLink(response.headers.get('link'))
      if (next !== undefined && (!URL.canParse(next) || new URL(next).origin !== org.origin))
        return { type: 'failed', error: badAnswer(listing.call, 'the next link leads to another host') }
      return { type: 'done', value: { type: 'body', body, next, serverTime: serverTime(response.headers) } }
    } catch (thrown) {
      context.signal.throwIfAborted()
      const { call, permission } = listing
      const failure = describeOktaFailure({ provider, call, permission, access, now: clock.now() }, thrown)
      if (failure.type === 'failed' && (failure.error.status === 401 || failure.error.call === tokenRequest)) {
        session = undefined
        await options.onTried?.(failure.error)
      }
      // Validation can fail only for the cursor: the rest of the request is always the same (contract §5).
      if (failure.type === 'failed' && failure.error.code === 'E0000001' && url.includes('after='))
        return { type: 'done', value: { type: 'cursorExpired' } }
      return failure.type === 'vanished' ? { type: 'done', value: { type: 'vanished' } } : failure
    }
  }

  return {
    list,
    read,
    async probe(listing, context) {
      const { key = 'id' } = listing
      const answer = await request(`${org.origin}${listing.path}`, listing, context, (body) =>
        isPage(body, key) ? undefined : 'the answer was not a page of objects',
      )
      if (answer.type !== 'body') throw notFound(listing)
    },
    notFound,
  }
}

interface Session {
  readonly client: Client
  readonly access: OktaAccess
}

/** The SDK is loaded when first needed: it takes most of a second and 75 MB (contract §8.1). */
async function openSession(options: OktaClientOptions): Promise<Session> {
  const access = await options.access()
  const { Client: SdkClient, RequestExecutor: Executor } = await import('@okta/okta-sdk-nodejs')
  const orgUrl = new URL(options.orgUrl).origin
  // Everything is given: what is missing would be filled in from okta.yaml and OKTA_CLIENT_* variables.
  const client = new SdkClient({
    orgUrl,
    ...credentialsFor(access),
    cacheMiddleware: null,
    requestExecutor: singleRequestExecutor(Executor, `${orgUrl}/oauth2/v1/token`, options.timeoutMs),
  })
  return { client, access }
}

function credentialsFor(access: OktaAccess) {
  if (access.kind === 'apiToken')
    return {
      authorizationMode: 'SSWS',
      token: access.token.reveal(),
      clientId: '',
      scopes: [],
      privateKey: '',
      keyId: '',
    }
  const { clientId, scopes, privateKey, keyId } = access
  return {
    authorizationMode: 'PrivateKey',
    token: '',
    clientId,
    scopes: [...scopes],
    privateKey: JSON.stringify(privateKey),
    keyId: keyId ?? '',
  }
}

/**
 * Sends with the platform's fetch. The SDK's own (node-fetch 2) never ends when the connection is cut in the middle of a
 * body, and sends everything through https_proxy without exceptions (contract §8.1). Repeats are the pacer's, but for the
 * one that follows the renewal of an access token, which is the SDK's.
 */
function singleRequestExecutor(Executor: typeof RequestExecutor, tokenUrl: string, timeoutMs: number): RequestExecutor {
  const tokens = new AccessTokens()

  class SingleRequestExecutor extends Executor {
    override async fetch(request: Parameters<RequestExecutor['fetch']>[0]): ReturnType<RequestExecutor['fetch']> {
      const sent = request as unknown as SentRequest
      if (sent.url === tokenUrl) {
        // All calls that wait for a token share the request, so it ends with none of them.
        const signal = AbortSignal.timeout(timeoutMs)
        return await tokens.answer(sent.headers.DPoP, () => sendRequest({ ...sent, signal }))
      }
      const response = await sendRequest(sent)
      if (response.status === 401) await tokens.refused(sent.headers.Authorization)
      return response
    }
  }
  return new SingleRequestExecutor()
}

function isPage(body: unknown, key: 'id' | 'uuid'): body is readonly JsonObject[] {
  return Array.isArray(body) && body.every((item) => hasKey(item, key))
}

function hasKey(item: unknown, key: 'id' | 'uuid'): item is JsonObject {
  return isJsonObject(item) && typeof item[key] === 'string' && item[key] !== ''
}
