import type { JsonObject, SourceGroup } from '../../identity.ts'
import { isJsonObject } from '../../record-fields.ts'
import type { GroupMembers } from './graph-identities.ts'

/*
 * A delta round in its order becomes one statement for each object (contract §4): the same object may come several
 * times, absent means "not said", null means "cleared", and both reasons of a removal mean "no longer there".
 */

/** What a round says of each user, by id in lower case. */
export function foldUsers(items: readonly JsonObject[]): ReadonlyMap<string, JsonObject | 'removed'> {
  const said = new Map<string, JsonObject | 'removed'>()
  for (const item of items) {
    const id = (item.id as string).toLowerCase()
    const before = said.get(id)
    if (isRemoval(item)) said.set(id, 'removed')
    else said.set(id, { ...(before === 'removed' ? {} : before), ...withoutAnnotations(item) })
  }
  return said
}

export interface GroupDelta {
  readonly record: JsonObject
  /** What became of members, by id in lower case; undefined: no longer a member. */
  readonly members: ReadonlyMap<string, MemberKind | undefined>
}

type MemberKind = 'user' | 'group' | 'other' | 'unknown'

/** What a round says of each group; a large one is told in several parts, each with other members. */
export function foldGroups(items: readonly JsonObject[]): ReadonlyMap<string, GroupDelta | 'removed'> {
  const said = new Map<string, { record: JsonObject; members: Map<string, MemberKind | undefined> } | 'removed'>()
  for (const item of items) {
    const id = (item.id as string).toLowerCase()
    if (isRemoval(item)) {
      said.set(id, 'removed')
      continue
    }
    const before = said.get(id)
    const known = before === undefined || before === 'removed' ? { record: {}, members: new Map() } : before
    for (const member of membersOf(item)) known.members.set(member.id, member.kind)
    said.set(id, { record: { ...known.record, ...withoutAnnotations(item) }, members: known.members })
  }
  return said
}

/** The members of a group after the round; undefined when the round does not tell what some of them are. */
export function memberChanges(group: SourceGroup, { members }: GroupDelta): GroupMembers | undefined {
  const ids = { user: new Set(group.userIds), group: new Set(group.groupIds) }
  for (const [id, kind] of members) {
    if (kind === 'unknown') return undefined
    ids.user.delete(id)
    ids.group.delete(id)
    if (kind === 'user' || kind === 'group') ids[kind].add(id)
  }
  return { areReadable: true, userIds: [...ids.user].sort(), groupIds: [...ids.group].sort() }
}

function isRemoval(item: JsonObject): boolean {
  return item['@removed'] !== undefined && item['@removed'] !== null
}

/** Annotations such as `@odata.type` and `members@delta` are no properties of the object. */
function withoutAnnotations(item: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(item).filter(([name]) => !name.includes('@')))
}

function membersOf(item: JsonObject): readonly { readonly id: string; readonly kind: MemberKind | undefined }[] {
  const members = item['members@delta']
  if (!Array.isArray(members)) return []
  return members.filter(isJsonObject).flatMap((member) => {
    const kind = isRemoval(member) ? undefined : kindOf(member['@odata.type'])
    return typeof member.id === 'string' ? [{ id: member.id.toLowerCase(), kind }] : []
  })
}

function kindOf(type: unknown): MemberKind {
  switch (type) {
    case '#microsoft.graph.user':
      return 'user'
    case '#microsoft.graph.group':
      return 'group'
    default:
      return typeof type === 'string' ? 'other' : 'unknown'
  }
}
