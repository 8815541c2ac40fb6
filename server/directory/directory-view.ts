import { setImmediate as nextTurn } from 'node:timers/promises'
import { normalizeDn, parentKey } from '../protocol/distinguished-name.ts'
import {
  attributeStart,
  type EncodedChange,
  type EncodedEntry,
  encodedValues,
  encodeEntry,
  entryName,
  LayoutTable,
} from './encoded-entry.ts'
import { type AccountValues, noAccountValues } from './account-attributes.ts'
import type { Entry } from './entry.ts'
import { preparedValues } from './prepared-values.ts'
import type { AttributeType, Schema } from './schema/schema.ts'

/** Slots of the entries that have a value: one slot alone, or several in ascending order. */
export type Posting = number | readonly number[]

/** Attribute types with an equality index; every other one is matched by looking at entries. */
const indexedNames = [
  'objectClass',
  'uid',
  'cn',
  'mail',
  'uidNumber',
  'gidNumber',
  'member',
  'memberUid',
  'uniqueMember',
  'memberOf',
  'ou',
  'sAMAccountName',
  'userPrincipalName',
  'employeeNumber',
  'entryUUID',
  'rosterdSource',
  'sudoUser',
] as const

/**
 * One state of the directory in memory: entries by slot and the indexes over them. Nothing but `accountValue` changes once it
 * is made, so a search that runs over several turns keeps what it began with. An entry keeps its slot for as long as the process runs.
 */
export interface DirectoryView {
  readonly schema: Schema
  readonly entries: readonly (EncodedEntry | undefined)[]
  /** DN key ({@link normalizeDn}) by slot; empty for a free slot. */
  readonly keys: readonly string[]
  readonly slotByKey: ReadonlyMap<string, number>
  readonly slotByUuid: ReadonlyMap<string, number>
  readonly childrenByKey: ReadonlyMap<string, Posting>
  readonly equality: ReadonlyMap<AttributeType, ReadonlyMap<string, Posting>>
  /** What people are served with that is in no entry. */
  readonly accountValue: AccountValues
}

export interface ViewBuilder {
  readonly empty: DirectoryView
  readonly layouts: LayoutTable
  /** The view that follows; the one it begins with stays as it is. */
  begin(view: DirectoryView): NextView
}

/** A view in the making. Its steps give way to other work every few milliseconds. */
export interface NextView {
  /** Changes in their order; entries have a layout of the builder. */
  add(changes: readonly EncodedChange[]): Promise<void>
  finish(): Promise<DirectoryView>
}

/** So long others wait at most, but for single steps that take longer. */
const sliceMs = 1
/** So few changes share no buffer: what is left of them would keep the whole of it. */
const fewChanges = 64
/** Large entries never share one: they change, and small ones beside them stay. */
const largeOctets = 4096

export function createViewBuilder(schema: Schema, accountValue = noAccountValues): ViewBuilder {
  const layouts = new LayoutTable(schema)
  const indexed = indexedNames.map((name) => {
    const type = schema.attributeType(name)
    if (!type) throw new Error(`indexed attribute ${name} is not in the schema`)
    return type
  })
  const empty: DirectoryView = {
    schema,
    entries: [],
    keys: [],
    slotByKey: new Map(),
    slotByUuid: new Map(),
    childrenByKey: new Map(),
    equality: new Map(indexed.map((type) => [type, new Map()])),
    accountValue,
  }

  function begin(view: DirectoryView): NextView {
    const draft = new ViewDraft(view, layouts, indexed)
    let sliceEnd = 0
    const beginSlice = () => (sliceEnd = performance.now() + sliceMs)
    const giveWay = async () => {
      await nextTurn()
      beginSlice()
    }
    return {
      async add(changes) {
        beginSlice()
        const areFew = changes.length < fewChanges
        for (const [entryUUID, encoded] of changes) {
          if (performance.now() >= sliceEnd) await giveWay()
          if (encoded) draft.put(settled(encoded, areFew))
          else draft.delete(entryUUID)
        }
      },
      async finish() {
        beginSlice()
        const finishing = draft.finish()
        for (let step = finishing.next(); ; step = finishing.next()) {
          if (step.done) return step.value
          if (performance.now() >= sliceEnd) await giveWay()
        }
      },
    }
  }

  return { empty, layouts, begin }
}

