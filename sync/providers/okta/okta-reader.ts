import type { Json } from '../../../server/directory/directory-store.ts'
import type { OktaProviderConfig } from '../../../server/runtime/config-schema.ts'
import { allOrFirstFailure } from '../../all-or-first-failure.ts'
import type { JsonObject, SourceGroup, SourceUser } from '../../identity.ts'
import type { FetchContext, Fetched, FetchedChanges, MirrorReader, SourceChanges } from '../../identity-provider.ts'
import { withMember } from '../../group-membership.ts'
import { ProviderError } from '../../provider-error.ts'
import { isJsonObject, objectField, textField } from '../../record-fields.ts'
import type { CallContext } from '../../identity-provider.ts'
import type { Listing, OktaClient } from './okta-client.ts'
import { holdsEverybody, toSourceGroup, toSourceUser } from './okta-identities.ts'
import {
  deletionEvents,
  groupsListing,
  groupsOfUserListing,
  membersListing,
  needsGroups,
  presentUsersListing,
  userListing,
  usersListing,
  usersUpdatedAfter,
} from './okta-listings.ts'

/** Where reading changes goes on. */
type OktaCursor = {
  /** ISO 8601 by the server's clock: when the last read began. */
  readonly since: string
  /** What was read then, under which settings; others need everything again. */
  readonly reads: string
}

/** The index that searches read lags behind; windows overlap by more than that (contract §2.2). */
const overlapMs = 10 * 60_000

/** Up to this many people the ids are compared in every run (25 pages); beyond, the system log tells who was deleted. */
const comparedUpTo = 5000

/** So many people missing at once are no deletions to be looked at one by one. */
const maxMissing = 100

export interface OktaReader {
  readAll(context: FetchContext): Promise<Fetched>
  readChanges(cursor: Json, mirror: MirrorReader, context: FetchContext): Promise<FetchedChanges | undefined>
  readUser(name: string, mirror: MirrorReader, context: FetchContext): Promise<SourceChanges | undefined>
}

