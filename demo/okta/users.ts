import { type ApiAnswer, type ApiContext, requireScope } from './api-context.ts'
import { type ExpressionRules, parseExpression } from './expression.ts'
import { parseLimit } from './listing.ts'
import { type OktaUser, userTypeId } from './objects.ts'
import { invalidSearch, notFound } from './okta-error.ts'

const listLimit = 200
const typeAheadLimit = 10

const filterable = new Set([
  'status',
  'lastUpdated',
  'id',
  'profile.login',
  'profile.email',
  'profile.firstName',
  'profile.lastName',
])
const searchable = new Set(['id', 'status', 'created', 'activated', 'statusChanged', 'lastUpdated', 'type.id'])
const containable = new Set(['profile.firstName', 'profile.lastName', 'profile.email', 'profile.login'])
const ordered = ['gt', 'ge', 'lt', 'le']

const filterRules: ExpressionRules = (property, operator) =>
  filterable.has(property) && (operator === 'eq' || (property === 'lastUpdated' && ordered.includes(operator)))

const searchRules: ExpressionRules = (property, operator) =>
  (searchable.has(property) || /^profile\.\w+$/.test(property)) && (operator !== 'co' || containable.has(property))

/** `GET /api/v1/users`: without `filter` and `search` DEPROVISIONED users are left out (contract §2.2, §2.3). */
export function listUsers(context: ApiContext): ApiAnswer {
  requireScope(context, 'okta.users.read')
  const { directory, listings, origin, request } = context
  const typeAhead = request.query.get('q')
  if (typeAhead !== null) return findByTypeAhead(context, typeAhead)
  const page = listings.page(request, listLimit, () => {
    const matches = userPredicate(request.query)
    return [...directory.users.values()]
      .filter((user) => matches(wireUser(user, origin)))
      .map(({ id }) => id)
      .sort()
  })
  const users = page.ids.flatMap((id) => directory.users.get(id) ?? [])
  return { body: users.map((user) => wireUser(user, origin)), links: page.links }
}

/** `GET /api/v1/users/{id or login}` */
export function showUser(context: ApiContext, name: string): ApiAnswer {
  requireScope(context, 'okta.users.read')
  const user = context.directory.findUser(name)
  if (user === undefined) throw notFound(name, 'User')
  return { body: wireUser(user, context.origin) }
}

export function wireUser(user: OktaUser, origin: string): Record<string, unknown> {
  const { profile, provider, ...rest } = user
  return {
    ...rest,
    type: { id: userTypeId },
    profile,
    credentials: { provider },
    _links: { self: { href: `${origin}/api/v1/users/${user.id}` } },
  }
}

function userPredicate(query: URLSearchParams): (user: object) => boolean {
  const [filter, search] = [query.get('filter'), query.get('search')]
  if (filter !== null && search !== null) throw invalidSearch()
  if (filter !== null) return parseExpression(filter, filterRules)
  if (search !== null) return parseExpression(search, searchRules)
  return (user) => Reflect.get(user, 'status') !== 'DEPROVISIONED'
}

/** `q`: beginnings of first name, last name or email; no paging. */
function findByTypeAhead({ directory, origin, request }: ApiContext, text: string): ApiAnswer {
  const limit = Math.min(parseLimit(request.query.get('limit'), typeAheadLimit), typeAheadLimit)
  const wanted = text.toLowerCase()
  const users = [...directory.users.values()].filter(({ status, profile }) => {
    const values = [profile.firstName, profile.lastName, profile.email]
    return status !== 'DEPROVISIONED' && values.some((value) => value?.toLowerCase().startsWith(wanted))
  })
  return { body: users.slice(0, limit).map((user) => wireUser(user, origin)) }
}
