import type { ServiceRequest } from '../https/exchange.ts'
import { PageTokens } from '../https/page-tokens.ts'
import { invalid } from './okta-error.ts'

interface OpenListing {
  readonly boundTo: string
  readonly remaining: readonly string[]
}

export interface Page {
  readonly ids: readonly string[]
  /** One value per `Link` header line (contract §2.1). */
  readonly links: readonly string[]
}

const largestLimit = 200

/** Paging by opaque `after` cursors that are bound to the query. */
export class Listings {
  readonly #cursors = new PageTokens<OpenListing>('')
  readonly #origin: string
  /** Largest page; undefined leaves the wish of the client. */
  pageSize: number | undefined
  /** Cursors begin with it, and are as long as that makes them. */
  cursorPrefix = ''

  constructor(origin: string, pageSize: number | undefined) {
    this.#origin = origin
    this.pageSize = pageSize
  }

  /** `ids` computes the whole result; it is asked for the first page only. */
  page(request: ServiceRequest, defaultLimit: number, ids: () => readonly string[]): Page {
    const limit = parseLimit(request.query.get('limit'), defaultLimit)
    const boundTo = boundQuery(request)
    const remaining = this.#remaining(request.query.get('after'), boundTo, ids)
    const size = request.emptyPage ? 0 : Math.min(limit, this.pageSize ?? Number.POSITIVE_INFINITY)
    const rest = remaining.slice(size)
    const links = [`<${this.#origin}${request.target}>; rel="self"`]
    if (rest.length > 0 || request.emptyPage) {
      const after = this.cursorPrefix + this.#cursors.issue({ boundTo, remaining: rest })
      const [path, query = ''] = boundTo.split('?')
      links.push(`<${this.#origin}${path}?after=${after}${query === '' ? '' : `&${query}`}>; rel="next"`)
    }
    return { ids: remaining.slice(0, size), links }
  }

  /** Every cursor given so far is refused from now on (400 E0000001). */
  expireAll(): void {
    this.#cursors.dropAll()
  }

  #remaining(after: string | null, boundTo: string, ids: () => readonly string[]): readonly string[] {
    if (after === null) return ids()
    const listing = this.#cursors.read(after.slice(this.cursorPrefix.length))
    if (listing === undefined || listing.boundTo !== boundTo) throw invalid('after', 'invalid cursor')
    return listing.remaining
  }
}

export function parseLimit(text: string | null, defaultLimit: number, largest = largestLimit): number {
  if (text === null) return defaultLimit
  const limit = Number(text)
  if (!/^\d+$/.test(text) || limit < 1) throw invalid('limit', 'not a positive number')
  if (limit > largest) throw invalid('limit', 'too large')
  return limit
}

function boundQuery({ target, path }: ServiceRequest): string {
  const options = target
    .slice(path.length + 1)
    .split('&')
    .filter((option) => option !== '' && !option.startsWith('after='))
  return options.length === 0 ? path : `${path}?${options.join('&')}`
}
