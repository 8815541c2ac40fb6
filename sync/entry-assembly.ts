import type { AttributeValue, Entry } from '../server/directory/entry.ts'
import { normalizeDn } from '../server/protocol/distinguished-name.ts'
import { formatGeneralizedTime } from '../server/protocol/generalized-time.ts'
import { createBreather } from './breather.ts'
import { decisionKey, type UserCandidate, type GroupCandidate } from './candidates.ts'
import { groupDn, mergedContainers } from './container-entries.ts'
import type { DesiredInput } from './desired-input.ts'
import type { Draft, Drafts } from './drafts.ts'
import { differingAttributes } from './entry-equality.ts'
import { entryType, type FileEntry, textValuesOf } from './file-entries.ts'
import { groupAttributes, primaryGroupAttributes, setReferences } from './group-entry.ts'
import { createKeptReferences } from './kept-references.ts'
import { localAttributes, personAttributes } from './person-entry.ts'
import { keptPrimaryGroups, type PrimaryGroups, privateGroupUuid, sharedGroupName } from './primary-groups.ts'

export interface AssembledEntries {
  /** By entryUUID. */
  readonly entries: ReadonlyMap<string, Entry>
  /** Source objects without an entry, because another one has their DN or entryUUID. */
  readonly displaced: readonly { readonly key: string; readonly entryUUID: string; readonly reason: string }[]
}

type Attributes = ReadonlyMap<string, readonly AttributeValue[]>

/**
 * Every entry of the directory, references resolved. Who comes first has the DN: entries that stay, containers,
 * entries of files, the shared group, then people with their private groups, and groups.
 */
