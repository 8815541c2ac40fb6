import { AuthenticationHandler, Client, HTTPMessageHandler } from '@microsoft/microsoft-graph-client'
import type { Attempt, CallPacer } from '../../call-pacer.ts'
import type { Clock } from '../../../server/runtime/clock.ts'
import type { JsonObject } from '../../identity.ts'
import { answerErrors, ProviderError } from '../../provider-error.ts'
import { isJsonObject, isSaidByAll } from '../../record-fields.ts'
import type { AccessTokens, Need } from './access-token.ts'
import { AnswerObserver, isNearlyThrottled, nearlyThrottledGapMs, throttleWindowMs } from './answer-observer.ts'
import { describeGraphFailure } from './graph-errors.ts'
import type { CallContext } from '../../identity-provider.ts'

export interface GraphClientOptions {
  readonly provider: string
  /** With the version, such as https://graph.microsoft.com/v1.0. */
  readonly graphUrl: string
  readonly timeoutMs: number
  readonly tokens: AccessTokens
  readonly pacer: CallPacer
  readonly clock: Clock
}

export interface Listing extends Need {
  /** Below the Graph URL, encoded, such as `/users?$top=999`. */
  readonly path: string
  /** The call as errors name it. */
  readonly call: string
  /** A 403 is about this call alone and fails it: nothing is wrong with the credential, and no other one is asked. */
  readonly mayBeRefused?: boolean
  /** What every object says. One that does not is no answer: nothing may be read from its silence. */
  readonly saying?: string
}

/** A call that changes something at the service. */
export interface Write extends Omit<Listing, 'saying'> {
  readonly method: 'POST' | 'PATCH' | 'DELETE'
  readonly body?: object
  /** What to do about a request that is refused. */
  readonly refusedAdvice: string
}

/** What a delta round told, in its order: the same object may come several times (contract §4). */
export interface DeltaRound {
  readonly items: readonly JsonObject[]
  /** Where the next round begins. */
  readonly deltaLink: string
}

export interface GraphClient {
  /** Every object of a listing, each id once; `undefined` when the object it belongs to has vanished (404). */
  list(
    listing: Listing,
    context: CallContext,
    onPage?: (read: number) => void,
  ): Promise<readonly JsonObject[] | undefined>
  /** One object; `undefined` when there is none (404). */
  read(listing: Listing, context: CallContext): Promise<JsonObject | undefined>
  /**
   * A round of change tracking to its end, from a listing's path or a deltaLink given before; `undefined` when that has
   * expired and everything must be read again.
   */
  delta(
    listing: Listing,
    context: CallContext,
    from?: string,
    onPage?: (read: number) => void,
  ): Promise<DeltaRound | undefined>
  /**
   * Sends a change and gives the object it answers with, which is empty for a deletion; `undefined` when there is no such
   * object (404). What may have been made without an answer is not sent again.
   */
  write(write: Write, context: CallContext): Promise<JsonObject | undefined>
  /** Reads the first page only, for a test of the permission; throws when it is refused or not found. */
  probe(listing: Listing, context: CallContext): Promise<void>
  /** The error for a listing that must exist and does not. */
  notFound(listing: Pick<Listing, 'call'>): ProviderError
}

type Answer =
  | { readonly type: 'body'; readonly body: JsonObject }
  | { readonly type: 'vanished' }
  | { readonly type: 'pageTokenExpired' }
  | { readonly type: 'resync' }

const maxRestarts = 2

/**
 * Reads listings of Microsoft Graph to their end. The SDK sends one request at a time; repeats, waits and the cap on
 * calls in flight are the pacer's, because the SDK leaves out most failures and waits by the wall clock (contract §5.3).
 */
