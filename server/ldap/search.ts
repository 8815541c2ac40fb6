import type { Access } from '../directory/access-control.ts'
import { type AttributeSelection, selectAttributes } from '../directory/attribute-selection.ts'
import { createDereference, type Dereference } from '../directory/dereference.ts'
import type { DirectoryView } from '../directory/directory-view.ts'
import { createValueFilter } from '../directory/matched-values.ts'
import { type Search, startSearch } from '../directory/search.ts'
import type { EntryAnswer } from '../directory/search-entry.ts'
import type { Control } from '../protocol/controls.ts'
import { readDereference } from '../protocol/dereference.ts'
import { readMatchedValues } from '../protocol/filter-controls.ts'
import type { LdapResult } from '../protocol/ldap-error.ts'
import { Oid } from '../protocol/oids.ts'
import { pagedResultsControl, type PagedResultsRequest, readPagedResults } from '../protocol/paged-results.ts'
import type { SearchRequest } from '../protocol/request-decoder.ts'
import { ResultCode } from '../protocol/result-code.ts'
import { checkAssertion } from './assertion.ts'
import { Pager } from './pager.ts'
import { orderSearch, type SearchOrder } from './search-order.ts'
import { selectView } from './select-view.ts'
import type { LdapServices } from './services.ts'
import type { Session } from './session.ts'

/** A search operation under way (RFC 4511 §4.5). */
export interface SearchTask {
  readonly answer: EntryAnswer
  /** Set where the client asked for the dereference control. */
  readonly dereference: Dereference | undefined
  readonly isUnindexed: boolean
  /** Entries found so far on this page. */
  readonly entries: number
  /** Goes on for one turn and gives each entry found to `emit`, which says whether to go on. Returns the outcome once there is one. */
  step(emit: (slot: number) => boolean): SearchOutcome | undefined
}

export interface SearchOutcome {
  readonly result: LdapResult
  /** Encoded. */
  readonly controls: readonly Buffer[]
}

/**
 * `query` are the octets of the request, which tie a paging cookie to it.
 * Throws LdapError where the search cannot begin.
 */
export function beginSearch(
  services: LdapServices,
  session: Session,
  request: SearchRequest,
  controls: readonly Control[],
  query: Uint8Array,
): SearchTask {
  const { view, access } = selectView(services, session, request.baseObject, request.scope)
  const controlOf = (oid: string) =>
    controls.length === 0 ? undefined : controls.find((control) => control.oid === oid)
  checkAssertion(controlOf(Oid.assertion), request.baseObject, view, access, services.limits)
  const paging = controlOf(Oid.pagedResults)
  const page = paging && readPagedResults(paging)
  const position = page ? services.cookies.read(page.cookie, query, session.identity) : { after: -1, sent: 0 }
  const unordered = (after: number) => startSearch(view, request, access, after)
  const order = orderSearch(
    { sort: controlOf(Oid.sortRequest), virtualListView: controlOf(Oid.virtualListViewRequest) },
    { view, access, position, isPaged: page !== undefined },
  )
  const search: Search = order ? order.apply(unordered(-1)) : unordered(position.after)
  const pager = new Pager(search, request, page, position)
  return new RunningTask(
    search,
    pager,
    {
      view,
      access,
      selection: cachedSelection(request.attributes, view),
      typesOnly: request.typesOnly,
      valueFilter: valueFilter(controlOf(Oid.matchedValues), view, access, services),
    },
    dereference(controlOf(Oid.dereference), view, access),
    request.timeLimitSeconds === 0 ? Number.POSITIVE_INFINITY : performance.now() + request.timeLimitSeconds * 1000,
    order,
    page && { request: page, cookie: () => services.cookies.make(pager.position, query, session.identity) },
  )
}

/** The page that a client asked for, and the cookie with which it asks for the next. */
interface Page {
  readonly request: PagedResultsRequest
  readonly cookie: () => Uint8Array
}

const noControls: readonly Buffer[] = []
const noCookie = Buffer.alloc(0)

class RunningTask implements SearchTask {
  readonly answer: EntryAnswer
  readonly dereference: Dereference | undefined
  readonly isUnindexed: boolean
  private readonly pager: Pager
  private readonly deadline: number
  private readonly order: SearchOrder | undefined
  private readonly page: Page | undefined

  constructor(
    search: Search,
    pager: Pager,
    answer: EntryAnswer,
    followed: Dereference | undefined,
    deadline: number,
    order: SearchOrder | undefined,
    page: Page | undefined,
  ) {
    this.isUnindexed = search.isUnindexed
    this.pager = pager
    this.answer = answer
    this.dereference = followed
    this.deadline = deadline
    this.order = order
    this.page = page
  }

  get entries(): number {
    return this.pager.entries
  }

  step(emit: (slot: number) => boolean): SearchOutcome | undefined {
    const { order, page } = this
    if (order?.failure !== undefined) return this.outcome(order.failure)
    if (page?.request.size === 0 && page.request.cookie.length > 0) return this.outcome(ResultCode.success) // RFC 2696 §3: the client gives up
    const stop = this.pager.advance(emit)
    if (stop === 'sizeLimit') return this.outcome(ResultCode.sizeLimitExceeded)
    if (stop === 'page') return this.outcome(ResultCode.success, page?.cookie())
    if (stop === 'end') return this.outcome(order?.outcome() ?? ResultCode.success)
    return this.deadline !== Number.POSITIVE_INFINITY && performance.now() > this.deadline
      ? this.outcome(ResultCode.timeLimitExceeded)
      : undefined
  }

  private outcome(resultCode: LdapResult['resultCode'], cookie: Uint8Array = noCookie): SearchOutcome {
    const { order, page } = this
    return {
      result: { resultCode, matchedDN: '', diagnosticMessage: '' },
      controls:
        order || page
          ? [...(order?.responseControls() ?? []), ...(page ? [pagedResultsControl(0, cookie)] : [])]
          : noControls,
    }
  }
}

function valueFilter(control: Control | undefined, view: DirectoryView, access: Access, { limits }: LdapServices) {
  if (!control) return undefined
  return createValueFilter(
    readMatchedValues(control, { depth: limits.depth, terms: limits.filterTerms }),
    view.schema,
    access.attributes,
  )
}

function dereference(control: Control | undefined, view: DirectoryView, access: Access): Dereference | undefined {
  return control && createDereference(view, readDereference(control), access, control.isCritical)
}

interface KeptSelection {
  readonly revision: number
  readonly schema: object
  readonly selection: AttributeSelection
}

const selections = new WeakMap<readonly string[], KeptSelection>()

/** By the list itself: the same one comes again and again. */
function cachedSelection(attributes: readonly string[], { schema }: DirectoryView): AttributeSelection {
  const known = selections.get(attributes)
  if (known?.schema === schema && known.revision === schema.revision) return known.selection
  const selection = selectAttributes(attributes, schema)
  selections.set(attributes, { schema, revision: schema.revision, selection })
  return selection
}
