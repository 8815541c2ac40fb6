import { deserialize, serialize } from 'node:v8'
import type { Schema } from '../schema/schema.ts'
import type { ArenaParts } from './arena.ts'
import type { FrozenParts } from './frozen-index.ts'
import type { ViewUpdate } from './view-update.ts'
import { ViewWriter } from './view-writer.ts'

/** A view and its records as octets: of the machine and the code that made it alone. */
export interface ViewImage {
  /** What is small, in one piece, and how long the sections are. */
  readonly head: Uint8Array
  /** Records and indexes where they lie. They stay as they are while the directory goes on. */
  readonly sections: readonly Uint8Array[]
}

/** What the head holds; the sections come in the order of slabs, addresses and indexes. */
interface Head {
  readonly lengths: readonly number[]
  readonly layouts: ViewUpdate['layouts']
  readonly arena: Omit<ArenaParts, 'slabs'> & {
    readonly slabs: readonly { readonly number: number; readonly size: number; readonly live: number }[]
  }
  readonly addresses: Omit<ViewUpdate['addresses'], 'base'>
  readonly indexes: readonly {
    readonly seed: number
    readonly hasSlotEnds: boolean
    readonly changes: ViewUpdate['indexes'][number]['changes']
  }[]
}

/** Takes no time: nothing is copied. */
export function imageOf(writer: ViewWriter): ViewImage {
  const { view, arena } = writer.parts
  const { base, ...addresses } = view.addresses
  const sections = [
    ...arena.slabs.map(({ octets, used }) => new Uint8Array(octets, 0, used)),
    octetsOf(base ?? new Float64Array(0)),
    ...view.indexes.flatMap((index) => (index.base ? sectionsOf(index.base) : [])),
  ]
  const head: Head = {
    lengths: sections.map(({ length }) => length),
    layouts: view.layouts,
    arena: {
      ...arena,
      slabs: arena.slabs.map(({ number, octets, live }) => ({ number, size: octets.byteLength, live })),
    },
    addresses,
    indexes: view.indexes.map((index) => ({
      seed: index.base?.seed ?? 0,
      hasSlotEnds: index.base?.slotEnds !== undefined,
      changes: index.changes,
    })),
  }
  return { head: serialize(head), sections }
}

function sectionsOf({ table, octets, ends, slots, slotEnds }: FrozenParts): Uint8Array[] {
  return [table, octets, ends, slots, ...(slotEnds ? [slotEnds] : [])].map(octetsOf)
}

function octetsOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** An image whose sections are still to be filled, in memory that threads share. */
export function unfilledImage(head: Uint8Array): ViewImage {
  const { lengths, arena } = deserialize(head) as Head
  const sections = lengths.map((length, place) => {
    // A slab has room for records to come.
    const size = arena.slabs[place]?.size ?? length
    return new Uint8Array(new SharedArrayBuffer(size), 0, length)
  })
  return { head, sections }
}

/** Goes on where the writer was of which this is the image. */
export function writerOf({ head, sections }: ViewImage, schema: Schema): ViewWriter {
  const { layouts, arena, addresses, indexes } = deserialize(head) as Head
  const left = sections[Symbol.iterator]()
  const next = (): Uint8Array<SharedArrayBuffer> => {
    const { value } = left.next()
    if (!(value?.buffer instanceof SharedArrayBuffer)) throw new Error('a section is missing, or is not shared')
    return new Uint8Array(value.buffer, value.byteOffset, value.length)
  }
  const words = () => new Uint32Array(next().buffer)
  const slabs = arena.slabs.map(({ number, live }) => {
    const { buffer: octets, length: used } = next()
    return { number, octets, used, live }
  })
  const view: ViewUpdate = {
    layouts,
    slabs: slabs.map(({ number, octets }) => [number, octets]),
    droppedSlabs: [],
    dropped: 0,
    addresses: { ...addresses, base: new Float64Array(next().buffer) },
    indexes: indexes.map(({ seed, hasSlotEnds, changes }) => ({
      base: {
        seed,
        table: words(),
        octets: next(),
        ends: words(),
        slots: words(),
        slotEnds: hasSlotEnds ? words() : undefined,
      },
      changes,
    })),
  }
  return ViewWriter.of(schema, { view, arena: { ...arena, slabs } })
}
