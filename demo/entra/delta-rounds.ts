import type { ServiceRequest } from '../https/exchange.ts'
import { PageTokens } from '../https/page-tokens.ts'
import { badRequest, expiredPageToken, GraphRefusal, unsupportedQuery } from './graph-error.ts'
import { parseFilter } from './filter.ts'
import { parseSelect, type ResourceRules } from './query.ts'

/** What the first request fixes for ever (contract §4). */
export interface DeltaQuery {
  readonly select: readonly string[] | undefined
  /** Only these objects; undefined for all. */
  readonly ids: readonly string[] | undefined
}

/** `since` is a position of the change log; undefined asks for everything. */
export type DeltaItems = (since: number | undefined, query: DeltaQuery, minimal: boolean) => readonly unknown[]

export interface DeltaPage {
  readonly value: readonly unknown[]
  readonly link: Readonly<Record<'@odata.nextLink', string>> | Readonly<Record<'@odata.deltaLink', string>>
  /** The selection, on the first page of a first round only. */
  readonly select: readonly string[] | undefined
}

interface OpenRound {
  readonly path: string
  readonly query: DeltaQuery
  readonly remaining: readonly unknown[]
  /** Where the round after this one begins. */
  readonly until: number
}

interface ClosedRound {
  readonly path: string
  readonly query: DeltaQuery
  readonly until: number
  readonly issuedAt: number
}

/** How an unusable delta token is refused. */
export type ExpiryForm = '410' | 'syncStateNotFound' | 'resyncRequired'

const lifetimeMs = 7 * 24 * 60 * 60 * 1000
const defaultPageSize = 100
/** Smaller, so that the members of a large group come on several pages. */
const groupPageSize = 20

/** The rounds of `/users/delta` and `/groups/delta`: pages, nextLinks, deltaLinks, their expiry (contract §4). */
export class DeltaRounds {
  readonly #pages = new PageTokens<OpenRound>('n~')
  readonly #rounds = new PageTokens<ClosedRound>('d~')
  readonly #origin: string
  readonly #now: () => Date
  pageSize: number | undefined
  /** On: the first object of a round of several pages comes once more at its end. */
  repeatsObjects = true
  /** How many changes before the position of a token are told again in the next round. */
  replayedChanges = 0
  expiryForm: ExpiryForm = '410'

  constructor(origin: string, now: () => Date, pageSize: number | undefined) {
    this.#origin = origin
    this.#now = now
    this.pageSize = pageSize
  }

  page(request: ServiceRequest, rules: ResourceRules, position: number, items: DeltaItems): DeltaPage {
    const skipToken = request.query.get('$skiptoken')
    if (skipToken !== null) {
      const round = this.#pages.read(skipToken)
      if (round === undefined) throw expiredPageToken()
      return this.#cut(request, round, undefined)
    }
    const deltaToken = request.query.get('$deltatoken')
    const minimal = /(^|,)\s*return=minimal\b/.test(request.headers.prefer ?? '')
    if (deltaToken === null || deltaToken === '' || deltaToken === 'latest') {
      const query = parseDeltaQuery(request, rules)
      const remaining = deltaToken === 'latest' ? [] : items(undefined, query, minimal)
      return this.#begin(request, query, remaining, position, query.select)
    }
    const { query, until } = this.#resume(request, deltaToken)
    const remaining = items(Math.max(0, until - this.replayedChanges), query, minimal)
    return this.#begin(request, query, remaining, position, undefined)
  }

  /** Every deltaLink and nextLink given so far is refused from now on, in the given form. */
  expireAll(form: ExpiryForm = '410'): void {
    this.expiryForm = form
    this.#pages.dropAll()
    this.#rounds.dropAll()
  }

  expiredToken(path: string): GraphRefusal {
    const code = this.expiryForm === 'resyncRequired' ? 'resyncRequired' : 'syncStateNotFound'
    const message = 'The sync state generation is not found.'
    if (this.expiryForm !== '410') return new GraphRefusal(400, code, message)
    return new GraphRefusal(410, code, message, { location: `${this.#origin}${path}?$deltatoken=` })
  }

  #resume(request: ServiceRequest, token: string): ClosedRound {
    for (const name of request.query.keys()) {
      if (name !== '$deltatoken') throw badRequest(`'${name}' does not combine with $deltatoken.`)
    }
    const round = this.#rounds.read(token)
    const isOld = round !== undefined && this.#now().getTime() - round.issuedAt > lifetimeMs
    if (round === undefined || isOld || round.path !== request.path) throw this.expiredToken(request.path)
    return round
  }

  #begin(
    request: ServiceRequest,
    query: DeltaQuery,
    items: readonly unknown[],
    until: number,
    select: readonly string[] | undefined,
  ): DeltaPage {
    const isLong = items.length > this.#size(request)
    const remaining = this.repeatsObjects && isLong ? [...items, ...items.slice(0, 1)] : items
    return this.#cut(request, { path: request.path, query, remaining, until }, select)
  }

  #cut(request: ServiceRequest, round: OpenRound, select: readonly string[] | undefined): DeltaPage {
    const size = request.emptyPage ? 0 : this.#size(request)
    const value = round.remaining.slice(0, size)
    const remaining = round.remaining.slice(size)
    const base = `${this.#origin}${round.path}`
    if (remaining.length > 0 || request.emptyPage) {
      const token = this.#pages.issue({ ...round, remaining })
      return { value, link: { '@odata.nextLink': `${base}?$skiptoken=${token}` }, select }
    }
    const { path, query, until } = round
    const token = this.#rounds.issue({ path, query, until, issuedAt: this.#now().getTime() })
    return { value, link: { '@odata.deltaLink': `${base}?$deltatoken=${token}` }, select }
  }

  #size(request: ServiceRequest): number {
    const [, wished] = /odata\.maxpagesize=(\d+)/.exec(request.headers.prefer ?? '') ?? []
    const usual = request.path.endsWith('/groups/delta') ? groupPageSize : defaultPageSize
    return Math.max(1, Math.min(Number(wished ?? usual), this.pageSize ?? usual))
  }
}

function parseDeltaQuery(request: ServiceRequest, rules: ResourceRules): DeltaQuery {
  for (const name of request.query.keys()) {
    if (!['$select', '$filter', '$deltatoken'].includes(name)) {
      throw unsupportedQuery(`The query parameter '${name}' is not supported with change tracking.`)
    }
  }
  const properties = rules.canExpandMembers === true ? [...rules.properties, 'members'] : rules.properties
  const select = parseSelect(request.query.get('$select'), { ...rules, properties })
  return { select, ids: parseIds(request.query.get('$filter')) }
}

/** The only filter of a delta query: `id eq '…' or id eq '…'`, 50 at most. */
function parseIds(text: string | null): readonly string[] | undefined {
  if (text === null) return undefined
  parseFilter(text, ['id'])
  const ids = text.split(/\s+or\s+/).map((part) => /^\s*id eq '([^']*)'\s*$/.exec(part)?.[1])
  if (ids.length > 50 || ids.includes(undefined)) throw unsupportedQuery('Unsupported filter with change tracking.')
  return ids.filter((id) => id !== undefined)
}
