import { type AttributeSelection, selectAttributes } from '../directory/attribute-selection.ts'
import type { Access } from '../directory/access-control.ts'
import type { DirectoryView } from '../directory/directory-view.ts'
import { type Search, startSearch } from '../directory/search.ts'
import type { Control } from '../protocol/controls.ts'
import type { LdapResult } from '../protocol/ldap-error.ts'
import { Oid } from '../protocol/oids.ts'
import { type PagedResultsRequest, pagedResultsControl, readPagedResults } from '../protocol/paged-results.ts'
import type { SearchRequest } from '../protocol/request-decoder.ts'
import { ResultCode } from '../protocol/result-code.ts'
import { type PagePosition } from './page-cookies.ts'
import { success } from './results.ts'
import { selectView } from './select-view.ts'
import type { LdapServices } from './services.ts'
import type { Session } from './session.ts'

/** A search operation under way (RFC 4511 §4.5). */
export interface SearchTask {
  readonly view: DirectoryView
  readonly access: Access
  readonly selection: AttributeSelection
  readonly typesOnly: boolean
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

/** Entries sent in one turn of the event loop, and looked at in one. */
const entriesPerTurn = 100
const looksPerTurn = 1000

const selections = new WeakMap<object, Map<string, AttributeSelection>>()

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
  const paging = controls.find(({ oid }) => oid === Oid.pagedResults)
  const page = paging && readPagedResults(paging)
  const position = page ? services.cookies.read(page.cookie, query, session.identity) : { after: -1, sent: 0 }
  const search = startSearch(view, request, access, position.after)
  const deadline =
    request.timeLimitSeconds === 0 ? Number.POSITIVE_INFINITY : performance.now() + request.timeLimitSeconds * 1000
  const finish = (resultCode: LdapResult['resultCode'], cookie?: Buffer): SearchOutcome => ({
    result: resultCode === ResultCode.success ? success : { resultCode, matchedDN: '', diagnosticMessage: '' },
    controls: page ? [pagedResultsControl(0, cookie ?? Buffer.alloc(0))] : [],
  })
  const pager = new Pager(request, page, position)
  return {
    view,
    access,
    selection: cachedSelection(request.attributes, view),
    typesOnly: request.typesOnly,
    isUnindexed: search.isUnindexed,
    get entries() {
      return pager.entries
    },
    step(emit) {
      if (page?.size === 0 && page.cookie.length > 0) return finish(ResultCode.success) // RFC 2696 §3: the client gives up
      const stop = pager.advance(search, emit)
      if (stop === 'sizeLimit') return finish(ResultCode.sizeLimitExceeded)
      if (stop === 'page')
        return finish(ResultCode.success, services.cookies.make(pager.position, query, session.identity))
      if (stop === 'end') return finish(ResultCode.success)
      return performance.now() > deadline ? finish(ResultCode.timeLimitExceeded) : undefined
    },
  }
}

/** Counts entries against page size and size limit; holds back what was found beyond them. */
class Pager {
  entries = 0
  private readonly sizeLimit: number
  private readonly pageSize: number
  private last: number
  private readonly sentBefore: number
  private readonly found: number[] = []

  constructor(request: SearchRequest, page: PagedResultsRequest | undefined, position: PagePosition) {
    this.sizeLimit = request.sizeLimit === 0 ? Number.POSITIVE_INFINITY : request.sizeLimit - position.sent
    this.pageSize = page === undefined || page.size === 0 ? Number.POSITIVE_INFINITY : page.size
    this.last = position.after
    this.sentBefore = position.sent
  }

  get position(): PagePosition {
    return { after: this.last, sent: this.sentBefore + this.entries }
  }

  /** 'more' when this turn is used up. A page or size limit is reached only when a further entry is known to exist. */
  advance(search: Search, emit: (slot: number) => boolean): 'more' | 'page' | 'sizeLimit' | 'end' {
    let sent = 0
    if (this.found.length === 0 && !search.isDone) this.found.push(...search.next(looksPerTurn))
    while (this.found.length > 0) {
      if (this.entries >= this.sizeLimit) return 'sizeLimit'
      if (this.entries >= this.pageSize) return 'page'
      if (sent >= entriesPerTurn) return 'more'
      const slot = this.found.shift() ?? -1
      const goOn = emit(slot)
      this.last = slot
      this.entries += 1
      sent = goOn ? sent + 1 : entriesPerTurn
    }
    return search.isDone ? 'end' : 'more'
  }
}

const selectionsKept = 500
const longestKeptList = 2000

/** Clients ask for the same few lists of attributes again and again. Lists come from clients: few are kept, and none that is long. */
function cachedSelection(attributes: readonly string[], { schema }: DirectoryView): AttributeSelection {
  let bySchema = selections.get(schema)
  if (!bySchema) selections.set(schema, (bySchema = new Map()))
  const key = `${schema.revision}\0${attributes.join('\0')}`
  if (key.length > longestKeptList) return selectAttributes(attributes, schema)
  let selection = bySchema.get(key)
  if (!selection) {
    if (bySchema.size >= selectionsKept) bySchema.clear()
    selection = selectAttributes(attributes, schema)
    bySchema.set(key, selection)
  }
  return selection
}
