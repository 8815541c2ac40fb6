import { setImmediate as nextTurn } from 'node:timers/promises'
import { parentKey } from '../../protocol/distinguished-name.ts'
import { type AccountValues, noAccountValues } from '../account-attributes.ts'
import { DirectoryView } from '../directory-view.ts'
import { EncodedEntry, encodedValues, recordSize, visitValues } from '../encoded-entry.ts'
import type { Entry } from '../entry.ts'
import { encodeEntry } from '../entry-encoder.ts'
import { type Layout, LayoutTable } from '../entry-layout.ts'
import { preparedValues } from '../prepared-values.ts'
import type { AttributeType, Schema } from '../schema/schema.ts'
import { Syntax } from '../schema/syntaxes.ts'
import { Arena, type ArenaParts, offsetOf, slabNumberOf, slabSpan } from './arena.ts'
import { IndexBuilder } from './frozen-index.ts'
import { ChangeCollector, type ValueIndex } from './value-index.ts'
import { indexesOf, shippedLayout, updatedView, type ViewUpdate, wholeView } from './view-update.ts'

/** A view that is ready to be seen. */
export interface NextView {
  readonly view: DirectoryView
  /** What makes it of the one before it, for copies elsewhere. */
  readonly update: ViewUpdate
  /** Records that nothing refers to once it is seen. */
  readonly replaced: readonly number[]
}

/** What a writer is made of: the view that is shown, and where its records are. */
export interface WriterParts {
  readonly view: ViewUpdate
  readonly arena: ArenaParts
}

/** So long others wait at most, but for single steps that take longer. */
const sliceMs = 2
/** Changes from which on, and the share of all entries, it takes less to index everything anew. */
const manyChanges = 2000
const largeShare = 1 / 8

/** Makes one view after the other. There is one for a directory: it alone appends records. */
export class ViewWriter {
  readonly layouts: LayoutTable
  private readonly arena: Arena
  private shown: DirectoryView
  /** What copies elsewhere know. */
  private known: Known = { layouts: 0, lastSlab: -1 }

  constructor(schema: Schema, accountValue: AccountValues = noAccountValues, arena = new Arena()) {
    this.layouts = new LayoutTable(schema)
    this.arena = arena
    this.shown = DirectoryView.empty(schema, this.layouts.all, accountValue)
  }

  /** One that goes on where another one was. */
  static of(schema: Schema, { view, arena }: WriterParts): ViewWriter {
    const writer = new ViewWriter(schema, noAccountValues, Arena.of(arena))
    writer.shown = updatedView(writer.shown, view, writer.layouts)
    writer.known = { layouts: writer.layouts.all.length, lastSlab: arena.lastSlab }
    return writer
  }

  get parts(): WriterParts {
    return { view: this.whole(), arena: this.arena.parts }
  }

  get view(): DirectoryView {
    return this.shown
  }

  /** All of the view, for a copy that begins. */
  whole(): ViewUpdate {
    return wholeView(this.shown, this.arena.slabsAfter(-1))
  }

  /** One at a time: it is shown or discarded before the next begins. */
  begin(): ViewDraft {
    return new ViewDraft(this.shown, this.layouts, this.arena, this.known)
  }

  show({ view, replaced }: NextView): void {
    this.shown = view
    this.known = { layouts: this.layouts.all.length, lastSlab: this.arena.lastSlab }
    for (const address of replaced) releaseRecord(this.arena, address)
  }
}

interface Known {
  /** The first ones, by their number. */
  readonly layouts: number
  readonly lastSlab: number
}

/** What entries of a layout are indexed by. */
interface IndexedLayout {
  readonly classes: readonly { readonly builder: IndexBuilder; readonly place: number }[]
  readonly attributes: readonly { readonly index: number; readonly add: AddValue }[]
}

/** Gives what takes in the values of an entry. */
type AddValue = (slot: number) => (octets: Buffer, start: number, end: number) => void

function releaseRecord(arena: Arena, address: number): void {
  const slab = arena.slab(slabNumberOf(address))
  if (slab !== undefined) arena.release(address, recordSize(slab, offsetOf(address)))
}

/** A view in the making. Its steps give way to other work every few milliseconds. */
export class ViewDraft {
  private readonly from: DirectoryView
  private readonly layouts: LayoutTable
  private readonly arena: Arena
  private readonly known: Known
  /** Addresses of the slots that change, -1 for those that become free. */
  private readonly addresses = new Map<number, number>()
  private readonly uuids = new Map<string, number | undefined>()
  private readonly replaced: number[] = []
  private readonly appended: number[] = []
  private slotCount: number
  private taken: number
  private changeCount = 0
  /** Of DN keys, entryUUIDs and children, then of the indexed types; undefined when everything is to be indexed anew. */
  private collectors: readonly ChangeCollector[] | undefined
  private readonly indexPlaces: ReadonlyMap<AttributeType, number>
  private sliceEnd = 0