/** The entry with octets of its own where a shared buffer would be kept for its sake alone. */
function settled(entry: EncodedEntry, isOneOfFew: boolean): EncodedEntry {
  const { octets } = entry
  if ((!isOneOfFew && octets.length < largeOctets) || octets.length === octets.buffer.byteLength) return entry
  const own = Buffer.allocUnsafeSlow(octets.length)
  octets.copy(own)
  return { ...entry, octets: own }
}

/** A view of a few entries that the server makes up. */
export function smallView(schema: Schema, entries: readonly Entry[]): DirectoryView {
  const { empty, layouts } = createViewBuilder(schema)
  const draft = new ViewDraft(empty, layouts, [])
  for (const entry of entries) draft.put(encodeEntry(entry, layouts))
  const finishing = draft.finish()
  for (let step = finishing.next(); ; step = finishing.next()) if (step.done) return step.value
}

/** Slots of one key that come (true) and go; a single one alone: its slot, or the complement of it when it goes. */
type SlotChanges = number | Map<number, boolean>

/** The changes to one index. */
class PostingChanges {
  private readonly byKey = new Map<string, SlotChanges>()

  set(key: string, slot: number, isMember: boolean): void {
    const known = this.byKey.get(key)
    if (typeof known === 'object') known.set(slot, isMember)
    else if (known === undefined) this.byKey.set(key, isMember ? slot : ~slot)
    else this.byKey.set(key, new Map([slotChange(known), [slot, isMember]]))
  }

  /** Yields between its steps. */
  *applyTo(index: ReadonlyMap<string, Posting>): Generator<void, ReadonlyMap<string, Posting>> {
    if (this.byKey.size === 0) return index
    const next = new Map(index)
    for (const [key, changes] of this.byKey) {
      yield
      const posting = mergePosting(next.get(key), changes)
      if (posting === undefined) next.delete(key)
      else next.set(key, posting)
    }
    return next
  }
}

function slotChange(single: number): [slot: number, isMember: boolean] {
  return single >= 0 ? [single, true] : [~single, false]
}

function mergePosting(old: Posting | undefined, single: SlotChanges): Posting | undefined {
  if (old === undefined && typeof single === 'number') return single >= 0 ? single : undefined
  const changes = typeof single === 'number' ? new Map([slotChange(single)]) : single
  const kept = slotsOf(old).filter((slot) => !changes.has(slot))
  const added = [...changes].filter(([, isMember]) => isMember).map(([slot]) => slot)
  const merged = added.length === 0 ? kept : [...kept, ...added].sort((a, b) => a - b)
  return merged.length > 1 ? merged : merged[0]
}

export function slotsOf(posting: Posting | undefined): readonly number[] {
  return posting === undefined ? [] : typeof posting === 'number' ? [posting] : posting
}

/** Binary search. */
export function postingHas(posting: Posting | undefined, slot: number): boolean {
  if (typeof posting === 'number' || posting === undefined) return posting === slot
  let low = 0
  let high = posting.length - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const found = posting[middle] ?? -1
    if (found === slot) return true
    if (found < slot) low = middle + 1
    else high = middle - 1
  }
  return false
}

class ViewDraft {
  private readonly from: DirectoryView
  private readonly layouts: LayoutTable
  private readonly entries: (EncodedEntry | undefined)[]
  /** Copied when a name or an entryUUID comes or goes; most changes are within entries. */
  private keys: readonly string[]
  private slotByUuid: ReadonlyMap<string, number>
  /** Slots whose name comes or goes; their DN keys are settled at the end, when no two of them can clash. */
  private readonly touched = new Set<number>()
  private readonly children = new PostingChanges()
  private readonly equality: ReadonlyMap<AttributeType, PostingChanges>

  constructor(view: DirectoryView, layouts: LayoutTable, indexed: readonly AttributeType[]) {
    this.from = view
    this.layouts = layouts
    this.entries = view.entries.slice()
    this.keys = view.keys
    this.slotByUuid = view.slotByUuid
    this.equality = new Map(indexed.map((type) => [type, new PostingChanges()]))
  }

  put(encoded: EncodedEntry): void {
    const known = this.slotByUuid.get(encoded.entryUUID)
    if (known === undefined) this.add(encoded)
    else this.replace(known, encoded)
  }