/** Reads people and groups of one org: everything, what has changed, or one person. */
export function createOktaReader(config: OktaProviderConfig, okta: OktaClient): OktaReader {
  const reads = { users: config.users, groups: needsGroups(config) }
  const { selectedGroups, allowUsersInGroups, denyUsersInGroups } = config.filters
  const namedGroups = [...selectedGroups, ...allowUsersInGroups, ...denyUsersInGroups]
  const shape = JSON.stringify([reads, namedGroups])

  async function readAll(context: FetchContext): Promise<Fetched> {
    let began: Date | undefined
    const note = (serverTime: Date | undefined) => {
      began ??= serverTime
    }
    const users = reads.users ? await whole(usersListing, context, 'users', note) : []
    const groups = reads.groups ? await whole(groupsListing, context, 'groups', note) : []
    return {
      snapshot: {
        kind: 'identities',
        users: users.map(toSourceUser),
        groups: await readGroups(groups, context),
        domains: [],
      },
      cursor: began === undefined ? null : cursorAt(began),
    }
  }

  async function readChanges(
    cursor: Json,
    mirror: MirrorReader,
    context: FetchContext,
  ): Promise<FetchedChanges | undefined> {
    const last = parseCursor(cursor)
    if (last?.reads !== shape) return undefined
    const from = new Date(last.since.getTime() - overlapMs)
    let began: Date | undefined
    const note = (serverTime: Date | undefined) => {
      began ??= serverTime
    }
    const updated = reads.users ? await whole(usersUpdatedAfter(from), context, 'users', note) : []
    const groups = reads.groups ? await whole(groupsListing, context, 'groups', note) : []
    const users = new Map<string, SourceUser | undefined>(updated.map(toSourceUser).map((user) => [user.id, user]))
    if (reads.users) {
      const missing = await missingUsers(from, began, users, mirror, context)
      if (missing === undefined) return undefined
      for (const id of missing) users.set(id, await readOne(id, context))
    }
    const changed = await changedGroups(groups, from, mirror, context)
    if (reads.groups) await regroupReturned(users, changed, mirror, context)
    return began === undefined
      ? undefined
      : { changes: { users, groups: changed, domains: undefined }, cursor: cursorAt(began) }
  }

  async function readUser(
    name: string,
    mirror: MirrorReader,
    context: FetchContext,
  ): Promise<SourceChanges | undefined> {
    const user = await readOne(name, context)
    if (user === undefined) {
      if ((await mirror.user(name)) === undefined) return undefined
      return { users: new Map([[name, undefined]]), groups: new Map(), domains: undefined }
    }
    const groups = new Map<string, SourceGroup>()
    if (reads.groups) await regroup(user.id, groups, mirror, context)
    return { users: new Map([[user.id, user]]), groups, domains: undefined }
  }

  function cursorAt(began: Date): OktaCursor {
    return { since: began.toISOString(), reads: shape }
  }

  async function readOne(name: string, context: CallContext): Promise<SourceUser | undefined> {
    const record = await okta.read(userListing(name), context)
    return record === undefined ? undefined : toSourceUser(record)
  }

  /**
   * Ids of people the mirror holds and the org perhaps no more: a deleted person is simply gone, and was deactivated
   * only a moment before. undefined when there are too many to look at one by one.
   */
  async function missingUsers(
    from: Date,
    began: Date | undefined,
    updated: ReadonlyMap<string, unknown>,
    mirror: MirrorReader,
    context: FetchContext,
  ): Promise<readonly string[] | undefined> {
    const present = new Set<string>()
    for await (const user of mirror.users()) if (user.record.status !== 'DEPROVISIONED') present.add(user.id)
    for (const id of updated.keys()) present.delete(id)
    const deleted = present.size <= comparedUpTo ? undefined : await deletedUsers(from, began, context)
    if (deleted !== undefined) return deleted.filter((id) => present.has(id))
    for (const { id } of await whole(presentUsersListing, context, 'present users')) present.delete(id as string)
    return present.size <= maxMissing ? [...present] : undefined
  }

  /** From the system log; undefined when it may not be read. */
  async function deletedUsers(
    from: Date,
    until: Date | undefined,
    context: CallContext,
  ): Promise<readonly string[] | undefined> {
    if (until === undefined) return undefined
    try {
      // The server's clock is read from a header that leaves fractions of a second out.
      const events = await okta.list(deletionEvents(from, new Date(until.getTime() + 1000)), context)
      return events?.flatMap(({ target }) =>
        (Array.isArray(target) ? target.filter(isJsonObject) : []).flatMap(({ type, id }) =>
          type === 'User' && typeof id === 'string' ? [id] : [],
        ),
      )
    } catch (error) {
      if (error instanceof ProviderError && error.status !== undefined && logRefusals.has(error.status))
        return undefined
      throw error
    }
  }

  /** Groups that are new, gone, or whose profile or members may differ from what the mirror holds. */
  async function changedGroups(
    listed: readonly JsonObject[],
    from: Date,
    mirror: MirrorReader,
    context: FetchContext,
  ): Promise<Map<string, SourceGroup | undefined>> {
    const changes = new Map<string, SourceGroup | undefined>()
    if (!reads.groups) return changes
    const stale: JsonObject[] = []
    for (const record of listed) {
      const known = await mirror.group(record.id as string)
      if (known === undefined || membersMayDiffer(record, known.record, from)) stale.push(record)
      else changes.set(known.id, toSourceGroup(record, known.userIds))
    }
    for (const group of await readGroups(stale, context)) changes.set(group.id, group)
    const present = new Set(listed.map((record) => record.id))
    for await (const group of mirror.groups()) if (!present.has(group.id)) changes.set(group.id, undefined)
    // A group that vanished between listing and reading its members.
    for (const { id } of stale) if (!changes.has(id as string)) changes.set(id as string, undefined)
    return changes
  }

  /**
   * Whether deactivated people stay members is not to be relied on: who comes back is looked at, also who went and came
   * between two runs.
   */
  async function regroupReturned(
    users: ReadonlyMap<string, SourceUser | undefined>,
    groups: Map<string, SourceGroup | undefined>,
    mirror: MirrorReader,
    context: FetchContext,
  ): Promise<void> {
    for (const [id, user] of users) {
      if (user === undefined || user.record.status === 'DEPROVISIONED') continue
      const before = (await mirror.user(id))?.record
      if (before === undefined) continue
      const hasReturned = before.status === 'DEPROVISIONED' || before.statusChanged !== user.record.statusChanged
      if (hasReturned) await regroup(id, groups, mirror, context)
    }
  }

  /** Puts a person into exactly the groups that hold the person now. */
  async function regroup(
    userId: string,
    groups: Map<string, SourceGroup | undefined>,
    mirror: MirrorReader,
    context: CallContext,
  ): Promise<void> {
    const holding = await okta.list(groupsOfUserListing(userId), context)
    const ids = new Set((holding ?? []).map(({ id }) => id))
    for await (const stored of mirror.groups()) {
      const group = groups.has(stored.id) ? groups.get(stored.id) : stored
      if (group === undefined || !isRead(group.record) || ids.has(group.id) === group.userIds.includes(userId)) continue
      groups.set(group.id, withMember(group, userId, ids.has(group.id)))
    }
  }

  async function readGroups(records: readonly JsonObject[], context: FetchContext): Promise<readonly SourceGroup[]> {
    let read = 0
    const groups = await allOrFirstFailure(records, context, async (record, calls) => {
      if (!isRead(record)) return [toSourceGroup(record, [])]
      const members = await okta.list(membersListing(record.id as string), calls)
      context.onProgress({ step: 'members', count: ++read })
      const ids = members?.map((member) => member.id as string)
      return ids === undefined ? [] : [toSourceGroup(record, ids)]
    })
    return groups.flat()
  }

  /** The members of the group that holds everybody are read only where a rule or a selection names it. */
  function isRead(record: JsonObject): boolean {
    if (!holdsEverybody(record)) return true
    const name = textField(objectField(record, 'profile'), 'name')?.toLowerCase()
    return namedGroups.some((wanted) => wanted === record.id || wanted.toLowerCase() === name)
  }

  async function whole(
    listing: Listing,
    context: FetchContext,
    step: string,
    onServerTime: (time: Date | undefined) => void = () => {},
  ): Promise<readonly JsonObject[]> {
    const records = await okta.list(listing, context, ({ read, serverTime }) => {
      onServerTime(serverTime)
      context.onProgress({ step, count: read })
    })
    if (records === undefined) throw okta.notFound(listing)
    return records
  }

  return { readAll, readChanges, readUser }
}

/** Answers that mean "not for you": the log needs a right of its own. */
const logRefusals = new Set([400, 403, 404, 405])

/** A time within the overlap tells nothing: more may have changed at the same moment. */
function membersMayDiffer(record: JsonObject, known: JsonObject, from: Date): boolean {
  const time = textField(record, 'lastMembershipUpdated')
  return time === null || time !== known.lastMembershipUpdated || Date.parse(time) >= from.getTime()
}

function parseCursor(cursor: Json) {
  if (!isJsonObject(cursor) || typeof cursor.since !== 'string') return undefined
  const since = new Date(cursor.since)
  if (Number.isNaN(since.getTime())) return undefined
  return { since, reads: cursor.reads }
}