  constructor(view: DirectoryView, layouts: LayoutTable, arena: Arena, known: Known) {
    this.from = view
    this.layouts = layouts
    this.arena = arena
    this.known = known
    this.slotCount = view.slotCount
    this.taken = view.size
    this.collectors = indexesOf(view).map(() => new ChangeCollector())
    this.indexPlaces = new Map([...view.equality.keys()].map((type, place) => [type, place + 3]))
  }

  /** Gives way; to be awaited where {@link isTimeUp}. */
  async pause(): Promise<void> {
    await nextTurn()
    this.sliceEnd = performance.now() + sliceMs
  }

  get isTimeUp(): boolean {
    return performance.now() >= this.sliceEnd
  }

  put(entry: Entry): void {
    const address = encodeEntry(entry, this.layouts, this.arena)
    this.appended.push(address)
    const encoded = this.entryAt(address)
    const known = this.slotOf(entry.entryUUID)
    const slot = known ?? this.slotCount
    const old = known === undefined ? undefined : this.entryIn(known)
    if (known === undefined) {
      this.slotCount += 1
      this.uuids.set(entry.entryUUID, slot)
    }
    this.place(slot, address)
    this.reindex(slot, old, encoded)
  }

  delete(entryUUID: string): void {
    const slot = this.slotOf(entryUUID)
    if (slot === undefined) return
    const old = this.entryIn(slot)
    this.place(slot, -1)
    this.uuids.set(entryUUID, undefined)
    this.reindex(slot, old, undefined)
  }

  private slotOf(entryUUID: string): number | undefined {
    return this.uuids.has(entryUUID) ? this.uuids.get(entryUUID) : this.from.slotOfUuid(entryUUID)
  }

  private addressOf(slot: number): number {
    return this.addresses.get(slot) ?? this.from.parts.addresses.get(slot)
  }

  private entryIn(slot: number): EncodedEntry | undefined {
    const address = this.addressOf(slot)
    return address < 0 ? undefined : this.entryAt(address)
  }

  private entryAt(address: number): EncodedEntry {
    const slab = this.arena.slab(slabNumberOf(address))
    if (slab === undefined) throw new Error('a record of the view is not in the arena')
    return new EncodedEntry(slab, offsetOf(address), this.layouts.all)
  }

  private place(slot: number, address: number): void {
    const before = this.addressOf(slot)
    if (before >= 0) this.replaced.push(before)
    this.taken += Number(address >= 0) - Number(before >= 0)
    this.addresses.set(slot, address)
  }

  /** Only what is another than before is taken out of the indexes and put in again. */
  private reindex(slot: number, old: EncodedEntry | undefined, encoded: EncodedEntry | undefined): void {
    this.changeCount += 1
    if (this.changeCount > manyChanges + this.from.slotCount * largeShare) this.collectors = undefined
    if (this.collectors === undefined) return
    const [byKey, byUuid, children] = this.collectors
    const oldKey = old?.key
    const key = encoded?.key
    if (oldKey !== undefined && oldKey !== key) {
      byKey?.set(oldKey, slot, false)
      children?.set(parentKey(oldKey), slot, false)
    }
    if (key !== undefined && oldKey !== key) {
      byKey?.set(key, slot, true)
      children?.set(parentKey(key), slot, true)
    }
    if (old === undefined && encoded) byUuid?.set(encoded.entryUUID, slot, true)
    if (old && encoded === undefined) byUuid?.set(old.entryUUID, slot, false)
    const changed = old && encoded && old.layout === encoded.layout ? changedTypes(old, encoded) : undefined
    if (changed?.size === 0) return
    if (old) this.collect(old, slot, false, changed)
    if (encoded) this.collect(encoded, slot, true, changed)
  }

  private collect(entry: EncodedEntry, slot: number, isMember: boolean, only?: ReadonlySet<AttributeType>): void {
    for (const [index, { type }] of entry.layout.attributes.entries()) {
      if (only !== undefined && !only.has(type)) continue
      const collector = this.collectors?.[this.indexPlaces.get(type) ?? -1]
      if (!collector) continue
      for (const octets of encodedValues(entry, index))
        for (const value of preparedValues(type, octets, this.layouts.schema)) collector.set(value, slot, isMember)
    }
  }

  /** What was put has not come about. */
  discard(): void {
    for (const address of this.appended) releaseRecord(this.arena, address)
  }

  async finish(): Promise<NextView> {
    this.moveFromSparse()
    return this.nextView(
      this.collectors === undefined ? await this.allIndexes() : await this.changedIndexes(this.collectors),
    )
  }

  /** For a few changes. */
  finishAtOnce(): NextView {
    return this.nextView((this.collectors ?? []).map(({ changes }) => ({ changes })))
  }

  private nextView(indexes: ViewUpdate['indexes']): NextView {
    const changed = { changes: this.addresses, count: this.slotCount, taken: this.taken }
    const addresses = this.from.parts.addresses.with(changed)
    const dropped = this.arena.dropEmpty()
    const replaced = indexesOf(this.from).map(({ base }, place) => (indexes[place]?.base ? base.octetCount : 0))
    const update: ViewUpdate = {
      layouts: this.layouts.all.slice(this.known.layouts).map(shippedLayout),
      slabs: this.arena.slabsAfter(this.known.lastSlab),
      droppedSlabs: dropped.numbers,
      dropped: replaced.reduce((sum, octets) => sum + octets, dropped.octets),
      addresses: addresses.isMuchChanged ? addresses.refrozen().parts : changed,
      indexes,
    }
    return { view: updatedView(this.from, update, this.layouts), update, replaced: this.replaced }
  }

