import type { Change, EntryChange } from '../server/directory/directory-store.ts'
import type { AttributeValue, Entry } from '../server/directory/entry.ts'
import { normalizeDn } from '../server/protocol/distinguished-name.ts'
import type { CurrentDirectory } from './desired-input.ts'
import { entryType, textValuesOf } from './file-entries.ts'
import { providerOf } from './sync-plan.ts'

export interface UndoInput {
  /** Changes of the run, oldest first. */
  readonly changes: readonly Change[]
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
export function undoChanges({ changes, provider, current, isRefused }: UndoInput): Undo {
  const restored = new Map<string, Entry | undefined>()
  const skipped: { dn: string; reason: string }[] = []
  for (const change of changes.toReversed()) {
    const { entryUUID } = change
    const now = restored.has(entryUUID) ? restored.get(entryUUID) : current.entryByUuid(entryUUID)
    if (now !== undefined || change.type === 'delete') restored.set(entryUUID, before(change, now))
  }
  for (const [entryUUID, entry] of restored) {
    const shown = entry ?? current.entryByUuid(entryUUID)
    if (shown === undefined || providerOf(shown) !== provider) restored.delete(entryUUID)
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
  const isThere = presence(restored, current, isRefused)
  const puts = [...restored.values()].flatMap((entry) =>
    entry === undefined ? [] : [withMembersThatExist(entry, isThere)],
  )
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
}

/** The entry before one change; undefined when the change added it. */
function before(change: Change, after: Entry | undefined): Entry | undefined {
  if (change.type === 'add') return undefined
  const attributes = new Map(after?.attributes)
  for (const { attribute, removed, added } of change.attributes) {
    const gone = new Set(added.map(identityOf))
    const kept = (attributes.get(attribute) ?? []).filter((value) => !gone.has(identityOf(loggedForm(value))))
    const values = [...kept, ...removed.map(storedForm)]
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

interface Presence {
  readonly dn: (dn: string) => boolean
  readonly uid: (uid: string) => boolean
}

/** Who exists once the undo is done, and may be a member. */
function presence(
  restored: ReadonlyMap<string, Entry | undefined>,
  current: CurrentDirectory,
  isRefused: (entryUUID: string) => boolean,
): Presence {
  const dns = new Set<string>()
  const uids = new Set<string>()
  const add = (entry: Entry) => {
    if (isRefused(entry.entryUUID)) return
    dns.add(normalizeDn(entry.dn))
    if (entryType(entry) === 'user') for (const uid of textValuesOf(entry.attributes, 'uid')) uids.add(uid)
  }
  for (const entry of current.entries()) if (!restored.has(entry.entryUUID)) add(entry)
  for (const entry of restored.values()) if (entry !== undefined) add(entry)
  return { dn: (dn) => dns.has(normalizeDn(dn)), uid: (uid) => uids.has(uid) }
}

/** Who is not brought back is no member either. */
function withMembersThatExist(entry: Entry, isThere: Presence): Entry {
  if (entryType(entry) !== 'group') return entry
  const attributes = new Map(entry.attributes)
  for (const [name, exists] of [
    ['member', isThere.dn],
    ['memberUid', isThere.uid],
  ] as const) {
    const values = textValuesOf(attributes, name).filter(exists)
    if (values.length === 0) attributes.delete(name)
    else attributes.set(name, values)
  }
  return { ...entry, attributes }
}
