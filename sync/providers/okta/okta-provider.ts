import type { OktaProviderConfig } from '../../../server/runtime/config-schema.ts'
import { allOrFirstFailure } from '../../all-or-first-failure.ts'
import { createCallPacer } from '../../call-pacer.ts'
import type { Clock } from '../../../server/runtime/clock.ts'
import type { JsonObject, Snapshot, SourceGroup, SourceUser } from '../../identity.ts'
import type { FetchContext, IdentityProvider, ProbeResult } from '../../identity-provider.ts'
import { type ReadSecret, readProviderSecret } from '../../provider-secret.ts'
import { ProviderError } from '../../provider-error.ts'
import { objectField, textField } from '../../record-fields.ts'
import { createOktaClient, type Listing, type OktaAccess, type OktaClient } from './okta-client.ts'
import { holdsEverybody, toSourceGroup, toSourceUser } from './okta-identities.ts'
import { readServiceApp } from './service-app.ts'

/** 5 or fewer in parallel (contract §4). */
const maxConcurrentCalls = 5

/** An Okta org, read with an API token or as an OAuth service app. */
export function createOktaProvider(
  config: OktaProviderConfig,
  parts: { readonly clock: Clock; readonly secret: ReadSecret },
): IdentityProvider {
  const org = orgOf(config)
  const okta = createOktaClient({
    provider: config.id,
    orgUrl: org.origin,
    access: () => readAccess(config, parts.secret),
    timeoutMs: config.requestTimeoutSeconds * 1000,
    pacer: createCallPacer({ clock: parts.clock, maxConcurrent: maxConcurrentCalls }),
    clock: parts.clock,
  })
  const { filters } = config
  const groupsNeeded = config.groups || filters.allowUsersInGroups.length > 0 || filters.denyUsersInGroups.length > 0
  return {
    id: config.id,
    type: config.type,
    tenant: org.host.toLowerCase(),
    async fetchAll(context): Promise<Snapshot> {
      const users = config.users ? await readUsers(okta, context) : []
      const groups = groupsNeeded ? await readGroups(config, okta, context, new Set(users.map((user) => user.id))) : []
      return { kind: 'identities', users, groups, domains: [] }
    },
    async test(signal) {
      const context = { signal, traffic: { calls: 0, throttles: 0, repeats: 0, notices: [] } }
      const results: ProbeResult[] = []
      if (config.users)
        results.push(await probe(okta, 'read users', { ...usersListing, path: '/api/v1/users?limit=1' }, context))
      if (groupsNeeded)
        results.push(await probe(okta, 'read groups', { ...groupsListing, path: '/api/v1/groups?limit=1' }, context))
      return results
    },
  }
}

/** Without this search the listing leaves deactivated people out (contract §2.2). */
const usersListing: Listing = {
  path: `/api/v1/users?search=${encodeURIComponent('status pr')}&limit=200`,
  call: 'GET /api/v1/users',
  permission: 'read users',
}
const groupsListing: Listing = {
  path: '/api/v1/groups?limit=200',
  call: 'GET /api/v1/groups',
  permission: 'read groups',
}

async function readUsers(okta: OktaClient, context: FetchContext): Promise<readonly SourceUser[]> {
  return (await whole(okta, usersListing, context, 'users')).map(toSourceUser)
}

async function readGroups(
  config: OktaProviderConfig,
  okta: OktaClient,
  context: FetchContext,
  listedUserIds: ReadonlySet<string>,
): Promise<readonly SourceGroup[]> {
  const records = await whole(okta, groupsListing, context, 'groups')
  let read = 0
  const groups = await allOrFirstFailure(records, context, async (record, calls) => {
    const id = record.id as string
    if (holdsEverybody(record) && !isNamed(config, record)) return [toSourceGroup(record, [])]
    const members = await okta.list(
      {
        path: `/api/v1/groups/${encodeURIComponent(id)}/users?limit=200`,
        call: `GET /api/v1/groups/${id}/users`,
        permission: 'read the members of groups',
      },
      calls,
    )
    context.onProgress({ step: 'members', read: ++read })
    if (members === undefined) return []
    // Whether deactivated people stay listed in groups is not to be relied on: only listed people count.
    return [
      toSourceGroup(
        record,
        members.map((member) => member.id as string).filter((user) => listedUserIds.has(user)),
      ),
    ]
  })
  return groups.flat()
}

/** Whether a rule or a selection names the group, by id or name. */
function isNamed(config: OktaProviderConfig, record: JsonObject): boolean {
  const { selectedGroups, allowUsersInGroups, denyUsersInGroups } = config.filters
  const name = textField(objectField(record, 'profile'), 'name')?.toLowerCase()
  return [...selectedGroups, ...allowUsersInGroups, ...denyUsersInGroups].some(
    (wanted) => wanted === record.id || wanted.toLowerCase() === name,
  )
}

async function whole(okta: OktaClient, listing: Listing, context: FetchContext, step: string) {
  const records = await okta.list(listing, context, (read) => context.onProgress({ step, read }))
  if (records === undefined) throw okta.notFound(listing)
  return records
}

async function probe(
  okta: OktaClient,
  name: string,
  listing: Listing,
  context: Pick<FetchContext, 'signal' | 'traffic'>,
): Promise<ProbeResult> {
  try {
    await okta.probe(listing, context)
    return { name, ok: true, message: 'ok' }
  } catch (error) {
    return { name, ok: false, message: error instanceof Error ? error.message : String(error) }
  }
}

async function readAccess(config: OktaProviderConfig, secret: ReadSecret): Promise<OktaAccess> {
  const { id, apiToken, oauth } = config
  if (oauth !== null) return await readServiceApp(id, oauth)
  if (apiToken !== null) return { kind: 'apiToken', token: await readProviderSecret(id, 'apiToken', apiToken, secret) }
  throw new ProviderError({
    provider: id,
    call: 'sign-in',
    what: 'neither apiToken nor oauth is configured',
    advice: 'Configure one of them.',
  })
}

/** The SDK takes any text for a URL; people paste the admin host and paths (contract §1, §8.1). */
function orgOf(config: OktaProviderConfig): URL {
  const url = new URL(config.orgUrl)
  url.hostname = url.hostname.replace(/^([^.]+)-admin\./, '$1.')
  return new URL(url.origin)
}
