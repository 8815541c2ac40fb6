import type { AttributeValue, Entry } from '../server/directory/entry.ts'
import type { CurrentDirectory, Holds } from './desired-input.ts'
import type { Draft } from './drafts.ts'
import { entryType, textValuesOf } from './file-entries.ts'
import { setReferences } from './group-entry.ts'

export interface KeptReferences {
  /** Members a group keeps because they or it are held: those of today that will still exist. */
  heldMembers(groupUuid: string): { readonly dns: readonly string[]; readonly uids: readonly string[] }
  /** DN that an entry will have; undefined for one that will not be there. */
  finalDn(entryUUID: string): string | undefined
  /** A kept entry stays as it is, but for references to entries that move or go. */
  keptAttributes(entry: Entry): Map<string, readonly AttributeValue[]>
}

/** Keeps references between entries whole while some of them are held: by entryUUID, from today's DN to tomorrow's. */
export function createKeptReferences(
  current: CurrentDirectory,
  holds: Holds,
  kept: readonly Entry[],
  drafts: readonly Draft[],
): KeptReferences {
  const keptUuids = new Set(kept.map((entry) => entry.entryUUID))
  const draftByUuid = new Map(drafts.map((draft) => [draft.entryUUID, draft]))
  const finalDns = new Map(drafts.map((draft) => [draft.entryUUID, draft.dn]))
  for (const entry of kept) finalDns.set(entry.entryUUID, entry.dn)
  return { heldMembers, finalDn: (entryUUID) => finalDns.get(entryUUID), keptAttributes }

  function heldMembers(groupUuid: string) {
    const dns: string[] = []
    const uids: string[] = []
    const keepsAll = holds.keptMembers.has(groupUuid) || keptUuids.has(groupUuid)
    const group = keepsAll || kept.length > 0 ? current.entryByUuid(groupUuid) : undefined
    if (group === undefined) return { dns, uids }
    for (const dn of textValuesOf(group.attributes, 'member')) {
      const member = current.entryByDn(dn)
      const finalDn = member === undefined ? undefined : finalDns.get(member.entryUUID)
      if (member === undefined || finalDn === undefined) continue
      const draft = draftByUuid.get(member.entryUUID)
      // Who was deactivated with evidence is in no group any more, held or not.
      if (!keptUuids.has(member.entryUUID) && (!keepsAll || draft?.candidate.active === false)) continue
      // Who would stay anyway, and is held for another reason, is a member where the provider says so.
      if (!keepsAll && draft?.candidate.active === true) continue
      dns.push(finalDn)
      const uid = keptUuids.has(member.entryUUID) ? textValuesOf(member.attributes, 'uid')[0] : draft?.name
      if (entryType(member) === 'user' && uid !== undefined) uids.push(uid)
    }
    return { dns, uids }
  }

  function keptAttributes(entry: Entry) {
    const attributes = new Map(entry.attributes)
    if (textValuesOf(attributes, 'objectClass').includes('rosterdPerson')) {
      const manager = textValuesOf(attributes, 'manager').flatMap(finalDnOf)
      if (manager.length > 0) attributes.set('manager', manager)
      else attributes.delete('manager')
    }
    if (textValuesOf(attributes, 'objectClass').includes('rosterdGroup')) {
      const { dns, uids } = heldMembers(entry.entryUUID)
      const parents = textValuesOf(attributes, 'memberOf').flatMap(finalDnOf)
      setReferences(attributes, { members: dns, memberUids: uids, parents })
    }
    return attributes
  }

  function finalDnOf(dn: string): readonly string[] {
    const target = current.entryByDn(dn)
    const final = target === undefined ? undefined : finalDns.get(target.entryUUID)
    return final === undefined ? [] : [final]
  }
}
