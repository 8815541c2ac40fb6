import { setImmediate as nextTurn } from 'node:timers/promises'
import { normalizeDn } from '../protocol/distinguished-name.ts'
import type { EntryChange } from './directory-store.ts'
import { decodeEntry, type EncodedEntry, encodeEntry, entryName, LayoutTable } from './encoded-entry.ts'
import type { Entry } from './entry.ts'
import { Schema } from './schema/schema.ts'

interface Row {
  readonly encoded: EncodedEntry
  /** {@link normalizeDn} of its name. */
  readonly key: string
}

const sliceSize = 100

/** Every entry by entryUUID and by DN, encoded as it goes to those who serve it. */
export class EntryTable {
  private readonly layouts = new LayoutTable(new Schema())
  private readonly byUuid = new Map<string, Row>()
  private readonly uuidByKey = new Map<string, string>()

  get size(): number {
    return this.byUuid.size
  }

  /** Takes in a whole commit at one moment; gives way to other work before. */
  async apply(changes: Iterable<EntryChange> | AsyncIterable<EntryChange>): Promise<void> {
    const rows = new Map<string, Row | undefined>()
    for await (const change of changes) {
      if (change.type === 'put') rows.set(change.entry.entryUUID, this.rowOf(change.entry))
      else rows.set(change.entryUUID, undefined)
      if (rows.size % sliceSize === 0) await nextTurn()
    }
    // DNs are given up before they are taken: two entries may swap theirs.
    for (const entryUUID of rows.keys()) this.uuidByKey.delete(this.byUuid.get(entryUUID)?.key ?? '')
    for (const [entryUUID, row] of rows) {
      if (row === undefined) this.byUuid.delete(entryUUID)
      else {
        this.byUuid.set(entryUUID, row)
        this.uuidByKey.set(row.key, entryUUID)
      }
    }
  }

  encoded(entryUUID: string): EncodedEntry | undefined {
    return this.byUuid.get(entryUUID)?.encoded
  }

  /** Throws DnSyntaxError. */
  byDn(dn: string): EncodedEntry | undefined {
    return this.encoded(this.uuidByKey.get(normalizeDn(dn)) ?? '')
  }

  uuids(): readonly string[] {
    return [...this.byUuid.keys()]
  }

  /** Those of the moment when the first is asked for. */
  *entries(): Generator<Entry> {
    const rows = Array.from(this.byUuid.values())
    for (const { encoded } of rows) yield decodeEntry(encoded)
  }

  private rowOf(entry: Entry): Row {
    const encoded = encodeEntry(entry, this.layouts)
    return { encoded, key: normalizeDn(entryName(encoded)) }
  }
}