export async function assembleEntries(
  input: DesiredInput,
  drafted: Drafts,
  files: readonly FileEntry[],
  groups: PrimaryGroups,
): Promise<AssembledEntries> {
  const breathe = createBreather()
  const { config, current, holds } = input
  const { drafts, primaryGroup } = drafted
  const byKey = new Map(drafts.flatMap((draft) => draft.candidate.activeKeys.map((key) => [key, draft])))
  const kept = keptEntries(input)
  const references = createKeptReferences(current, holds, kept, drafts)
  const containers = mergedContainers(config, files)
  const containerKeys = new Set(containers.map((container) => normalizeDn(container.dn)))
  const stamp = formatGeneralizedTime(input.now)
  const mappedNames = new Set(
    config.providers.flatMap((each) => (each.type === 'ldif' ? [] : Object.keys(each.attributes))).map(lower),
  )
  const entries = new Map<string, Entry>()
  const dnKeys = new Set<string>()
  const displaced: { key: string; entryUUID: string; reason: string }[] = []

  for (const entry of kept) place(entry.entryUUID, entry.dn, references.keptAttributes(entry))
  for (const container of containers) place(container.entryUUID, container.dn, container.attributes)
  for (const file of files) {
    placeFile(file)
    await breathe()
  }
  for (const { entryUUID, dn, attributes } of keptPrimaryGroups(kept, current, primaryGroup))
    place(entryUUID, dn, attributes)
  if (!groups.arePrivate) placePrimaryGroup(primaryGroup, sharedGroupName(config.posix), 'primary-group')
  for (const draft of drafts) {
    placeDraft(draft)
    await breathe()
  }
  return { entries, displaced }

  function place(entryUUID: string, dn: string, attributes: Attributes, key = normalizeDn(dn)): boolean {
    if (entries.has(entryUUID) || dnKeys.has(key)) return false
    dnKeys.add(key)
    entries.set(entryUUID, withTimes({ entryUUID, dn, attributes }))
    return true
  }

  function placePrimaryGroup(
    { entryUUID, number }: Drafts['primaryGroup'],
    name: string,
    kind: 'primary-group' | 'private-group',
  ): void {
    place(entryUUID, groupDn(config.baseDn, name), primaryGroupAttributes(name, number, kind))
  }

  function placeFile(file: FileEntry): void {
    const { id, line } = file.source
    if (containerKeys.has(file.key) || holds.keptOut.has(id) || holds.keptEntries.has(id)) return
    if (place(id, file.dn, file.attributes, file.key)) return
    displaced.push({
      key: decisionKey(file.provider, entryType(file) === 'group' ? 'group' : 'user', id),
      entryUUID: id,
      reason: `its DN or entryUUID belongs to another entry (line ${line})`,
    })
  }

  function placeDraft(draft: Draft): void {
    const { candidate, entryUUID, dn } = draft
    const attributes = candidate.kind === 'user' ? person(draft, candidate) : group(draft, candidate)
    const isPlaced = place(entryUUID, dn, attributes)
    if (isPlaced && groups.arePrivate && candidate.kind === 'user')
      placePrimaryGroup({ entryUUID: privateGroupUuid(entryUUID), number: draft.number }, draft.name, 'private-group')
    if (isPlaced || holds.keptEntries.has(entryUUID)) return
    displaced.push({ key: candidate.decisionKey, entryUUID, reason: `${dn} or its entryUUID belongs to another entry` })
  }

  function person(draft: Draft, candidate: UserCandidate): Attributes {
    const manager = candidate.managerKey === null ? undefined : activeDraft(candidate.managerKey)
    return personAttributes({
      user: candidate.user,
      username: draft.name,
      uidNumber: draft.number,
      gidNumber: groups.gidNumberOf(draft),
      posix: config.posix,
      active: candidate.active,
      managerDn: manager?.dn,
      mapped: candidate.mapped,
      sources: candidate.sources,
      local: locallyKept(current.entryByUuid(draft.entryUUID), mappedNames),
    })
  }

  function group(draft: Draft, candidate: GroupCandidate): Attributes {
    const { membership, group: source, id, keyOf } = candidate
    const isDirect = config.directory.nestedGroups === 'direct'
    const memberIds = isDirect ? source.userIds : [...membership.allUserIds(id)]
    const members = memberIds.flatMap((user) => activeDraft(keyOf(user)) ?? [])
    const childGroups = isDirect ? source.groupIds.flatMap((child) => byKey.get(keyOf(child)) ?? []) : []
    const parents = isDirect ? [] : membership.parentIds(id).flatMap((parent) => byKey.get(keyOf(parent)) ?? [])
    const held = references.heldMembers(draft.entryUUID)
    const attributes = groupAttributes({
      group: source,
      name: draft.name,
      gidNumber: draft.number,
      sources: candidate.sources,
    })
    setReferences(attributes, {
      members: [...members, ...childGroups]
        .map((member) => references.finalDn(member.entryUUID) ?? member.dn)
        .concat(held.dns),
      memberUids: members.map(servedName).concat(held.uids),
      parents: parents.map((parent) => parent.dn),
    })
    return attributes
  }

  /** The name of today for somebody who is kept as today. */
  function servedName({ entryUUID, name }: Draft): string {
    const kept = holds.keptEntries.has(entryUUID) ? current.entryByUuid(entryUUID) : undefined
    return (kept && textValuesOf(kept.attributes, 'uid')[0]) ?? name
  }

  function activeDraft(key: string): Draft | undefined {
    const draft = byKey.get(key)
    return draft?.candidate.active === true ? draft : undefined
  }

  /** createTimestamp of the first time; modifyTimestamp moves only when something else changes. An equal entry is today's. */
  function withTimes(entry: Entry): Entry {
    const existing = current.entryByUuid(entry.entryUUID)
    const attributes = new Map(entry.attributes)
    attributes.set('createTimestamp', existing?.attributes.get('createTimestamp') ?? [stamp])
    const isUnchanged =
      existing?.dn === entry.dn &&
      differingAttributes(existing.attributes, attributes, ['modifyTimestamp']).length === 0
    if (isUnchanged && existing.attributes.has('modifyTimestamp')) return existing
    attributes.set('modifyTimestamp', [stamp])
    return { ...entry, attributes }
  }
}

/** What providers give is never kept as people's own: it goes when the provider takes it away. */
function locallyKept(entry: Entry | undefined, mappedNames: ReadonlySet<string>): Attributes {
  return new Map(
    localAttributes.flatMap((name) => {
      const values = mappedNames.has(lower(name)) ? undefined : entry?.attributes.get(name)
      return values === undefined ? [] : [[name, values] as const]
    }),
  )
}

function lower(name: string): string {
  return name.toLowerCase()
}

/** Entries that stay because the guard holds them, and those of providers nothing is known about yet. */
function keptEntries({ providers, current, holds }: DesiredInput): readonly Entry[] {
  const blind = new Set(providers.filter(({ snapshot }) => snapshot === undefined).map(({ config }) => config.id))
  if (holds.keptEntries.size === 0 && blind.size === 0) return []
  return [...current.entries()].filter((entry) => {
    if (holds.keptEntries.has(entry.entryUUID)) return true
    const sources = textValuesOf(entry.attributes, 'rosterdSource')
    return sources.length > 0 && sources.every((source) => blind.has(source.slice(0, source.indexOf(':'))))
  })
}
