import { DirectoryView } from '../directory-view.ts'
import type { Layout, LayoutTable } from '../entry-layout.ts'
import { type SharedSlab, slabOf } from './arena.ts'
import { FrozenIndex, type FrozenParts } from './frozen-index.ts'
import { SlotTable, type SlotTableParts } from './slot-table.ts'
import { type IndexChanges, ValueIndex } from './value-index.ts'

/** What {@link LayoutTable.layoutOf} takes. */
interface ShippedLayout {
  readonly descriptions: readonly string[]
  readonly classNames: readonly string[]
}

interface IndexUpdate {
  /** In place of what there was. */
  readonly base?: FrozenParts
  readonly changes: IndexChanges
}

/**
 * What makes the next view of one. Records and frozen indexes are in memory that all threads see, so that this is small, and a thread that
 * is sent it has nothing to do but to take it in.
 */
export interface ViewUpdate {
  /** Those that come after the layouts there are. */
  readonly layouts: readonly ShippedLayout[]
  readonly slabs: readonly SharedSlab[]
  readonly droppedSlabs: readonly number[]
  /** Octets of the shared memory that nobody needs once this is taken in. */
  readonly dropped: number
  readonly addresses: Partial<Pick<SlotTableParts, 'base'>> & Omit<SlotTableParts, 'base'>
  /** Of DN keys, entryUUIDs and children, then of the indexed types in their order. */
  readonly indexes: readonly IndexUpdate[]
}

export function shippedLayout({ attributes, classNames }: Layout): ShippedLayout {
  return { descriptions: attributes.map(({ description }) => description), classNames }
}

export function indexesOf({ parts }: DirectoryView): readonly ValueIndex[] {
  return [parts.byKey, parts.byUuid, parts.children, ...parts.equality.values()]
}

/** The view that follows; `layouts` are those of the view. */
export function updatedView(view: DirectoryView, update: ViewUpdate, layouts: LayoutTable): DirectoryView {
  for (const { descriptions, classNames } of update.layouts) layouts.layoutOf(descriptions, classNames)
  const { parts } = view
  const { base, ...changed } = update.addresses
  const [byKey = ValueIndex.empty, byUuid = ValueIndex.empty, children = ValueIndex.empty, ...equality] = indexesOf(
    view,
  ).map((index, place) => updatedIndex(index, update.indexes[place]))
  return new DirectoryView({
    ...parts,
    slabs: updatedSlabs(parts.slabs, update),
    addresses: base ? new SlotTable({ base, ...changed }) : parts.addresses.with(changed),
    byKey,
    byUuid,
    children,
    equality: new Map([...parts.equality.keys()].map((type, place) => [type, equality[place] ?? ValueIndex.empty])),
  })
}

function updatedIndex(index: ValueIndex, update: IndexUpdate | undefined): ValueIndex {
  if (update === undefined) return index
  return update.base ? new ValueIndex(new FrozenIndex(update.base), update.changes) : index.with(update.changes)
}

function updatedSlabs(
  slabs: DirectoryView['parts']['slabs'],
  { slabs: added, droppedSlabs }: ViewUpdate,
): typeof slabs {
  if (added.length === 0 && droppedSlabs.length === 0) return slabs
  const next = new Map(slabs)
  for (const [number, octets] of added) next.set(number, slabOf(octets))
  for (const number of droppedSlabs) next.delete(number)
  return next
}

/** All of a view, for one that is empty. */
export function wholeView(view: DirectoryView, slabs: readonly SharedSlab[]): ViewUpdate {
  return {
    layouts: view.parts.layouts.map(shippedLayout),
    slabs,
    droppedSlabs: [],
    dropped: 0,
    addresses: view.parts.addresses.parts,
    indexes: indexesOf(view).map((index) => ({ base: index.base.parts, changes: index.changes })),
  }
}
