import { type Database, openUnchecked, type WriteOperation } from './database.ts'
import type { Row } from './backup-format.ts'
import { everythingRange, isOfPendingGeneration } from './keys.ts'
import type { ReadView } from './read-view.ts'

const pageRows = 1000
const batchBytes = 4 * 1024 * 1024

/** Every row of one state, as stored, without those of a generation that is being written. */
export async function* rawRows(db: Database, view: ReadView): AsyncGenerator<readonly Row[]> {
  view.enter()
  const rows = db.iterator({
    ...everythingRange,
    snapshot: view.snapshot,
    fillCache: false,
    highWaterMarkBytes: 1 << 20,
  })
  try {
    for (let page = await rows.nextv(pageRows); page.length > 0; page = await rows.nextv(pageRows))
      yield page.filter(([key]) => !isOfPendingGeneration(key))
  } finally {
    await rows.close()
    await view.leave()
  }
}

/** Makes a new store of rows, that of its version among them. */
export async function writeRows(directory: string, rows: AsyncIterable<Row>): Promise<void> {
  const db = await openUnchecked(directory)
  try {
    await putRows(db, rows)
  } finally {
    await db.close()
  }
}

export async function putRows(db: Database, rows: AsyncIterable<Row>): Promise<void> {
  let batch: WriteOperation[] = []
  let bytes = 0
  const write = async () => {
    await db.batch(batch, { sync: true })
    batch = []
    bytes = 0
  }
  for await (const [key, value] of rows) {
    batch.push({ type: 'put', key, value })
    bytes += key.length + value.length
    if (bytes >= batchBytes) await write()
  }
  await write()
}
