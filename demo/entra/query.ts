import type { ServiceRequest } from '../https/exchange.ts'
import { type Filter, parseFilter } from './filter.ts'
import { badRequest, GraphRefusal, unsupportedQuery } from './graph-error.ts'
import { singleUserProperties } from './objects.ts'

export interface Query {
  /** Names of `$select` in the order given; undefined when not given. */
  readonly select: readonly string[] | undefined
  readonly top: number | undefined
  readonly filter: Filter | undefined
  readonly search: { readonly property: string; readonly text: string } | undefined
  readonly orderBy: { readonly property: string; readonly descending: boolean } | undefined
  readonly expandsMembers: boolean
  /** `$count=true` together with `ConsistencyLevel: eventual`; alone it is ignored (contract §3.4). */
  readonly wantsCount: boolean
  readonly isConsistencyEventual: boolean
  readonly skipToken: string | undefined
}

/** What a resource allows in its query. */
export interface ResourceRules {
  /** As in error messages: `microsoft.graph.user`. */
  readonly type: string
  readonly properties: readonly string[]
  readonly orderBy: readonly string[]
  readonly canExpandMembers?: boolean
  readonly isCollection?: boolean
}

const options = ['$select', '$top', '$filter', '$search', '$orderby', '$expand', '$count', '$skiptoken', '$format']

/** Reads and checks the OData options of a listing or a single object (contract §3.2–3.4). Throws `GraphRefusal`. */
export function parseQuery(request: ServiceRequest, rules: ResourceRules): Query {
  const { query } = request
  if (query.has('$skip')) throw badRequest("'$skip' is not supported by the service.")
  for (const name of query.keys()) {
    if (name.startsWith('$') && !options.includes(name))
      throw badRequest(`The query parameter '${name}' is not supported.`)
  }
  const isConsistencyEventual = request.headers.consistencylevel?.toLowerCase() === 'eventual'
  const wantsCount = isConsistencyEventual && query.get('$count')?.toLowerCase() === 'true'
  const filterText = query.get('$filter')
  const filter = filterText === null ? undefined : parseFilter(filterText, rules.properties)
  const orderBy = parseOrderBy(query.get('$orderby'), rules)
  const isAdvanced = filter?.isAdvanced === true || (filter !== undefined && orderBy !== undefined)
  if (isAdvanced && !wantsCount) {
    const property = [...(filter?.properties ?? [])][0] ?? ''
    throw unsupportedQuery(
      `Unsupported or invalid query filter clause specified for property '${property}' of resource '${resourceName(rules)}'.`,
    )
  }
  const search = parseSearch(query.get('$search'))
  if (search !== undefined && !isConsistencyEventual) {
    throw unsupportedQuery(
      "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'",
    )
  }
  const expandsMembers = parseExpand(query.get('$expand'), rules)
  if (expandsMembers && (isAdvanced || search !== undefined))
    throw unsupportedQuery('$expand does not combine with advanced queries.')
  return {
    select: parseSelect(query.get('$select'), rules),
    top: parseTop(query.get('$top')),
    filter,
    search,
    orderBy,
    expandsMembers,
    wantsCount,
    isConsistencyEventual,
    skipToken: query.get('$skiptoken') ?? undefined,
  }
}

export function parseSelect(text: string | null, rules: ResourceRules): readonly string[] | undefined {
  if (text === null) return undefined
  const names = text.split(',').map((name) => name.trim())
  for (const name of names) {
    if (rules.properties.includes(name)) continue
    if (rules.type === 'microsoft.graph.user' && singleUserProperties.includes(name)) {
      if (rules.isCollection === false) continue
      throw new GraphRefusal(501, 'NotImplemented', `The property '${name}' is not supported on a collection.`)
    }
    throw badRequest(
      `Parsing OData Select and Expand failed: Could not find a property named '${name}' on type '${rules.type}'.`,
    )
  }
  return names
}

function parseTop(text: string | null): number | undefined {
  if (text === null) return undefined
  const top = Number(text)
  if (!/^\d+$/.test(text) || top < 1 || top > 999) {
    throw unsupportedQuery(`Invalid page size specified: '${text}'. Must be between 1 and 999 inclusive.`)
  }
  return top
}

function parseOrderBy(text: string | null, rules: ResourceRules): Query['orderBy'] {
  if (text === null) return undefined
  const [property = '', direction = 'asc', ...rest] = text.trim().split(/\s+/)
  if (!rules.orderBy.includes(property) || !['asc', 'desc'].includes(direction) || rest.length > 0) {
    throw unsupportedQuery(`Sorting not supported for '${text}'.`)
  }
  return { property, descending: direction === 'desc' }
}

function parseSearch(text: string | null): Query['search'] {
  if (text === null) return undefined
  const [, property, value] = /^"(\w+):(.*)"$/.exec(text) ?? []
  if (property === undefined || value === undefined) throw badRequest('Syntax error in $search.')
  return { property, text: value.toLowerCase() }
}

function parseExpand(text: string | null, rules: ResourceRules): boolean {
  if (text === null) return false
  if (rules.canExpandMembers === true && text === 'members') return true
  throw badRequest(
    `Parsing OData Select and Expand failed: Could not find a property named '${text}' on type '${rules.type}'.`,
  )
}

function resourceName(rules: ResourceRules): string {
  const name = rules.type.slice('microsoft.graph.'.length)
  return name.charAt(0).toUpperCase() + name.slice(1)
}
