import type { EntraProviderConfig } from '../../../server/runtime/config-schema.ts'
import { allOrFirstFailure } from '../../all-or-first-failure.ts'
import { createCallPacer } from '../../call-pacer.ts'
import type { Clock } from '../../../server/runtime/clock.ts'
import type { JsonObject, Snapshot, SourceDomain, SourceGroup, SourceUser } from '../../identity.ts'
import type { FetchContext, IdentityProvider, ProbeResult } from '../../identity-provider.ts'
import type { ReadSecret } from '../../provider-secret.ts'
import { ProviderError } from '../../provider-error.ts'
import { applicationCredentials } from './application-credentials.ts'
import { type CallContext, checkTenant, createAccessTokens } from './access-token.ts'
import { createGraphClient, type GraphClient, type Listing } from './graph-client.ts'
import {
  type GroupMembers,
  groupProperties,
  hiddenMembers,
  hidesMembers,
  toMembers,
  toSourceDomain,
  toSourceGroup,
  toSourceUser,
  userProperties,
} from './graph-identities.ts'

/** 4 to 8 in parallel are plenty (contract §6.3). */
const maxConcurrentCalls = 5

/** Microsoft Entra ID and Office 365: one API under two names. */
export function createEntraProvider(
  config: EntraProviderConfig,
  parts: {
    readonly clock: Clock
    readonly secret: ReadSecret
    /** Whether linking people asks which domains are verified. */
    readonly linkingReadsDomains: boolean
  },
): IdentityProvider {
  const domainsAreRead = parts.linkingReadsDomains || ruleReadsDomains(config)
  const timeoutMs = config.requestTimeoutSeconds * 1000
  const tokens = createAccessTokens({
    provider: config.id,
    tenantId: config.tenantId,
    clientId: config.clientId,
    credentials: applicationCredentials(config, parts.secret),
    authorityHost: config.authorityHost,
    scope: config.scope,
    timeoutMs,
    clock: parts.clock,
  })
  const graph = createGraphClient({
    provider: config.id,
    graphUrl: config.graphUrl,
    timeoutMs,
    tokens,
    pacer: createCallPacer({ clock: parts.clock, maxConcurrent: maxConcurrentCalls }),
    clock: parts.clock,
  })
  return {
    id: config.id,
    type: config.type,
    tenant: config.tenantId.toLowerCase(),
    async fetchAll(context): Promise<Snapshot> {
      checkTenant(config.id, config.tenantId)
      const users = config.users ? await readUsers(graph, context) : []
      const groups = config.groups || namesGroups(config) ? await readGroups(graph, context) : []
      const domains = domainsAreRead ? await readDomains(graph, context) : []
      return { kind: 'identities', users, groups, domains }
    },
    async test(signal) {
      const context = { signal, traffic: { calls: 0, throttles: 0, repeats: 0, notices: [] } }
      const results: ProbeResult[] = []
      const probeListing = async (listing: Listing) => {
        checkTenant(config.id, config.tenantId)
        await graph.probe(listing, context)
      }
      for (const [name, listing] of probes(config, domainsAreRead))
        results.push(await probe(name, () => probeListing(listing)))
      return results
    },
  }
}

/** Whether a rule needs groups although none are served. */
function namesGroups(config: EntraProviderConfig): boolean {
  return config.filters.allowUsersInGroups.length > 0 || config.filters.denyUsersInGroups.length > 0
}

/** The tenant's domains are asked for only where a rule, or linking, reads them: one permission less otherwise. */
function ruleReadsDomains({ users, filters }: EntraProviderConfig): boolean {
  return users && filters.domainRestriction && filters.domains.length === 0
}

const usersListing: Listing = {
  path: `/users?$select=${userProperties.join(',')}&$top=999`,
  call: 'GET /users',
  permission: 'User.Read.All',
  saying: 'accountEnabled',
}
const groupsListing: Listing = {
  path: `/groups?$select=${groupProperties.join(',')}&$top=999`,
  call: 'GET /groups',
  permission: 'GroupMember.Read.All (or Group.Read.All)',
}
const domainsListing: Listing = { path: '/domains', call: 'GET /domains', permission: 'Domain.Read.All' }

async function readUsers(graph: GraphClient, context: FetchContext): Promise<readonly SourceUser[]> {
  const records = await whole(graph, usersListing, context, 'users')
  return records.map(toSourceUser)
}

async function readDomains(graph: GraphClient, context: FetchContext): Promise<readonly SourceDomain[]> {
  return (await whole(graph, domainsListing, context, 'domains')).map(toSourceDomain)
}

async function readGroups(graph: GraphClient, context: FetchContext): Promise<readonly SourceGroup[]> {
  const records = await whole(graph, groupsListing, context, 'groups')
  let read = 0
  const groups = await allOrFirstFailure(records, context, async (record, calls) => {
    const members = await readMembers(graph, record, calls)
    context.onProgress({ step: 'members', read: ++read })
    // A group whose members are not found vanished between the two requests.
    return members === undefined ? [] : [toSourceGroup(record, members)]
  })
  return groups.flat()
}

async function readMembers(
  graph: GraphClient,
  record: JsonObject,
  context: CallContext,
): Promise<GroupMembers | undefined> {
  const id = record.id as string
  const listing: Listing = {
    path: `/groups/${encodeURIComponent(id)}/members?$select=id&$top=999`,
    call: `GET /groups/${id}/members`,
    permission: 'GroupMember.Read.All',
    saying: '@odata.type',
  }
  try {
    const members = await graph.list(listing, context)
    if (members === undefined) return undefined
    return members.length === 0 && hidesMembers(record) ? hiddenMembers : toMembers(members)
  } catch (error) {
    if (hidesMembers(record) && error instanceof ProviderError && error.status === 403) return hiddenMembers
    throw error
  }
}

/** A listing that must exist: 404 here is a wrong URL, not a vanished object. */
async function whole(
  graph: GraphClient,
  listing: Listing,
  context: FetchContext,
  step: string,
): Promise<readonly JsonObject[]> {
  const records = await graph.list(listing, context, (read) => context.onProgress({ step, read }))
  if (records === undefined) throw graph.notFound(listing)
  return records
}

function probes(config: EntraProviderConfig, domainsAreRead: boolean): readonly (readonly [string, Listing])[] {
  const one = (path: string, listing: Listing): Listing => ({ ...listing, path })
  return [
    ...(config.users ? ([['read users', one('/users?$select=id,accountEnabled&$top=1', usersListing)]] as const) : []),
    ...(config.groups ? ([['read groups', one('/groups?$select=id&$top=1', groupsListing)]] as const) : []),
    ...(domainsAreRead ? ([['read domains', domainsListing]] as const) : []),
  ]
}

async function probe(name: string, call: () => Promise<void>): Promise<ProbeResult> {
  try {
    await call()
    return { name, ok: true, message: 'ok' }
  } catch (error) {
    return { name, ok: false, message: error instanceof Error ? error.message : String(error) }
  }
}
