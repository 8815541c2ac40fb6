import type { AttributeChange, Change } from './directory-store.ts'
import type { AttributeValue, Entry } from './entry.ts'

type LoggedValue = AttributeChange['added'][number]

/** What became of the values of one attribute: of those that were there, and of those that are there, by {@link valueKey}. */
interface ValueDifference {
  readonly gone: Map<string, LoggedValue>
  readonly come: Set<string>
}

/** What lies between an entry as it was and as it is. */
export interface EntryDifference {
  /** undefined: there was no entry. */
  readonly dn: string | undefined
  readonly attributes: Map<string, ValueDifference>
}

/**
 * How entries differed before some changes. What is kept in memory grows with what differs, not with how often it was changed.
 * Values are those of then; where only some of an attribute's were changed, their order may be another.
 */
export class PastEntries {
  private readonly differences = new Map<string, EntryDifference>()

  /** entryUUIDs of what was changed. */
  get changed(): Iterable<string> {
    return this.differences.keys()
  }

  /** Takes in a change; each follows the one before it in the log. */
  add({ entryUUID, type, dn, previousDn, attributes }: Change): void {
    const known = this.differences.get(entryUUID)
    const difference = known ?? { dn: type === 'add' ? undefined : (previousDn ?? dn), attributes: new Map() }
    if (known === undefined) this.differences.set(entryUUID, difference)
    if (difference.dn !== undefined) for (const change of attributes) follow(difference.attributes, change)
  }

  /** undefined: nothing was changed. */
  differenceOf(entryUUID: string): EntryDifference | undefined {
    return this.differences.get(entryUUID)
  }
}

/** The entry as it was; `now` is what is there after all changes, if anything is. */
export function entryBefore(
  { dn, entryUUID }: Pick<Entry, 'dn' | 'entryUUID'>,
  difference: EntryDifference,
  now: Entry | undefined,
): Entry {
  const attributes = new Map(now?.attributes)
  for (const [name, { gone, come }] of difference.attributes) {
    const kept = (attributes.get(name) ?? []).filter((value) => !come.has(valueKey(loggedValue(value))))
    const values = [...kept, ...Array.from(gone.values(), entryValue)]
    if (values.length > 0) attributes.set(name, values)
    else attributes.delete(name)
  }
  return { dn, entryUUID, attributes }
}

/** A value that comes, goes and comes again is both gone and come: it is there at both ends, and what stands around it is too. */
function follow(attributes: Map<string, ValueDifference>, { attribute, removed, added }: AttributeChange): void {
  const known = attributes.get(attribute) ?? { gone: new Map<string, LoggedValue>(), come: new Set<string>() }
  attributes.set(attribute, known)
  for (const value of removed) {
    const key = valueKey(value)
    if (!known.come.delete(key)) known.gone.set(key, value)
  }
  for (const value of added) known.come.add(valueKey(value))
}

function valueKey(value: LoggedValue): string {
  return typeof value === 'string' ? `t${value}` : `o${value.base64}`
}

function loggedValue(value: AttributeValue): LoggedValue {
  return typeof value === 'string' ? value : { base64: Buffer.from(value).toString('base64') }
}

function entryValue(value: LoggedValue): AttributeValue {
  return typeof value === 'string' ? value : Buffer.from(value.base64, 'base64')
}
