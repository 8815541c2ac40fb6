import type { Row } from './backup-format.ts'
import type { Database } from './database.ts'

const pageRows = 1000

/**
 * Every row that can be read, in key order. Behind one that cannot, it goes on at the nearest key from which reading works
 * again, and tells `skipped` of the last key before and of what LevelDB said: a reader of LevelDB gives nothing more once it
 * has met damage, though a new one beyond it does.
 */
export async function* readableRows(
  db: Database,
  skipped: (after: Buffer | undefined, error: unknown) => void,
): AsyncGenerator<Row> {
  let last: Buffer | undefined
  let from: { gt: Buffer } | { gte: Buffer } = { gte: Buffer.of(0) }
  for (let page = pageRows; ; ) {
    const { rows, error } = await readFrom(db, from, page)
    for (const row of rows) {
      yield row
      last = row[0]
      from = { gt: row[0] }
    }
    if (error === undefined && rows.length < page) return
    if (error === undefined) page = pageRows
    else if (page > 1)
      page = 1 // the rows before the damage
    else {
      skipped(last, error)
      const next = await keyBeyond(db, last ?? Buffer.of(0))
      if (next === undefined) return
      from = { gte: next }
    }
  }
}

async function readFrom(db: Database, from: { gt: Buffer } | { gte: Buffer }, size: number) {
  const iterator = db.iterator({ ...from, fillCache: false })
  try {
    return { rows: await iterator.nextv(size) }
  } catch (error) {
    return { rows: [], error }
  } finally {
    await iterator.close()
  }
}

/** The nearest key behind `key` that has the beginning of it, one octet of it raised, from which reading works. */
async function keyBeyond(db: Database, key: Buffer): Promise<Buffer | undefined> {
  for (let length = key.length; length > 0; length--) {
    const target = Buffer.from(key.subarray(0, length))
    for (
      let octet = target.readUInt8(length - 1) + 1;
      octet <= 0xff;
      octet = 2 * octet - target.readUInt8(length - 1) + 1
    ) {
      const tried = Buffer.from(target)
      tried.writeUInt8(octet, length - 1)
      if ((await readFrom(db, { gte: tried }, 1)).error === undefined) return tried
    }
  }
  return undefined
}
