import type { Search } from '../directory/search.ts'
import type { PagedResultsRequest } from '../protocol/paged-results.ts'
import type { PagePosition } from './page-cookies.ts'

/** Entries sent in one turn of the event loop, and looked at in one. */
const entriesPerTurn = 100
const looksPerTurn = 1000
/** Entries of which little may be seen are short and take long all the same. */
const millisecondsPerTurn = 5

/** Counts the entries of a search against page size and size limit; holds back what was found beyond them. */
export class Pager {
  entries = 0
  private readonly search: Search
  private readonly sizeLimit: number
  private readonly pageSize: number
  private last: number
  private readonly sentBefore: number
  private found: readonly number[] = []
  private foundAt = 0

  /** `sizeLimit` 0 is none; without a page, or with page size 0, there is one page. */
  constructor(
    search: Search,
    { sizeLimit }: { readonly sizeLimit: number },
    page: PagedResultsRequest | undefined,
    position: PagePosition,
  ) {
    this.search = search
    this.sizeLimit = sizeLimit === 0 ? Number.POSITIVE_INFINITY : sizeLimit - position.sent
    this.pageSize = page === undefined || page.size === 0 ? Number.POSITIVE_INFINITY : page.size
    this.last = position.after
    this.sentBefore = position.sent
  }

  get position(): PagePosition {
    return { after: this.last, sent: this.sentBefore + this.entries }
  }

  /** 'more' when this turn is used up. A page or size limit is reached only when a further entry is known to exist. */
  advance(emit: (slot: number) => boolean): 'more' | 'page' | 'sizeLimit' | 'end' {
    let sent = 0
    const until = performance.now() + millisecondsPerTurn
    if (this.foundAt >= this.found.length && !this.search.isDone) {
      this.found = this.search.next(looksPerTurn)
      this.foundAt = 0
    }
    for (; this.foundAt < this.found.length; this.foundAt += 1) {
      if (this.entries >= this.sizeLimit) return 'sizeLimit'
      if (this.entries >= this.pageSize) return 'page'
      if (sent >= entriesPerTurn) return 'more'
      const slot = this.found[this.foundAt] ?? -1
      const goOn = emit(slot)
      this.last = slot
      this.entries += 1
      sent = goOn && performance.now() < until ? sent + 1 : entriesPerTurn
    }
    return this.search.isDone ? 'end' : 'more'
  }
}
