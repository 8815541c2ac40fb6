import type { Change, EntryChange } from '../server/directory/directory-store.ts'
import type { AttributeValue, Entry } from '../server/directory/entry.ts'
import { normalizeDn } from '../server/protocol/distinguished-name.ts'
import type { CurrentDirectory } from './desired-input.ts'
import { entryType, textValuesOf } from './file-entries.ts'

export interface UndoInput {
  /** Changes of the run, oldest first. */
  readonly changes: readonly Change[]
  /** Everything that changed since, oldest first. */
  readonly later: readonly Change[]
  readonly provider: string
  readonly current: CurrentDirectory
  /** Whether the provider itself says that the person or group must not be served: such are not brought back. */
  readonly isRefused: (entryUUID: string) => boolean
}

export interface Undo {
  readonly entries: readonly EntryChange[]
  /** DNs that cannot be brought back, each with the reason. */
  readonly skipped: readonly { readonly dn: string; readonly reason: string }[]
}

/** The entry changes that take back what a run did to the entries of its provider. */
export function undoChanges({ changes, later, provider, current, isRefused }: UndoInput): Undo {
  const holders = holdersBefore([...changes, ...later])
  const restored = new Map<string, Entry | undefined>()
  const skipped: { dn: string; reason: string }[] = []
  for (const change of changes.toReversed()) {
    const { entryUUID } = change
    const now = restored.has(entryUUID) ? restored.get(entryUUID) : current.entryByUuid(entryUUID)
    if (now !== undefined || change.type === 'delete') restored.set(entryUUID, before(change, now, memberAsOfToday))
  }
  for (const [entryUUID, entry] of restored) {
    const shown = entry ?? current.entryByUuid(entryUUID)
    if (shown === undefined || !isOf(provider, shown)) restored.delete(entryUUID)
    else if (entry !== undefined && isRefused(entryUUID))
      skip(entryUUID, entry, `${provider} says that it must not be served`)
  }
  for (const [entryUUID, entry] of restored) {
    const holder = entry === undefined ? undefined : current.entryByDn(entry.dn)
    if (entry === undefined || holder === undefined || holder.entryUUID === entryUUID) continue
    const after = restored.has(holder.entryUUID) ? restored.get(holder.entryUUID) : holder
    if (after !== undefined && normalizeDn(after.dn) === normalizeDn(entry.dn))
      skip(entryUUID, entry, 'its name belongs to another entry by now')
  }
  const puts = [...restored.values()].flatMap((entry) => (entry === undefined ? [] : [withMembersThatExist(entry)]))
  const deletions = [...restored].flatMap(([entryUUID, entry]) => (entry === undefined ? [entryUUID] : []))
  return {
    entries: [
      ...deletions.map((entryUUID) => ({ type: 'delete', entryUUID }) as const),
      ...puts.map((entry) => ({ type: 'put', entry }) as const),
    ],
    skipped,
  }

  function skip(entryUUID: string, entry: Entry, reason: string): void {
    restored.delete(entryUUID)
    skipped.push({ dn: entry.dn, reason })
  }

  /** A DN of the log means who had it then: by entryUUID, so that nobody takes somebody else's place in a group. */
  function memberAsOfToday(dn: string): string | undefined {
    const key = normalizeDn(dn)
    const entryUUID = holders.has(key) ? holders.get(key) : current.entryByDn(dn)?.entryUUID
    return entryUUID === undefined ? undefined : `${memberMark}${entryUUID}`
  }

  /** Members by their DNs of today; who does not come back, or is refused, is no member. */
  function withMembersThatExist(entry: Entry): Entry {
    if (entryType(entry) !== 'group') return entry
    const members = textValuesOf(entry.attributes, 'member').flatMap((value) => {
      const entryUUID = value.startsWith(memberMark)
        ? value.slice(memberMark.length)
        : current.entryByDn(value)?.entryUUID
      const member = entryUUID === undefined ? undefined : afterwards(entryUUID)
      return member === undefined || isRefused(member.entryUUID) ? [] : [member]
    })
    const attributes = new Map(entry.attributes)
    const uids = members
      .filter((member) => entryType(member) === 'user')
      .flatMap((user) => textValuesOf(user.attributes, 'uid'))
    for (const [name, values] of [
      ['member', members.map(({ dn }) => dn)],
      ['memberUid', uids],
    ] as const) {
      if (values.length === 0) attributes.delete(name)
      else attributes.set(name, [...new Set(values)].sort())
    }
    return { ...entry, attributes }
  }

  function afterwards(entryUUID: string): Entry | undefined {
    return restored.has(entryUUID) ? restored.get(entryUUID) : current.entryByUuid(entryUUID)
  }
}

/** Marks a member that is known by its entryUUID; no DN begins so. */
const memberMark = '\0'

/** Who had a DN before these changes, by normalized DN; undefined: nobody. Only DNs that changed hands since. */
function holdersBefore(later: readonly Change[]): ReadonlyMap<string, string | undefined> {
  const holders = new Map<string, string | undefined>()
  const note = (dn: string, entryUUID: string | undefined) => {
    const key = normalizeDn(dn)
    if (!holders.has(key)) holders.set(key, entryUUID)
  }
  // All changes of a commit happen at once: names may be swapped, so who leaves is noted before who comes.
  for (const commit of Map.groupBy(later, ({ time, cause }) => `${time} ${cause.kind} ${cause.id}`).values()) {
    for (const { type, dn, previousDn, entryUUID } of commit) {
      if (previousDn !== undefined) note(previousDn, entryUUID)
      if (type === 'delete') note(dn, entryUUID)
    }
    for (const { type, dn } of commit) if (type === 'add' || type === 'rename') note(dn, undefined)
  }
  return holders
}

/** Also one that has changed hands to another provider that holds the same person. */
function isOf(provider: string, entry: Entry): boolean {
  return textValuesOf(entry.attributes, 'rosterdSource').some((source) => source.startsWith(`${provider}:`))
}

/** The entry before one change; undefined when the change added it. */
function before(
  change: Change,
  after: Entry | undefined,
  member: (dn: string) => string | undefined,
): Entry | undefined {
  if (change.type === 'add') return undefined
  const attributes = new Map(change.type === 'delete' ? [] : after?.attributes)
  for (const { attribute, removed, added } of change.attributes) {
    const gone = new Set(added.map(identityOf))
    const kept = (attributes.get(attribute) ?? []).filter((value) => !gone.has(identityOf(loggedForm(value))))
    const back = removed.map(storedForm)
    const isMember = attribute.toLowerCase() === 'member'
    const values = [
      ...kept,
      ...(isMember ? back.flatMap((dn) => (typeof dn === 'string' ? (member(dn) ?? []) : [])) : back),
    ]
    if (values.length === 0) attributes.delete(attribute)
    else attributes.set(attribute, values)
  }
  return { entryUUID: change.entryUUID, dn: change.previousDn ?? change.dn, attributes }
}

type LoggedValue = Change['attributes'][number]['added'][number]

function identityOf(value: LoggedValue): string {
  return typeof value === 'string' ? `t${value}` : `o${value.base64}`
}

function loggedForm(value: AttributeValue): LoggedValue {
  return typeof value === 'string' ? value : { base64: Buffer.from(value).toString('base64') }
}

function storedForm(value: LoggedValue): AttributeValue {
  return typeof value === 'string' ? value : Uint8Array.from(Buffer.from(value.base64, 'base64'))
}
