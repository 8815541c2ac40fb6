import type { Client, RequestExecutor } from '@okta/okta-sdk-nodejs'
import type { Secret } from '../../../server/runtime/secret.ts'
import type { Attempt, CallPacer } from '../../call-pacer.ts'
import type { Clock } from '../../../server/runtime/clock.ts'
import type { JsonObject } from '../../identity.ts'
import type { FetchContext } from '../../identity-provider.ts'
import { ProviderError } from '../../provider-error.ts'
import { isJsonObject } from '../../record-fields.ts'
import { readNextLink } from './link-header.ts'
import { describeOktaFailure, NoAnswerError } from './okta-errors.ts'
import { spreadOver } from './rate-limit.ts'

export interface OktaClientOptions {
  readonly provider: string
  /** https, without path. */
  readonly orgUrl: string
  readonly apiToken: () => Promise<Secret>
  readonly timeoutMs: number
  readonly pacer: CallPacer
  readonly clock: Clock
}

export type CallContext = Pick<FetchContext, 'signal' | 'traffic'>

export interface Listing {
  /** Below the org URL, encoded. */
  readonly path: string
  /** The call as errors name it. */
  readonly call: string
  /** Right to name when the answer is 403. */
  readonly permission: string
}

export interface OktaClient {
  /** Every object of a listing, each id once; `undefined` when the object it belongs to has vanished (404). */
  list(
    listing: Listing,
    context: CallContext,
    onPage?: (read: number) => void,
  ): Promise<readonly JsonObject[] | undefined>
  /** Reads the first page only, for a test of the permission. */
  probe(listing: Listing, context: CallContext): Promise<void>
  /** The error for a listing that must exist and does not. */
  notFound(listing: Listing): ProviderError
}

const getJson = { method: 'get', headers: { Accept: 'application/json' } }

/** What the SDK passes on to the executor; its declarations know fewer fields. */
type RequestOptions = NonNullable<Parameters<Client['http']['http']>[1]>

type Page =
  | { readonly type: 'page'; readonly items: readonly JsonObject[]; readonly next: string | undefined }
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
  let sdk: Promise<Client> | undefined

  async function list(listing: Listing, context: CallContext, onPage?: (read: number) => void) {
    for (let restart = 0; ; restart++) {
      const result = await readPages(listing, context, onPage)
      if (result !== 'cursorExpired') return result
      if (restart === maxRestarts) throw badAnswer(listing.call, 'cursors keep expiring before the listing ends')
    }
  }

  async function readPages(listing: Listing, context: CallContext, onPage?: (read: number) => void) {
    const byId = new Map<string, JsonObject>()
    const seen = new Set<string>()
    let url: string | undefined = `${org.origin}${listing.path}`
    while (url !== undefined) {
      if (seen.has(url)) throw badAnswer(listing.call, 'a next link leads back to a page already read')
      seen.add(url)
      const page = await readPage(url, listing, context)
      if (page.type === 'vanished') return undefined
      if (page.type === 'cursorExpired') return 'cursorExpired' as const
      for (const item of page.items) byId.set(item.id as string, item)
      onPage?.(byId.size)
      url = page.next
    }
    return [...byId.values()]
  }

  async function readPage(url: string, listing: Listing, context: CallContext): Promise<Page> {
    sdk ??= loadSdk(options).catch((error: unknown) => {
      sdk = undefined
      throw error
    })
    const client = await sdk
    return await pacer.call<Page>(context, () => attemptPage(client, url, listing, context))
  }

  async function attemptPage(
    client: Client,
    url: string,
    listing: Listing,
    context: CallContext,
  ): Promise<Attempt<Page>> {
    context.traffic.calls++
    try {
      const response = await client.http.http(url, {
        ...getJson,
        signal: AbortSignal.any([context.signal, AbortSignal.timeout(options.timeoutMs)]),
      } as RequestOptions)
      const body: unknown = await response.json()
      if (!isPage(body))
        return { type: 'transient', error: badAnswer(listing.call, 'the answer was not a page of objects') }
      const spread = spreadOver(response.headers)
      if (spread !== undefined) pacer.spread(spread.gapMs, spread.forMs)
      const next = readNextLink(response.headers.get('link'))
      if (next !== undefined && (!URL.canParse(next) || new URL(next).origin !== org.origin))
        return { type: 'failed', error: badAnswer(listing.call, 'the next link leads to another host') }
      return { type: 'done', value: { type: 'page', items: body, next } }
    } catch (thrown) {
      context.signal.throwIfAborted()
      const failure = describeOktaFailure(provider, listing.call, listing.permission, thrown, clock.now())
      // Validation can fail only for the cursor: the rest of the request is always the same (contract §5).
      if (failure.type === 'failed' && failure.error.code === 'E0000001' && url.includes('after='))
        return { type: 'done', value: { type: 'cursorExpired' } }
      return failure.type === 'vanished' ? { type: 'done', value: { type: 'vanished' } } : failure
    }
  }

  function notFound(listing: Listing): ProviderError {
    return new ProviderError({
      provider,
      call: listing.call,
      status: 404,
      what: 'not found',
      advice: 'Check orgUrl.',
    })
  }

  function badAnswer(call: string, what: string): ProviderError {
    return new ProviderError({ provider, call, what, advice: 'Check orgUrl and any proxy in between.' })
  }

  return {
    list,
    async probe(listing, context) {
      const page = await readPage(`${org.origin}${listing.path}`, listing, context)
      if (page.type !== 'page') throw notFound(listing)
    },
    notFound,
  }
}

/** Loaded when first needed: it takes most of a second and 75 MB (contract §8.1). */
async function loadSdk(options: OktaClientOptions): Promise<Client> {
  const { Client: SdkClient, RequestExecutor: Executor } = await import('@okta/okta-sdk-nodejs')
  // Everything is given: what is missing would be filled in from okta.yaml and OKTA_CLIENT_* variables.
  return new SdkClient({
    orgUrl: new URL(options.orgUrl).origin,
    token: (await options.apiToken()).reveal(),
    authorizationMode: 'SSWS',
    cacheMiddleware: null,
    requestExecutor: singleRequestExecutor(Executor),
  })
}

/**
 * Sends one request with the platform's fetch. The SDK's own (node-fetch 2) never ends when the connection is cut in
 * the middle of a body, and sends everything through https_proxy without exceptions (contract §8.1). Redirects are
 * refused: the token belongs to the org alone. "No answer" is told apart from answers; repeats are the pacer's.
 */
function singleRequestExecutor(Executor: typeof RequestExecutor): RequestExecutor {
  class SingleRequestExecutor extends Executor {
    override async fetch(request: Parameters<RequestExecutor['fetch']>[0]): ReturnType<RequestExecutor['fetch']> {
      // The SDK adds the url, and to the headers the authorization; its declarations leave node-fetch's fields out.
      const { url, headers, signal } = request as { url: string; headers: Record<string, string>; signal: AbortSignal }
      try {
        return await fetch(url, { headers, signal, redirect: 'error' })
      } catch (cause) {
        throw new NoAnswerError(cause)
      }
    }
  }
  return new SingleRequestExecutor()
}

function isPage(body: unknown): body is readonly JsonObject[] {
  return (
    Array.isArray(body) && body.every((item) => isJsonObject(item) && typeof item.id === 'string' && item.id !== '')
  )
}
