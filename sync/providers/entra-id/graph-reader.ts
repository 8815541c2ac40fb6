import { createHash } from 'node:crypto'
import type { Json } from '../../../server/directory/directory-store.ts'
import type { Clock } from '../../../server/runtime/clock.ts'
import type { EntraProviderConfig } from '../../../server/runtime/config-schema.ts'
import { allOrFirstFailure } from '../../all-or-first-failure.ts'
import type { JsonObject, SourceDomain, SourceGroup, SourceUser } from '../../identity.ts'
import type { FetchContext, Fetched, FetchedChanges, MirrorReader, SourceChanges } from '../../identity-provider.ts'
import { withMember } from '../../group-membership.ts'
import { ProviderError } from '../../provider-error.ts'
import { isJsonObject } from '../../record-fields.ts'
import type { DeltaRound, GraphClient, Listing } from './graph-client.ts'
import { foldGroups, foldUsers, type GroupDelta, memberChanges } from './graph-delta.ts'
import {
  type GroupMembers,
  hiddenMembers,
  hidesMembers,
  toMembers,
  toSourceDomain,
  toSourceGroup,
  toSourceUser,
} from './graph-identities.ts'
import {
  fromNowOn,
  groupListing,
  groupsDelta,
  groupsListing,
  membersListing,
  needsGroups,
  parentsListing,
  selectedUserProperties,
  userListing,
  usersDelta,
  usersListing,
} from './graph-listings.ts'
import type { CallContext } from '../../identity-provider.ts'

/** Where change tracking goes on. A type that is not read has no link. */
type GraphCursor = {
  /** Digest of all that the links depend on: other settings make them useless. */
  readonly shape: string
  readonly users: string | null
  readonly groups: string | null
}

export interface GraphReader {
  readAll(context: FetchContext): Promise<Fetched>
  readChanges(cursor: Json, mirror: MirrorReader, context: FetchContext): Promise<FetchedChanges | undefined>
  readUser(name: string, mirror: MirrorReader, context: FetchContext): Promise<SourceChanges | undefined>
}

