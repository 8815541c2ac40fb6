import type { Access } from '../directory/access-control.ts'
import type { DirectoryView } from '../directory/directory-view.ts'
import type { Search } from '../directory/search.ts'
import { createSortOrder, SortError, type SortOrder } from '../directory/sort-order.ts'
import { type SortedEntry, sortedSearch } from '../directory/sorted-search.ts'
import type { Control } from '../protocol/controls.ts'
import { LdapError } from '../protocol/ldap-error.ts'
import { ResultCode } from '../protocol/result-code.ts'
import { readSortKeys, sortResultControl } from '../protocol/server-side-sort.ts'
import {
  readVirtualListView,
  virtualListViewControl,
  type VirtualListViewRequest,
} from '../protocol/virtual-list-view.ts'
import type { PagePosition } from './page-cookies.ts'

/** What server side sorting (RFC 2891) and the virtual list view make of a search. */
export interface SearchOrder {
  apply(search: Search): Search
  /** Result of the whole search when it must not run. */
  readonly failure: ResultCode | undefined
  /** Result once every entry is out. */
  outcome(): ResultCode
  responseControls(): readonly Buffer[]
}

interface Surroundings {
  readonly view: DirectoryView
  readonly access: Access
  readonly position: PagePosition
  readonly isPaged: boolean
}

/** Undefined when the client asked for no order. Throws {@link LdapError} for a list view that cannot be. */
export function orderSearch(
  controls: { sort: Control | undefined; virtualListView: Control | undefined },
  around: Surroundings,
): SearchOrder | undefined {
  const { sort, virtualListView } = controls
  if (virtualListView && !sort)
    throw new LdapError(ResultCode.sortControlMissing, 'a virtual list view needs the sort control')
  if (virtualListView && around.isPaged)
    throw new LdapError(ResultCode.unwillingToPerform, 'a virtual list view cannot be paged')
  if (!sort) return undefined
  try {
    const order = createSortOrder(around.view, readSortKeys(sort), around.access)
    return virtualListView ? viewOfList(order, readVirtualListView(virtualListView)) : sorted(order, around.position)
  } catch (error) {
    if (!(error instanceof SortError)) throw error
    return unsortable(error, sort.isCritical || virtualListView !== undefined)
  }
}

function sorted(order: SortOrder, position: PagePosition): SearchOrder {
  return {
    apply: (search) => sortedSearch(search, order, (entries) => entries.slice(nextPage(entries, position))),
    failure: undefined,
    outcome: () => ResultCode.success,
    responseControls: () => [sortResultControl(ResultCode.success)],
  }
}

/** Where a page begins: behind the entry sent last or, when that is gone, behind as many as were sent. */
function nextPage(entries: readonly SortedEntry[], { after, sent }: PagePosition): number {
  if (sent === 0) return 0
  const last = entries.findIndex(({ slot }) => slot === after)
  return last < 0 ? sent : last + 1
}

/** RFC 2891 §1.1: not critical, the entries come as they are and the control says why. */
function unsortable({ resultCode, attribute }: SortError, isCritical: boolean): SearchOrder {
  return {
    apply: (search) => search,
    failure: isCritical ? ResultCode.unavailableCriticalExtension : undefined,
    outcome: () => ResultCode.success,
    responseControls: () => [sortResultControl(resultCode, attribute)],
  }
}

function viewOfList(order: SortOrder, request: VirtualListViewRequest): SearchOrder {
  let outcome: ResultCode = ResultCode.success
  let target = 0
  let count = 0
  const choose = (entries: readonly SortedEntry[]): readonly SortedEntry[] => {
    count = entries.length
    const position = targetPosition(entries, order, request.target)
    if (position === undefined) {
      outcome = ResultCode.offsetRangeError
      return []
    }
    target = position + 1
    return entries.slice(Math.max(0, position - request.beforeCount), position + 1 + request.afterCount)
  }
  return {
    apply: (search) => sortedSearch(search, order, choose),
    failure: undefined,
    outcome: () => outcome,
    responseControls: () => [sortResultControl(ResultCode.success), virtualListViewControl(target, count, outcome)],
  }
}

/**
 * Index of the target entry; the length of the list for a place behind its end. By offset: the client's idea of the length is scaled to
 * the real one (draft-ietf-ldapext-ldapv3-vlv §6.2). Undefined for an offset outside the list, and for what is no value of the type.
 */
function targetPosition(
  entries: readonly SortedEntry[],
  order: SortOrder,
  target: VirtualListViewRequest['target'],
): number | undefined {
  if ('greaterOrEqual' in target) {
    if (target.greaterOrEqual.length === 0) return 0 // what a client sends before anything is typed
    const wanted = order.positionOf(target.greaterOrEqual)
    if (!wanted) return undefined
    const found = entries.findIndex(({ values }) => order.compare(values, wanted) >= 0)
    return found < 0 ? entries.length : found
  }
  const { offset, contentCount } = target
  if (offset < 1 || (contentCount > 0 && offset > contentCount + 1)) return undefined
  if (contentCount === 0 || contentCount === entries.length) return Math.min(offset - 1, entries.length)
  if (offset === 1) return 0
  if (offset >= contentCount) return Math.max(0, entries.length - 1)
  return Math.min(entries.length, Math.round(((offset - 1) * entries.length) / contentCount))
}