  private async changedIndexes(collectors: readonly ChangeCollector[]): Promise<ViewUpdate['indexes']> {
    const before = indexesOf(this.from)
    const updates: ViewUpdate['indexes'][number][] = []
    for (const [place, { changes }] of collectors.entries()) {
      const next = before[place]?.with(changes)
      updates.push(next?.isMuchChanged ? { base: await this.refrozen(next), changes: new Map() } : { changes })
    }
    return updates
  }

  private async refrozen(index: ValueIndex) {
    const steps = index.refrozen()
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done) return step.value.parts
      if (this.isTimeUp) await this.pause()
    }
  }

  private async allIndexes(): Promise<ViewUpdate['indexes']> {
    const builders = indexesOf(this.from).map(() => new IndexBuilder())
    const [byKey, byUuid, children] = builders
    const indexed = new Map<Layout, IndexedLayout>()
    const indexedOf = (layout: Layout) => {
      const known = indexed.get(layout) ?? this.indexedLayout(layout, builders)
      indexed.set(layout, known)
      return known
    }
    for (let slot = 0; slot < this.slotCount; slot += 1) {
      const entry = this.entryIn(slot)
      if (entry === undefined) continue
      const { key } = entry
      byKey?.add(key, slot)
      byUuid?.add(entry.entryUUID, slot)
      children?.add(parentKey(key), slot)
      const { classes, attributes } = indexedOf(entry.layout)
      for (const { builder, place } of classes) builder.addAt(place, slot)
      for (const { index, add } of attributes) visitValues(entry, index, add(slot))
      if (this.isTimeUp) await this.pause()
    }
    return builders.map((builder) => ({ base: builder.freeze().parts, changes: new Map() }))
  }

  /** The values of objectClass are those of the layout: they are prepared once for all entries that have it. */
  private indexedLayout({ attributes, classNames }: Layout, builders: readonly IndexBuilder[]): IndexedLayout {
    const classes: { builder: IndexBuilder; place: number }[] = []
    const others: { index: number; add: AddValue }[] = []
    for (const [index, { type }] of attributes.entries()) {
      const builder = builders[this.indexPlaces.get(type) ?? -1]
      if (builder === undefined) continue
      if (type.name !== 'objectClass') others.push({ index, add: this.addValue(type, builder) })
      else
        for (const name of classNames)
          for (const value of preparedValues(type, Buffer.from(name), this.layouts.schema))
            classes.push({ builder, place: builder.placeFor(value) })
    }
    return { classes, attributes: others }
  }

  private addValue(type: AttributeType, builder: IndexBuilder): AddValue {
    const { schema } = this.layouts
    const ofPlain = type.syntax === Syntax.oid ? undefined : type.equality?.comparison.ofPlain
    let slot = 0
    const add = (octets: Buffer, start: number, end: number) => {
      if (ofPlain !== undefined && builder.addPlain(octets, start, end, ofPlain === 'folded', slot)) return
      for (const value of preparedValues(type, octets.subarray(start, end), schema)) builder.add(value, slot)
    }
    return (of) => {
      slot = of
      return add
    }
  }

  /** Records that are left in slabs of little use go to where there is room, so that those slabs can be dropped. */
  private moveFromSparse(): void {
    for (const { number, slab, used } of this.arena.sparse()) {
      for (let offset = 0; offset < used; offset += recordSize(slab, offset)) {
        const address = number * slabSpan + offset
        const entry = new EncodedEntry(slab, offset, this.layouts.all)
        const slot = this.slotOf(entry.entryUUID)
        if (slot === undefined || this.addressOf(slot) !== address) continue
        const to = this.arena.reserve(entry.size)
        slab.octets.copy(to.slab.octets, to.offset, offset, offset + entry.size)
        this.appended.push(to.address)
        this.place(slot, to.address)
      }
    }
  }
}

/** Types of which two entries of one layout have other values; all attributes of a type count, whatever their options. */
function changedTypes(a: EncodedEntry, b: EncodedEntry): ReadonlySet<AttributeType> {
  const changed = new Set<AttributeType>()
  for (const [index, { type }] of a.layout.attributes.entries()) {
    const [startA, startB] = [a.attributeStart(index), b.attributeStart(index)]
    if (a.octets.compare(b.octets, startB, b.attributeEnd(index), startA, a.attributeEnd(index)) !== 0)
      changed.add(type)
  }
  return changed
}

/** A view of a few entries that the server makes up. */
export function smallView(schema: Schema, entries: readonly Entry[]): DirectoryView {
  const draft = new ViewWriter(schema, noAccountValues, new Arena(16 * 1024)).begin()
  for (const entry of entries) draft.put(entry)
  return draft.finishAtOnce().view
}