export function createGraphClient(options: GraphClientOptions): GraphClient {
  const { provider, pacer, clock } = options
  const base = new URL(options.graphUrl.replace(/\/+$/, ''))
  const { badAnswer, notFound } = answerErrors(provider, 'graphUrl')

  const urlOf = ({ path }: Pick<Listing, 'path'>) => `${base.href.replace(/\/+$/, '')}${path}`

  async function list(listing: Listing, context: CallContext, onPage?: (read: number) => void) {
    const byId = new Map<string, JsonObject>()
    const end = await readPages(urlOf(listing), listing, context, {
      begin: () => byId.clear(),
      page(items) {
        // GUIDs are of any case.
        for (const item of items) byId.set((item.id as string).toLowerCase(), item)
        onPage?.(byId.size)
      },
    })
    if (end === 'resync') throw badAnswer(listing.call, 'a listing was answered like change tracking that has expired')
    return end === 'vanished' ? undefined : [...byId.values()]
  }

  async function delta(listing: Listing, context: CallContext, from?: string, onPage?: (read: number) => void) {
    let items: JsonObject[] = []
    const end = await readPages(from ?? urlOf(listing), listing, context, {
      begin() {
        items = []
      },
      page(more) {
        items.push(...more)
        onPage?.(items.length)
      },
    })
    if (end === 'resync') return undefined
    if (end === 'vanished') throw notFound(listing)
    return { items, deltaLink: link(end, '@odata.deltaLink', listing.call) ?? missingDeltaLink(listing) }
  }

  function missingDeltaLink(listing: Listing): never {
    throw badAnswer(listing.call, 'the last page has neither nextLink nor deltaLink')
  }

  /** Reads pages to the last one and gives its body. A page token that expires begins the listing again. */
  async function readPages(
    first: string,
    listing: Listing,
    context: CallContext,
    to: { begin(): void; page(items: readonly JsonObject[]): void },
  ): Promise<JsonObject | 'vanished' | 'resync'> {
    let restarts = 0
    const seen = new Set<string>()
    for (let url = first; ; ) {
      if (seen.has(url)) throw badAnswer(listing.call, 'a nextLink leads back to a page already read')
      seen.add(url)
      const page = await readPage(url, listing, context, url !== first)
      if (page.type === 'vanished' || page.type === 'resync') return page.type
      if (page.type === 'pageTokenExpired') {
        if (restarts++ === maxRestarts) throw tokensKeepExpiring(listing)
        seen.clear()
        to.begin()
        url = first
        continue
      }
      to.page(page.body.value as readonly JsonObject[])
      const next = link(page.body, '@odata.nextLink', listing.call)
      if (next === undefined) return page.body
      url = next
    }
  }

  function tokensKeepExpiring({ call }: Listing): ProviderError {
    return new ProviderError({
      provider,
      call,
      what: 'page tokens keep expiring before the listing ends',
      advice: 'Run again at a quieter time.',
    })
  }

  async function readPage(
    url: string,
    listing: Listing,
    context: CallContext,
    isContinuation = false,
  ): Promise<Answer> {
    const wrong = (body: unknown) => {
      if (!isPage(body)) return 'the answer was not a page of objects'
      return isSaidByAll(body.value, listing.saying)
        ? undefined
        : `an object of the answer does not say ${listing.saying}`
    }
    return await request({ url, isContinuation }, listing, context, wrong)
  }

  async function read(listing: Listing, context: CallContext): Promise<JsonObject | undefined> {
    const address = { url: urlOf(listing), isContinuation: false }
    const answer = await request(address, listing, context, (body) => {
      if (!isObject(body)) return 'the answer was not an object'
      return isSaidByAll([body], listing.saying) ? undefined : `the answer does not say ${listing.saying}`
    })
    if (answer.type === 'vanished') return undefined
    if (answer.type !== 'body') throw badAnswer(listing.call, 'a page token was refused where none was sent')
    return answer.body
  }

  async function write(change: Write, context: CallContext): Promise<JsonObject | undefined> {
    const address = { url: urlOf(change), isContinuation: false }
    const answer = await request(address, change, context, (body) =>
      change.method === 'DELETE' || isObject(body) ? undefined : 'the answer was not an object',
    )
    if (answer.type === 'vanished') return undefined
    if (answer.type !== 'body') throw badAnswer(change.call, 'a page token was refused where none was sent')
    return answer.body
  }

  /** One request per attempt, and one more for each token that is refused. `wrong` says what is not right about a body. */
  async function request(
    { url, isContinuation }: { readonly url: string; readonly isContinuation: boolean },
    listing: Listing | Write,
    context: CallContext,
    wrong: (body: unknown) => string | undefined,
  ): Promise<Answer> {
    const { tokens } = options
    const { call, permission } = listing
    const change = 'method' in listing ? listing : undefined
    const repeatable = (error: ProviderError): Attempt<never> => ({
      type: change?.method === 'POST' ? 'failed' : 'transient',
      error,
    })
    return await pacer.call<Answer>(context, async () => {
      let given = await tokens.get(listing, context)
      for (;;) {
        try {
          const body = await send(url, given.token, context, change)
          const problem = wrong(body)
          if (problem !== undefined) return repeatable(badAnswer(call, problem))
          // `wrong` lets only objects through, and nothing for a deletion.
          return { type: 'done', value: { type: 'body', body: (body ?? {}) as JsonObject } }
        } catch (thrown) {
          context.signal.throwIfAborted()
          const { credential } = given
          const refusedAdvice = change?.refusedAdvice
          const failed = { provider, call, url, isContinuation, permission, credential, refusedAdvice }
          const failure = describeGraphFailure(failed, thrown, clock.now())
          if (failure.type === 'vanished' || failure.type === 'pageTokenExpired' || failure.type === 'resync')
            return { type: 'done', value: failure }
          if (failure.type === 'transient' && change !== undefined) return repeatable(failure.error)
          if (failure.type !== 'refused') return failure
          if (failure.why === 'permission' && listing.mayBeRefused) return { type: 'failed', error: failure.error }
          given = await tokens.instead(given, failure, listing, context)
        }
      }
    })
  }

  async function send(url: string, token: string, context: CallContext, change: Write | undefined): Promise<unknown> {
    context.traffic.calls++
    const client = Client.initWithMiddleware({
      baseUrl: base.origin,
      // Without the port: with one it never matches, and the request goes out without a token (contract §5.1).
      customHosts: new Set([base.hostname]),
      middleware: [
        new AuthenticationHandler({ getAccessToken: () => Promise.resolve(token) }),
        new AnswerObserver((headers, bytes) => {
          context.traffic.bytes += bytes
          if (isNearlyThrottled(headers)) pacer.spread(nearlyThrottledGapMs, throttleWindowMs)
        }),
        new HTTPMessageHandler(),
      ],
    })
    const call = client
      .api(url)
      .option('signal', AbortSignal.any([context.signal, AbortSignal.timeout(options.timeoutMs)]))
      .option('redirect', 'error')
    if (context.trace !== undefined) call.header('client-request-id', context.trace.requestId)
    if (change === undefined) return await call.get()
    switch (change.method) {
      case 'POST':
        return await call.post(change.body)
      case 'PATCH':
        return await call.patch(change.body)
      case 'DELETE':
        return await call.delete()
      default:
        return change.method satisfies never
    }
  }

  function link(body: JsonObject, name: '@odata.nextLink' | '@odata.deltaLink', call: string): string | undefined {
    const value = body[name]
    if (value === undefined || value === null) return undefined
    const kind = name.slice('@odata.'.length)
    if (typeof value !== 'string' || !URL.canParse(value)) throw badAnswer(call, `${kind} is not a URL`)
    if (new URL(value).origin !== base.origin)
      throw badAnswer(call, `${kind} leads to another host, ${new URL(value).host}`)
    return value
  }

  return {
    list,
    read,
    delta,
    write,
    async probe(listing, context) {
      const page = await readPage(urlOf(listing), listing, context)
      if (page.type !== 'body') throw notFound(listing)
    },
    notFound,
  }
}

/** A page has a list of objects that all carry an id; anything else is no page, and no end of a listing. */
function isPage(body: unknown): body is JsonObject & { readonly value: readonly JsonObject[] } {
  if (!isJsonObject(body) || !Array.isArray(body.value)) return false
  const items: readonly unknown[] = body.value
  return items.every(isObject)
}

function isObject(item: unknown): item is JsonObject {
  return isJsonObject(item) && typeof item.id === 'string' && item.id !== ''
}
