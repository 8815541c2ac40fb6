import type { Search } from '../directory/search.ts'
import type { PagedResultsRequest } from '../protocol/paged-results.ts'
import type { PagePosition } from './page-cookies.ts'

/** Entries looked at in one go; the clock is looked at before each further go. */
const looksAtOnce = 100
/** Entries sent between two looks at the clock: most searches end before the first. */
const sendsUnlooked = 4
/** Of looking up and sending in one go, from the first look at the clock on. */
const millisecondsAtOnce = 1

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

  /**
   * Goes on until time is up or `emit` says that it has enough: 'more'. A page or size limit is reached only when a further entry is
   * known to exist.
   */
  advance(emit: (slot: number) => boolean): 'more' | 'page' | 'sizeLimit' | 'end' {
    let until: number | undefined
    for (let goOn = true, lookedUp = false, sends = 0; ; ) {
      const isSpent = this.foundAt >= this.found.length
      if (isSpent && this.search.isDone) return 'end'
      if (!isSpent && this.entries >= this.sizeLimit) return 'sizeLimit'
      if (!isSpent && this.entries >= this.pageSize) return 'page'
      const isTimed = isSpent ? lookedUp : sends % sendsUnlooked === sendsUnlooked - 1
      if (isTimed) goOn &&= performance.now() < (until ??= performance.now() + millisecondsAtOnce)
      if (!goOn) return 'more'
      if (isSpent) {
        this.found = this.search.next(looksAtOnce)
        this.foundAt = 0
        lookedUp = true
      } else {
        const slot = this.found[this.foundAt] ?? -1
        goOn = emit(slot)
        sends += 1
        this.foundAt += 1
        this.last = slot
        this.entries += 1
      }
    }
  }
}
