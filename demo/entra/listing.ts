import type { ServiceRequest } from '../https/exchange.ts'
import { PageTokens } from '../https/page-tokens.ts'
import { badRequest, expiredPageToken } from './graph-error.ts'
import type { Query } from './query.ts'

type Row = Readonly<Record<string, unknown>>

interface OpenListing {
  /** Path and options without the token: a nextLink is to be used as given. */
  readonly boundTo: string
  readonly remaining: readonly string[]
  readonly total: number
}

export interface Page {
  readonly ids: readonly string[]
  readonly nextLink: string | undefined
  /** Size of the whole result. */
  readonly total: number
}

const defaultPageSize = 100

/** Paging of Graph listings by opaque `$skiptoken` (contract §3.2). */
export class Listings {
  readonly #tokens = new PageTokens<OpenListing>('m~')
  readonly #origin: string
  /** Largest page, as the service may lower it; undefined leaves the wish of the client. */
  pageSize: number | undefined

  constructor(origin: string, pageSize: number | undefined) {
    this.#origin = origin
    this.pageSize = pageSize
  }

  /** `ids` computes the whole result; it is asked for the first page only. */
  page(request: ServiceRequest, query: Query, ids: () => readonly string[]): Page {
    const boundTo = withoutToken(request)
    const listing = query.skipToken === undefined ? open(boundTo, ids()) : this.#resume(query.skipToken, boundTo)
    const wished = Math.min(query.top ?? defaultPageSize, this.pageSize ?? Number.POSITIVE_INFINITY)
    const size = request.emptyPage ? 0 : wished
    const remaining = listing.remaining.slice(size)
    const hasNext = remaining.length > 0 || request.emptyPage
    return {
      ids: listing.remaining.slice(0, size),
      nextLink: hasNext ? this.#link(boundTo, this.#tokens.issue({ ...listing, remaining })) : undefined,
      total: listing.total,
    }
  }

  /** Every nextLink given so far answers `Directory_ExpiredPageToken` from now on. */
  expireAll(): void {
    this.#tokens.dropAll()
  }

  #resume(token: string, boundTo: string): OpenListing {
    const listing = this.#tokens.read(token)
    if (listing === undefined) throw expiredPageToken()
    if (listing.boundTo !== boundTo) throw badRequest('The page token does not belong to this query.')
    return listing
  }

  #link(boundTo: string, token: string): string {
    return `${this.#origin}${boundTo}${boundTo.includes('?') ? '&' : '?'}$skiptoken=${token}`
  }
}

function open(boundTo: string, ids: readonly string[]): OpenListing {
  return { boundTo, remaining: ids, total: ids.length }
}

function withoutToken({ target, path }: ServiceRequest): string {
  const options = target
    .slice(path.length + 1)
    .split('&')
    .filter((option) => option !== '' && !/^(\$|%24)skiptoken=/i.test(option))
  return options.length === 0 ? path : `${path}?${options.join('&')}`
}

/** Filters and sorts by the query; without `$orderby` the order is that of the ids. */
export function selectRows<Item extends { readonly id: string }>(
  items: Iterable<Item>,
  query: Query,
): readonly string[] {
  const rows = [...items].filter((item) => {
    const row = item as unknown as Row // an interface has no index signature, its objects do
    return (query.filter?.matches(row) ?? true) && isFound(row, query.search)
  })
  const { property, descending } = query.orderBy ?? { property: 'id', descending: false }
  const key = (item: Item) => {
    const value = (item as unknown as Row)[property]
    return typeof value === 'string' ? value : ''
  }
  rows.sort((left, right) => (key(left) < key(right) ? -1 : key(left) > key(right) ? 1 : 0) * (descending ? -1 : 1))
  return rows.map((item) => item.id)
}

function isFound(row: Row, search: Query['search']): boolean {
  if (search === undefined) return true
  const value = row[search.property]
  return typeof value === 'string' && value.toLowerCase().includes(search.text)
}

/** The named properties of an object, in the order named. */
export function project(object: object, names: readonly string[]): Record<string, unknown> {
  const row = object as Row // see selectRows
  return Object.fromEntries(names.filter((name) => name in row).map((name) => [name, row[name]]))
}
