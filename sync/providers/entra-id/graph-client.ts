import { AuthenticationHandler, Client, HTTPMessageHandler } from '@microsoft/microsoft-graph-client'
import type { CallPacer } from '../../call-pacer.ts'
import type { Clock } from '../../../server/runtime/clock.ts'
import type { JsonObject } from '../../identity.ts'
import { answerErrors, ProviderError } from '../../provider-error.ts'
import { isJsonObject, isSaidByAll } from '../../record-fields.ts'
import type { AccessTokens, CallContext } from './access-token.ts'
import { describeGraphFailure } from './graph-errors.ts'

export interface GraphClientOptions {
  readonly provider: string
  /** With the version, such as https://graph.microsoft.com/v1.0. */
  readonly graphUrl: string
  readonly timeoutMs: number
  readonly tokens: AccessTokens
  readonly pacer: CallPacer
  readonly clock: Clock
}

export interface Listing {
  /** Below the Graph URL, encoded, such as `/users?$top=999`. */
  readonly path: string
  /** The call as errors name it. */
  readonly call: string
  /** Permission to name when the answer is 403. */
  readonly permission: string
  /** What every object says. One that does not is no answer: nothing may be read from its silence. */
  readonly saying?: string
}

export interface GraphClient {
  /** Every object of a listing, each id once; `undefined` when the object it belongs to has vanished (404). */
  list(
    listing: Listing,
    context: CallContext,
    onPage?: (read: number) => void,
  ): Promise<readonly JsonObject[] | undefined>
  /** Reads the first page only, for a test of the permission; throws when it is refused or not found. */
  probe(listing: Listing, context: CallContext): Promise<void>
  /** The error for a listing that must exist and does not. */
  notFound(listing: Listing): ProviderError
}

type Page =
  | { readonly type: 'page'; readonly body: JsonObject }
  | { readonly type: 'vanished' }
  | { readonly type: 'pageTokenExpired' }

const maxRestarts = 2

/**
 * Reads listings of Microsoft Graph to their end. The SDK sends one request at a time; repeats, waits and the cap on
 * calls in flight are the pacer's, because the SDK leaves out most failures and waits by the wall clock (contract §5.3).
 */
export function createGraphClient(options: GraphClientOptions): GraphClient {
  const { provider, tokens, pacer, clock } = options
  const base = new URL(options.graphUrl.replace(/\/+$/, ''))
  const { badAnswer, notFound } = answerErrors(provider, 'graphUrl')

  async function list(listing: Listing, context: CallContext, onPage?: (read: number) => void) {
    for (let restart = 0; ; restart++) {
      const result = await readPages(listing, context, onPage)
      if (result !== 'pageTokenExpired') return result
      if (restart === maxRestarts)
        throw new ProviderError({
          provider,
          call: listing.call,
          what: 'page tokens keep expiring before the listing ends',
          advice: 'Run again at a quieter time.',
        })
    }
  }

  async function readPages(listing: Listing, context: CallContext, onPage?: (read: number) => void) {
    const byId = new Map<string, JsonObject>()
    const seen = new Set<string>()
    let url: string | undefined = `${base.href.replace(/\/+$/, '')}${listing.path}`
    while (url !== undefined) {
      if (seen.has(url)) throw badAnswer(listing.call, 'a nextLink leads back to a page already read')
      seen.add(url)
      const page = await readPage(url, listing, context)
      if (page.type === 'vanished') return undefined
      if (page.type === 'pageTokenExpired') return 'pageTokenExpired' as const
      for (const item of page.body.value as readonly JsonObject[]) byId.set(item.id as string, item)
      onPage?.(byId.size)
      url = nextLink(page.body, listing.call)
    }
    return [...byId.values()]
  }

  /** One request per attempt; a refused token is renewed once. */
  async function readPage(url: string, listing: Listing, context: CallContext): Promise<Page> {
    let renewed = false
    return await pacer.call<Page>(context, async () => {
      for (;;) {
        try {
          const body = await send(url, await tokens.get(context), context)
          if (!isPage(body)) throw new SyntaxError('not a page of objects')
          if (!isSaidByAll(body.value, listing.saying))
            return {
              type: 'transient',
              error: badAnswer(listing.call, `an object of the answer does not say ${listing.saying}`),
            }
          return { type: 'done', value: { type: 'page', body } }
        } catch (thrown) {
          context.signal.throwIfAborted()
          if (thrown instanceof SyntaxError)
            return { type: 'transient', error: badAnswer(listing.call, 'the answer was not a page of objects') }
          const failure = describeGraphFailure(provider, listing.call, listing.permission, thrown, clock.now())
          if (failure.type === 'vanished') return { type: 'done', value: { type: 'vanished' } }
          if (failure.type === 'pageTokenExpired') return { type: 'done', value: { type: 'pageTokenExpired' } }
          if (failure.type !== 'unauthorized') return failure
          if (renewed) return { type: 'failed', error: failure.error }
          renewed = true
          await tokens.get(context, true)
        }
      }
    })
  }

  async function send(url: string, token: string, context: CallContext): Promise<unknown> {
    context.traffic.calls++
    const client = Client.initWithMiddleware({
      baseUrl: base.origin,
      // Without the port: with one it never matches, and the request goes out without a token (contract §5.1).
      customHosts: new Set([base.hostname]),
      middleware: [
        new AuthenticationHandler({ getAccessToken: () => Promise.resolve(token) }),
        new HTTPMessageHandler(),
      ],
    })
    return await client
      .api(url)
      .option('signal', AbortSignal.any([context.signal, AbortSignal.timeout(options.timeoutMs)]))
      .option('redirect', 'error')
      .get()
  }

  function nextLink(body: JsonObject, call: string): string | undefined {
    const link = body['@odata.nextLink']
    if (link === undefined || link === null) return undefined
    if (typeof link !== 'string' || !URL.canParse(link)) throw badAnswer(call, 'nextLink is not a URL')
    if (new URL(link).origin !== base.origin)
      throw badAnswer(call, `nextLink leads to another host, ${new URL(link).host}`)
    return link
  }

  return {
    list,
    async probe(listing, context) {
      const page = await readPage(`${base.href.replace(/\/+$/, '')}${listing.path}`, listing, context)
      if (page.type !== 'page') throw notFound(listing)
    },
    notFound,
  }
}

/** A page has a list of objects that all carry an id; anything else is no page, and no end of a listing. */
function isPage(body: unknown): body is JsonObject & { readonly value: readonly JsonObject[] } {
  if (!isJsonObject(body) || !Array.isArray(body.value)) return false
  const items: readonly unknown[] = body.value
  return items.every((item) => isJsonObject(item) && typeof item.id === 'string' && item.id !== '')
}
