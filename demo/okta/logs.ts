import type { PageTokens } from '../https/page-tokens.ts'
import { type ApiAnswer, type ApiContext, requireScope } from './api-context.ts'
import type { OktaEvent } from './event-log.ts'
import { type ExpressionRules, parseExpression } from './expression.ts'
import { parseLimit } from './listing.ts'
import { invalid } from './okta-error.ts'

const defaultLimit = 100
const largestLimit = 1000
const defaultReachMs = 7 * 24 * 60 * 60 * 1000

const filterable = new Set(['eventType', 'outcome.result', 'actor.id', 'severity', 'published', 'uuid'])
const filterRules: ExpressionRules = (property) => filterable.has(property)

/** Where a listing of the log goes on. */
interface OpenLog {
  /** Events looked at so far, of all there ever were. */
  readonly position: number
  readonly sinceMs: number
}

export type LogCursors = PageTokens<OpenLog>

/**
 * `GET /api/v1/logs`, ascending (contract §7): without `until` there is always a next link, which tells later what has
 * happened since.
 */
export function listLogs(context: ApiContext): ApiAnswer {
  requireScope(context, 'okta.logs.read')
  const { directory, listings, logCursors, origin, request, now } = context
  const { query, path } = request
  if ((query.get('sortOrder') ?? 'ASCENDING') !== 'ASCENDING') throw invalid('sortOrder', 'only ASCENDING is simulated')
  const limit = parseLimit(query.get('limit'), defaultLimit, largestLimit)
  const size = request.emptyPage ? 0 : Math.min(limit, listings.pageSize ?? limit)
  const untilMs = instant(query, 'until')
  const after = query.get('after')
  const cursor =
    after === null
      ? { position: 0, sinceMs: instant(query, 'since') ?? (untilMs ?? now().getTime()) - defaultReachMs }
      : logCursors.read(after)
  if (cursor === undefined) throw invalid('after', 'invalid cursor')
  const filter = query.get('filter')
  const isFiltered = filter === null ? () => true : parseExpression(filter, filterRules)
  const isWanted = (event: OktaEvent) => {
    const publishedMs = Date.parse(event.published)
    return publishedMs >= cursor.sinceMs && publishedMs <= (untilMs ?? Infinity) && isFiltered(event)
  }
  const { events } = directory.log
  const found = events.flatMap((event, index) =>
    index >= cursor.position && isWanted(event) ? [{ event, index }] : [],
  )
  const page = found.slice(0, size)
  const links = [`<${origin}${request.target}>; rel="self"`]
  if (untilMs === undefined || found.length > size) {
    const position = found[size]?.index ?? events.length
    const next = new URLSearchParams([['after', logCursors.issue({ ...cursor, position })]])
    for (const [name, value] of query) if (name !== 'after' && name !== 'since') next.append(name, value)
    links.push(`<${origin}${path}?${next.toString()}>; rel="next"`)
  }
  return { body: page.map(({ event }) => event), links }
}

function instant(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) throw invalid(name, 'not an ISO 8601 instant')
  return ms
}
