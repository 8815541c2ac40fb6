import type { AttributeChange, Change } from '../directory/directory-store.ts'
import type { AttributeValue, Entry } from '../directory/entry.ts'

/** A change that has no number, time and cause yet. */
export type EntryDifference = Omit<Change, 'number' | 'time' | 'cause'>

/** What turns `before` into `after`, both in stored form; undefined when they are equal. */
export function differenceOf(before: Entry | undefined, after: Entry | undefined): EntryDifference | undefined {
  const named = after ?? before
  if (named === undefined) return undefined
  const attributes = attributeChanges(before?.attributes, after?.attributes)
  const common = { entryUUID: named.entryUUID, dn: named.dn, attributes }
  if (before === undefined) return { type: 'add', ...common }
  if (after === undefined) return { type: 'delete', ...common }
  if (before.dn !== after.dn) return { type: 'rename', previousDn: before.dn, ...common }
  return attributes.length === 0 ? undefined : { type: 'modify', ...common }
}

type Attributes = Entry['attributes']
const noAttributes: Attributes = new Map()

function attributeChanges(before: Attributes = noAttributes, after: Attributes = noAttributes): AttributeChange[] {
  const changes: AttributeChange[] = []
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const change = valueChange(name, before.get(name) ?? [], after.get(name) ?? [])
    if (change) changes.push(change)
  }
  return changes
}

/**
 * Taking `removed` from the values before and appending `added` gives the values after, in order. Where the plain set
 * difference would not (values that only changed places), all values are removed and added again.
 */
function valueChange(
  attribute: string,
  before: readonly AttributeValue[],
  after: readonly AttributeValue[],
): AttributeChange | undefined {
  const old = before.map(identityOf)
  const now = after.map(identityOf)
  if (sameList(old, now)) return undefined
  const inOld = new Set(old)
  const inNow = new Set(now)
  const kept = old.filter((value) => inNow.has(value))
  const added = now.filter((value) => !inOld.has(value))
  const exact = sameList([...kept, ...added], now)
  const removedValues = exact ? before.filter((_, index) => !inNow.has(old[index] ?? '')) : before
  const addedValues = exact ? after.filter((_, index) => !inOld.has(now[index] ?? '')) : after
  return { attribute, removed: removedValues.map(loggedValue), added: addedValues.map(loggedValue) }
}

function sameList(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((value, index) => value === right[index])
}

/** Text and octets stay apart even when their bytes are equal. */
function identityOf(value: AttributeValue): string {
  return typeof value === 'string' ? `t${value}` : `o${Buffer.from(value).toString('latin1')}`
}

function loggedValue(value: AttributeValue): AttributeChange['added'][number] {
  return typeof value === 'string' ? value : { base64: Buffer.from(value).toString('base64') }
}
