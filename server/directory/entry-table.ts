import { normalizeDn } from '../protocol/distinguished-name.ts'
import type { EntryChange } from './directory-store.ts'
import {
  decodeEntry,
  type EncodedChange,
  type EncodedEntry,
  encodedValues,
  encodeEntry,
  entryName,
  LayoutTable,
} from './encoded-entry.ts'
import type { Entry } from './entry.ts'
import { Schema } from './schema/schema.ts'

interface Row {
  readonly encoded: EncodedEntry
  /** {@link normalizeDn} of its name. */
  readonly key: string
}

/** An entry of one state of the directory; it is put together when it is read. */
export interface StateEntry {
  readonly entryUUID: string
  /** {@link normalizeDn} of its name: parents sort before what is below them. */
  readonly key: string
  read(): Entry
}

/** Changes that are taken in together. */
export interface StagedEntries {
  /** Every entry put, or undefined for one deleted, by entryUUID. They are encoded while this is walked, which is done once. */
  readonly changes: Generator<EncodedChange>
  /** Those that were walked are there for everybody from now on. */
  publish(): void
}

/** Every entry by entryUUID and by DN, encoded as it goes to those who serve it. */
export class EntryTable {
  private readonly layouts = new LayoutTable(new Schema())
  private readonly byUuid = new Map<string, Row>()
  private readonly uuidByKey = new Map<string, string>()

  get size(): number {
    return this.byUuid.size
  }

  stage(changes: Iterable<EntryChange>): StagedEntries {
    const rows = new Map<string, Row | undefined>()
    const rowOf = (entry: Entry) => this.rowOf(entry)
    return {
      changes: (function* () {
        for (const change of changes) {
          const entryUUID = change.type === 'put' ? change.entry.entryUUID : change.entryUUID
          const row = change.type === 'put' ? rowOf(change.entry) : undefined
          rows.set(entryUUID, row)
          yield [entryUUID, row?.encoded]
        }
      })(),
      publish: () => this.replace(rows),
    }
  }

  async load(entries: AsyncIterable<Entry>): Promise<void> {
    for await (const entry of entries) this.put(entry.entryUUID, this.rowOf(entry))
  }

  encoded(entryUUID: string): EncodedEntry | undefined {
    return this.byUuid.get(entryUUID)?.encoded
  }

  /** Throws DnSyntaxError. */
  byDn(dn: string): EncodedEntry | undefined {
    return this.encoded(this.uuidByKey.get(normalizeDn(dn)) ?? '')
  }

  /** Everything, as changes of an empty table; those of the moment when the first is asked for. */
  *all(): Generator<EncodedChange> {
    const rows = Array.from(this.byUuid)
    for (const [entryUUID, { encoded }] of rows) yield [entryUUID, encoded]
  }

  /** Those of the moment when the first is asked for. */
  *entries(): Generator<Entry> {
    const rows = Array.from(this.byUuid.values())
    for (const { encoded } of rows) yield decodeEntry(encoded)
  }

  /** Those of this moment; they stay as they are. */
  states(): StateEntry[] {
    return Array.from(this.byUuid, ([entryUUID, { encoded, key }]) => ({
      entryUUID,
      key,
      read: () => decodeEntry(encoded),
    }))
  }

  *entriesWith(attribute: string, value: string): Generator<Entry> {
    const octets = Buffer.from(value)
    for (const { encoded } of this.byUuid.values()) {
      const place = encoded.layout.attributes.findIndex(({ description }) => description === attribute)
      if (place < 0 || !encoded.octets.includes(octets)) continue // most have nothing like it
      for (const one of encodedValues(encoded, place))
        if (one.equals(octets)) {
          yield decodeEntry(encoded)
          break
        }
    }
  }

  private put(entryUUID: string, row: Row): void {
    this.byUuid.set(entryUUID, row)
    this.uuidByKey.set(row.key, entryUUID)
  }

  private replace(rows: ReadonlyMap<string, Row | undefined>): void {
    // DNs are given up before they are taken: two entries may swap theirs.
    for (const entryUUID of rows.keys()) this.uuidByKey.delete(this.byUuid.get(entryUUID)?.key ?? '')
    for (const [entryUUID, row] of rows) {
      if (row === undefined) this.byUuid.delete(entryUUID)
      else this.put(entryUUID, row)
    }
  }

  private rowOf(entry: Entry): Row {
    const encoded = encodeEntry(entry, this.layouts)
    return { encoded, key: normalizeDn(entryName(encoded)) }
  }
}
