import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Database, isCorruption, openUnchecked, storeVersion, type WriteOperation } from './database.ts'
import { deadlyTables } from './deadly-tables.ts'
import { recover } from './generations.ts'
import { everythingRange, isOfPendingGeneration, metaKey, rowName } from './keys.ts'
import { repairFiles } from './level-repair.ts'
import { putRows } from './raw-rows.ts'
import { readableRows } from './readable-rows.ts'
import { decodeRecord, encodeRecord } from './record-codec.ts'
import { type Finding, readable, salvagedRows } from './salvage.ts'
import { StoreError } from './store-error.ts'
import { verifyStore } from './verify.ts'

const fromLostFile =
  'what only a lost file held is gone, or as it was before: look through passwords, blocks and administrators that changed lately, and set them again'

/**
 * Makes a store of what can be read in `directory`, where nobody else is at work: LevelDB's own repair where it does not
 * open, then every row. Gives what was found; nothing when all was well, and then nothing was changed. Throws
 * {@link StoreError} for a newer store and for one that is still not whole.
 */
export async function repairStore(directory: string, time: string): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const name of await deadlyTables(directory)) {
    await mkdir(join(directory, 'lost'), { recursive: true })
    await rename(join(directory, name), join(directory, 'lost', name))
    findings.push({ what: `file ${name}`, why: 'reading it ends the process', consequence: fromLostFile })
  }
  const why = await whyUnreadable(directory)
  if (why !== undefined) await makeReadable(directory, why, findings)
  try {
    return [...findings, ...(await repairRows(directory, time))]
  } catch (error) {
    // A table may be readable from its beginning to its end, and not where its index says.
    if (why !== undefined || error instanceof StoreError || !isCorruption(error)) throw error
    await makeReadable(directory, reasonOf(error), findings)
    return [...findings, ...(await repairRows(directory, time))]
  }
}

async function repairRows(directory: string, time: string): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  const db = await openUnchecked(directory)
  try {
    await requireKnownVersion(db, findings)
    await finishGeneration(db, findings)
    const salvaged = await salvagedRows(db, time)
    findings.push(...salvaged.findings)
    await write(db, salvaged.operations)
    const snapshot = db.snapshot()
    const problems = await verifyStore(db, snapshot)
    await snapshot.close()
    if (problems.length > 0)
      throw new StoreError(
        'corrupt',
        `The store could not be repaired: ${problems.slice(0, 5).join('; ')}. Restore a backup.`,
      )
    return findings
  } finally {
    await db.close()
  }
}

/** LevelDB makes tables of what it can read, rows of which may be unreadable all the same: a new database gets the others. */
async function makeReadable(directory: string, why: string, findings: Finding[]): Promise<void> {
  findings.push({ what: 'files of the database', why, consequence: fromLostFile })
  await repairFiles(directory)
  const lost = await readdir(join(directory, 'lost')).catch(() => [])
  for (const name of lost.filter((one) => /\.(ldb|sst)$/.test(one)))
    findings.push({ what: `file ${name}`, why: 'part of it cannot be read', consequence: fromLostFile })
  const copy = `${directory}.rows`
  await rm(copy, { recursive: true, force: true })
  try {
    const [from, to] = [await openUnchecked(directory), await openUnchecked(copy)]
    try {
      const rows = readableRows(from, (after, error) =>
        findings.push({
          what: after === undefined ? 'the first rows' : `rows behind ${rowName(after)}`,
          why: reasonOf(error),
          consequence: fromLostFile,
        }),
      )
      await putRows(to, rows)
    } finally {
      await from.close()
      await to.close()
    }
    await rm(directory, { recursive: true })
    await rename(copy, directory)
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}

/** undefined when LevelDB gives every row. */
async function whyUnreadable(directory: string): Promise<string | undefined> {
  try {
    const db = await openUnchecked(directory)
    try {
      for await (const _ of db.keys({ ...everythingRange })) continue
    } finally {
      await db.close()
    }
    return undefined
  } catch (error) {
    if (error instanceof StoreError && error.code === 'locked') throw error
    return reasonOf(error)
  }
}

async function requireKnownVersion(db: Database, findings: Finding[]): Promise<void> {
  const stored = await db.get(metaKey('storeVersion'))
  const found = stored && readable(() => decodeRecord(stored))
  if (found?.value === storeVersion) return
  if (typeof found?.value === 'number')
    throw new StoreError(
      'newerStore',
      `The store has version ${found.value}, and this rosterd repairs version ${storeVersion}: use the rosterd that wrote it.`,
    )
  await db.put(metaKey('storeVersion'), encodeRecord(storeVersion), { sync: true })
  findings.push({
    what: 'version of the store',
    why: found?.problem ?? 'is missing',
    consequence: `it counts as version ${storeVersion}`,
  })
}

/** One that was committed and is whole is finished; of one that is not, what is there is in the place, or not. */
async function finishGeneration(db: Database, findings: Finding[]): Promise<void> {
  try {
    await recover(db, (_step, operations) => write(db, operations))
  } catch (error) {
    const rows = await db.keys({ ...everythingRange }).all()
    await write(
      db,
      rows.filter(isOfPendingGeneration).map((key) => ({ type: 'del', key })),
    )
    findings.push({
      what: 'a generation that was being written',
      why: error instanceof Error ? error.message : String(error),
      consequence: 'part of it is in the place: the next sync finishes it',
    })
  }
}

async function write(db: Database, operations: readonly WriteOperation[]): Promise<void> {
  await db.batch([...operations], { sync: true })
}