/** Reads people, groups and domains of one tenant: everything, what has changed, or one person. */
export function createGraphReader(
  config: EntraProviderConfig,
  graph: GraphClient,
  /** undefined where nothing asks for the domains. */
  domainsListing: Listing | undefined,
  clock: Pick<Clock, 'now'>,
): GraphReader {
  const shape = createHash('sha256')
    .update(
      JSON.stringify([
        config.graphUrl,
        config.tenantId.toLowerCase(),
        config.users ? selectedUserProperties(config) : null,
        needsGroups(config) ? groupsDelta(config).path : null,
      ]),
    )
    .digest('hex')

  /** The links come first: what changes while everything is read is told again by the first delta. */
  async function readAll(context: FetchContext): Promise<Fetched> {
    const users = config.users
      ? { link: await linkFromNow(usersDelta(config), context), read: await readUsers(context) }
      : undefined
    const groups = needsGroups(config)
      ? { link: await linkFromNow(groupsDelta(config), context), read: await readGroups(context) }
      : undefined
    const domains = (await readDomains(context)) ?? []
    const isTracked = (part: { readonly link: string | null } | undefined) => part === undefined || part.link !== null
    const cursor: GraphCursor = { shape, users: users?.link ?? null, groups: groups?.link ?? null }
    return {
      snapshot: { kind: 'identities', users: users?.read ?? [], groups: groups?.read ?? [], domains },
      cursor: isTracked(users) && isTracked(groups) ? cursor : null,
    }
  }

  async function readChanges(
    cursor: Json,
    mirror: MirrorReader,
    context: FetchContext,
  ): Promise<FetchedChanges | undefined> {
    const since = parseCursor(cursor)
    if (since?.shape !== shape) return undefined
    const users = since.users === null ? nothing : await follow(usersDelta(config), since.users, context)
    if (users === undefined) return undefined
    const groups = since.groups === null ? nothing : await follow(groupsDelta(config), since.groups, context)
    if (groups === undefined) return undefined
    const next: GraphCursor = { shape, users: users.deltaLink, groups: groups.deltaLink }
    const people = await changedUsers(users.items, mirror, context)
    const changed = await changedGroups(groups.items, mirror, context)
    for (const id of await returned(people, mirror)) await regroup(id, changed, mirror, context)
    const domains = await readDomains(context)
    return { changes: { users: people, groups: changed, domains }, cursor: next }
  }

  /**
   * People who are new to the mirror and not to the tenant. Deleted ones need not show as members that went, nor restored
   * ones as members that came (contract §4), so that what the groups say of those who come back may be old.
   */
  async function returned(
    people: ReadonlyMap<string, SourceUser | undefined>,
    mirror: MirrorReader,
  ): Promise<readonly string[]> {
    const fresh = new Set<string>()
    const found = new Set<string>()
    for (const [id, user] of people) {
      if (user === undefined || (await mirror.user(id)) !== undefined) continue
      fresh.add(id)
      if (!isNewcomer(user, clock.now())) found.add(id)
    }
    if (fresh.size === 0) return []
    for await (const { userIds } of mirror.groups()) for (const id of userIds) if (fresh.has(id)) found.add(id)
    return [...found]
  }

  async function readUser(
    name: string,
    mirror: MirrorReader,
    context: FetchContext,
  ): Promise<SourceChanges | undefined> {
    const record = await graph.read(userListing(config, name), context)
    if (record === undefined) {
      const id = name.toLowerCase()
      if ((await mirror.user(id)) === undefined) return undefined
      return { users: new Map([[id, undefined]]), groups: new Map(), domains: undefined }
    }
    const user = toSourceUser(record)
    const groups = new Map<string, SourceGroup | undefined>()
    if (needsGroups(config)) await regroup(user.id, groups, mirror, context)
    return { users: new Map([[user.id, user]]), groups, domains: undefined }
  }

  /** Puts a person into exactly the groups that hold the person now. */
  async function regroup(
    userId: string,
    changes: Map<string, SourceGroup | undefined>,
    mirror: MirrorReader,
    context: FetchContext,
  ): Promise<void> {
    const parents = await graph.list(parentsListing(userId), context)
    const holding = new Set(
      (parents ?? [])
        .filter((parent) => parent['@odata.type'] === '#microsoft.graph.group')
        .map((parent) => (parent.id as string).toLowerCase()),
    )
    for await (const stored of mirror.groups()) {
      const group = changes.has(stored.id) ? changes.get(stored.id) : stored
      if (group?.membersReadable !== true || holding.has(group.id) === group.userIds.includes(userId)) continue
      changes.set(group.id, withMember(group, userId, holding.has(group.id)))
    }
  }

  /** null when the service does not track changes of this listing. */
  async function linkFromNow(delta: Listing, context: FetchContext): Promise<string | null> {
    return (await graph.delta(fromNowOn(delta), context))?.deltaLink ?? null
  }

  async function follow(delta: Listing, link: string, context: FetchContext): Promise<DeltaRound | undefined> {
    const step = delta.call.slice('GET /'.length)
    return await graph.delta(delta, context, link, (count) => context.onProgress({ step, count }))
  }

  async function changedUsers(
    items: readonly JsonObject[],
    mirror: MirrorReader,
    context: FetchContext,
  ): Promise<ReadonlyMap<string, SourceUser | undefined>> {
    const changes = new Map<string, SourceUser | undefined>()
    for (const [id, said] of foldUsers(items)) {
      const known = await mirror.user(id)
      const record = said === 'removed' ? undefined : { ...known?.record, ...said }
      // A record that does not tell who may sign in is no record: such a person is asked for.
      const isWhole = record === undefined || typeof record.accountEnabled === 'boolean'
      const whole = isWhole ? record : await graph.read(userListing(config, id), context)
      changes.set(id, whole === undefined ? undefined : toSourceUser(whole))
    }
    return changes
  }

  async function changedGroups(
    items: readonly JsonObject[],
    mirror: MirrorReader,
    context: FetchContext,
  ): Promise<Map<string, SourceGroup | undefined>> {
    const changes = new Map<string, SourceGroup | undefined>()
    await allOrFirstFailure([...foldGroups(items)], context, async ([id, said], calls) => {
      changes.set(id, said === 'removed' ? undefined : await changedGroup(id, said, mirror, calls))
    })
    return changes
  }

  async function changedGroup(
    id: string,
    said: GroupDelta,
    mirror: MirrorReader,
    context: CallContext,
  ): Promise<SourceGroup | undefined> {
    const known = await mirror.group(id)
    const record =
      known === undefined ? await graph.read(groupListing(config, id), context) : { ...known.record, ...said.record }
    if (record === undefined) return undefined
    // Only what was readable before can be brought up to date; anything else is read as a whole.
    const change = known?.membersReadable === true && !hidesMembers(record) ? memberChanges(known, said) : undefined
    if (change !== undefined) return toSourceGroup(record, change)
    const members = await readMembers(record, context)
    return members === undefined ? undefined : toSourceGroup(record, members)
  }

  async function readUsers(context: FetchContext): Promise<readonly SourceUser[]> {
    return (await whole(usersListing(config), context, 'users')).map(toSourceUser)
  }

  async function readDomains(context: FetchContext): Promise<readonly SourceDomain[] | undefined> {
    return domainsListing && (await whole(domainsListing, context, 'domains')).map(toSourceDomain)
  }

  async function readGroups(context: FetchContext): Promise<readonly SourceGroup[]> {
    const records = await whole(groupsListing(config), context, 'groups')
    let read = 0
    const groups = await allOrFirstFailure(records, context, async (record, calls) => {
      const members = await readMembers(record, calls)
      context.onProgress({ step: 'members', count: ++read })
      // A group whose members are not found vanished between the two requests.
      return members === undefined ? [] : [toSourceGroup(record, members)]
    })
    return groups.flat()
  }

  async function readMembers(record: JsonObject, context: CallContext): Promise<GroupMembers | undefined> {
    try {
      const members = await graph.list(membersListing(record.id as string, hidesMembers(record)), context)
      if (members === undefined) return undefined
      return members.length === 0 && hidesMembers(record) ? hiddenMembers : toMembers(members)
    } catch (error) {
      if (hidesMembers(record) && error instanceof ProviderError && error.status === 403) return hiddenMembers
      throw error
    }
  }

  /** A listing that must exist: 404 here is a wrong URL, not a vanished object. */
  async function whole(listing: Listing, context: FetchContext, step: string): Promise<readonly JsonObject[]> {
    const records = await graph.list(listing, context, (count) => context.onProgress({ step, count }))
    if (records === undefined) throw graph.notFound(listing)
    return records
  }

  return { readAll, readChanges, readUser }
}

/** Created within the last day: all memberships are new too, and told. */
function isNewcomer({ created }: SourceUser, now: Date): boolean {
  return created !== null && now.getTime() - Date.parse(created) < 86_400_000
}

/** A type that is not read. */
const nothing: { readonly items: readonly JsonObject[]; readonly deltaLink: null } = { items: [], deltaLink: null }

function parseCursor(cursor: Json): GraphCursor | undefined {
  if (!isJsonObject(cursor)) return undefined
  const { shape, users, groups } = cursor
  const isLink = (link: Json | undefined): link is string | null => link === null || typeof link === 'string'
  return typeof shape === 'string' && isLink(users) && isLink(groups) ? { shape, users, groups } : undefined
}