  private add(encoded: EncodedEntry): void {
    const slot = this.entries.length
    this.entries[slot] = encoded
    this.ownSlots().set(encoded.entryUUID, slot)
    this.name(slot, normalizeDn(entryName(encoded)))
    this.index(encoded, slot, true)
  }

  /** Only what is another than before is taken out of the indexes and put in again. */
  private replace(slot: number, encoded: EncodedEntry): void {
    const old = this.entries[slot]
    this.entries[slot] = encoded
    if (old === undefined || !hasSameName(old, encoded)) {
      const key = normalizeDn(entryName(encoded))
      if (key !== this.keys[slot]) {
        this.unname(slot)
        this.name(slot, key)
      }
    }
    if (old === undefined || old.layout !== encoded.layout) {
      if (old !== undefined) this.index(old, slot, false)
      this.index(encoded, slot, true)
      return
    }
    const changed = changedTypes(old, encoded)
    if (changed.size === 0) return
    this.index(old, slot, false, changed)
    this.index(encoded, slot, true, changed)
  }

  delete(entryUUID: string): void {
    const slot = this.slotByUuid.get(entryUUID)
    if (slot === undefined) return
    const encoded = this.entries[slot]
    if (encoded !== undefined) this.index(encoded, slot, false)
    this.entries[slot] = undefined
    this.unname(slot)
    this.ownSlots().delete(entryUUID)
  }

  private name(slot: number, key: string): void {
    this.ownKeys()[slot] = key
    this.touched.add(slot)
    this.children.set(parentKey(key), slot, true)
  }

  private unname(slot: number): void {
    const key = this.keys[slot] ?? ''
    this.children.set(parentKey(key), slot, false)
    this.ownKeys()[slot] = ''
    this.touched.add(slot)
  }

  private ownKeys(): string[] {
    const own = this.keys === this.from.keys ? this.keys.slice() : (this.keys as string[]) // copied before
    this.keys = own
    return own
  }

  private ownSlots(): Map<string, number> {
    const own =
      this.slotByUuid === this.from.slotByUuid ? new Map(this.slotByUuid) : (this.slotByUuid as Map<string, number>) // copied before
    this.slotByUuid = own
    return own
  }

  private index(encoded: EncodedEntry, slot: number, isMember: boolean, only?: ReadonlySet<AttributeType>): void {
    for (const [index, { type }] of encoded.layout.attributes.entries()) {
      const changes = only === undefined || only.has(type) ? this.equality.get(type) : undefined
      if (!changes) continue
      for (const octets of encodedValues(encoded, index)) {
        for (const value of preparedValues(type, octets, this.layouts.schema)) changes.set(value, slot, isMember)
      }
    }
  }

  private slotByKey(): ReadonlyMap<string, number> {
    if (this.touched.size === 0) return this.from.slotByKey
    const slots = new Map(this.from.slotByKey)
    for (const slot of this.touched) slots.delete(this.from.keys[slot] ?? '')
    for (const slot of this.touched) if (this.entries[slot]) slots.set(this.keys[slot] ?? '', slot)
    return slots
  }

  /** Yields between its steps. */
  *finish(): Generator<void, DirectoryView> {
    const equality = new Map<AttributeType, ReadonlyMap<string, Posting>>()
    for (const [type, changes] of this.equality)
      equality.set(type, yield* changes.applyTo(this.from.equality.get(type) ?? new Map()))
    return {
      schema: this.layouts.schema,
      entries: this.entries,
      keys: this.keys,
      slotByKey: this.slotByKey(),
      slotByUuid: this.slotByUuid,
      childrenByKey: yield* this.children.applyTo(this.from.childrenByKey),
      equality,
      accountValue: this.from.accountValue,
    }
  }
}

function hasSameName(a: EncodedEntry, b: EncodedEntry): boolean {
  return a.octets.compare(b.octets, 0, b.nameEnd, 0, a.nameEnd) === 0
}

/** Types of which two entries of one layout have other values; all attributes of a type count, whatever their options. */
function changedTypes(a: EncodedEntry, b: EncodedEntry): ReadonlySet<AttributeType> {
  const changed = new Set<AttributeType>()
  for (const [index, { type }] of a.layout.attributes.entries()) {
    const [startA, startB] = [attributeStart(a, index), attributeStart(b, index)]
    if (a.octets.compare(b.octets, startB, b.ends[index], startA, a.ends[index]) !== 0) changed.add(type)
  }
  return changed
}
