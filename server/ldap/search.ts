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
import { pagedResultsControl, readPagedResults } from '../protocol/paged-results.ts'
import type { SearchRequest } from '../protocol/request-decoder.ts'
import { ResultCode } from '../protocol/result-code.ts'
import { checkAssertion } from './assertion.ts'
import { Pager } from './pager.ts'
import { orderSearch } from './search-order.ts'
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
  const controlOf = (oid: string) => controls.find((control) => control.oid === oid)
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
  const deadline =
    request.timeLimitSeconds === 0 ? Number.POSITIVE_INFINITY : performance.now() + request.timeLimitSeconds * 1000
  const finish = (resultCode: LdapResult['resultCode'], cookie: Uint8Array = Buffer.alloc(0)): SearchOutcome => ({
    result: { resultCode, matchedDN: '', diagnosticMessage: '' },
    controls: [...(order?.responseControls() ?? []), ...(page ? [pagedResultsControl(0, cookie)] : [])],
  })
  return {
    answer: {
      view,
      access,
      selection: cachedSelection(request.attributes, view),
      typesOnly: request.typesOnly,
      valueFilter: valueFilter(controlOf(Oid.matchedValues), view, access, services),
    },
    dereference: dereference(controlOf(Oid.dereference), view, access),
    isUnindexed: search.isUnindexed,
    get entries() {
      return pager.entries
    },
    step(emit) {
      if (order?.failure !== undefined) return finish(order.failure)
      if (page?.size === 0 && page.cookie.length > 0) return finish(ResultCode.success) // RFC 2696 §3: the client gives up
      const stop = pager.advance(emit)
      if (stop === 'sizeLimit') return finish(ResultCode.sizeLimitExceeded)
      if (stop === 'page')
        return finish(ResultCode.success, services.cookies.make(pager.position, query, session.identity))
      if (stop === 'end') return finish(order?.outcome() ?? ResultCode.success)
      return performance.now() > deadline ? finish(ResultCode.timeLimitExceeded) : undefined
    },
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
