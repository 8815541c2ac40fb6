import { open, readdir, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { corruptStore, type Database, isCorruption, openDatabase, type WriteOperation } from './database.ts'
import { recover, type WriteStep } from './generations.ts'
import { pendingRange } from './keys.ts'
import type { StoreError } from './store-error.ts'
import { writeFailed } from './write-failure.ts'

/** Called around every write, recovery and probe included; tests end the process or fail the write in it. */
export type OnWrite = (step: WriteStep | 'probe', when: 'before' | 'after') => void

interface Failure {
  readonly error: StoreError
  /** Brings back what was there before a batch that may have reached the disk; undefined: that could not be read. */
  readonly undo: readonly WriteOperation[] | undefined
}

/** How long a write waits for readers before the database is opened anew. */
const readersLeaveWithinMs = 5000
/** Room that must be there beside what recovery writes. */
const spareBytes = 4 * 1024 * 1024

/**
 * A database that goes on after a failed write. LevelDB itself writes nothing more once its background work has failed,
 * and what it takes after a torn record in its log may be lost: nothing is written until it has been opened anew, which is
 * tried when the disk has shown that it takes what that needs. Reading goes on meanwhile.
 *
 * Reads go through {@link read} or between {@link enter} and {@link leave}. Writes and {@link reopen} are called one at a
 * time, and may read {@link current} directly.
 */
export class DurableDatabase {
  readonly #directory: string
  readonly #onWrite: OnWrite | undefined
  #db: Database
  #failure: Failure | undefined
  #readers = 0
  #lastReaderLeft: () => void = () => undefined
  #reopening: Promise<void> | undefined
  /** False when opening anew has failed on its way: the rows may be between two states. */
  #isReadable = true

  private constructor(directory: string, db: Database, onWrite: OnWrite | undefined) {
    this.#directory = directory
    this.#db = db
    this.#onWrite = onWrite
  }

  /** Finishes or drops what a crash left. Throws what `openDatabase` throws, and {@link StoreError} `writeFailed`. */
  static async open(directory: string, onWrite?: OnWrite): Promise<DurableDatabase> {
    const opened = new DurableDatabase(directory, await openDatabase(directory), onWrite)
    try {
      await recover(opened.#db, (step, operations) => opened.#write(step, operations))
      return opened
    } catch (error) {
      await opened.close()
      throw opened.#described(error)
    }
  }

  get current(): Database {
    return this.#db
  }

  /** Why nothing can be written; undefined when it can. */
  get problem(): StoreError | undefined {
    return this.#failure?.error
  }

  async read<T>(work: (db: Database) => Promise<T>): Promise<T> {
    const db = await this.enter()
    try {
      return await work(db)
    } finally {
      this.leave()
    }
  }

  /** The database stays open until {@link leave}. */
  async enter(): Promise<Database> {
    while (this.#reopening) await this.#reopening
    if (!this.#isReadable && this.#failure) throw this.#failure.error
    this.#readers++
    return this.#db
  }

  leave(): void {
    if (--this.#readers === 0) this.#lastReaderLeft()
  }

  /** One synced, atomic batch. One that is refused has not come about, unless the process ends before {@link reopen}. */
  async write(step: WriteStep, operations: readonly WriteOperation[]): Promise<void> {
    if (this.#failure) throw this.#failure.error
    const before = this.#db.snapshot()
    try {
      await this.#write(step, operations)
    } catch (error) {
      // Chunks are dropped and a generation that is marked is rolled forward anyway.
      const isInDoubt = step === 'batch' || step === 'mark'
      const undo = isInDoubt ? await rowsBefore(this.#db, before, operations).catch(() => undefined) : []
      this.#failure = { error: this.#described(error), undo }
      throw this.#failure.error
    } finally {
      await before.close()
    }
  }

  /**
   * Tries to make writing possible again after a failed write; `opened` gets the database before anybody reads it. Throws
   * {@link StoreError} `writeFailed` while it is not.
   */
  async reopen(opened: (db: Database) => Promise<void>): Promise<void> {
    const failure = this.#failure
    if (failure === undefined) return
    if (failure.undo === undefined) throw failure.error
    try {
      await this.#probe()
      await this.#readersToLeave()
    } catch (error) {
      this.#failure = { ...failure, error: this.#described(error) }
      throw this.#failure.error
    }
    const reopening = Promise.withResolvers<void>()
    this.#reopening = reopening.promise
    this.#isReadable = false
    try {
      await this.#db.close()
      this.#db = await openDatabase(this.#directory)
      await this.#bringBack(failure.undo)
      await recover(this.#db, (step, operations) => this.#write(step, operations))
      await opened(this.#db)
      this.#failure = undefined
      this.#isReadable = true
    } catch (error) {
      this.#failure = { ...failure, error: this.#described(error) }
      throw this.#failure.error
    } finally {
      this.#reopening = undefined
      reopening.resolve()
    }
  }

  async close(): Promise<void> {
    await this.#db.close()
  }

  async #write(step: WriteStep, operations: readonly WriteOperation[]): Promise<void> {
    this.#onWrite?.(step, 'before')
    await this.#db.batch([...operations], { sync: true })
    this.#onWrite?.(step, 'after')
  }

  /** Only where it is not as it was. */
  async #bringBack(undo: readonly WriteOperation[]): Promise<void> {
    const found = await this.#db.getMany(undo.map(({ key }) => key))
    const changed = undo.filter((row, index) =>
      row.type === 'put' ? !found[index]?.equals(row.value) : found[index] !== undefined,
    )
    if (changed.length > 0) await this.#write('batch', changed)
  }

  /** Writes as much as opening writes: LevelDB turns its logs into tables, and a marked generation is rolled forward. */
  async #probe(): Promise<void> {
    this.#onWrite?.('probe', 'before')
    const file = join(this.#directory, 'room.probe')
    let left = spareBytes + (await bytesOfLogs(this.#directory))
    if (this.#db.status === 'open') for await (const chunk of this.#db.values({ ...pendingRange })) left += chunk.length
    const { bavail, bsize } = await statfs(this.#directory)
    if (bavail * bsize < left) throw Object.assign(new Error(`${left} octets are needed`), { code: 'ENOSPC' })
    try {
      const handle = await open(file, 'w', 0o600)
      try {
        for (const block = Buffer.alloc(1 << 20, 0x5a); left > 0; left -= block.length) await handle.write(block)
        await handle.sync()
      } finally {
        await handle.close()
      }
    } finally {
      await rm(file, { force: true })
    }
    this.#onWrite?.('probe', 'after')
  }

  async #readersToLeave(): Promise<void> {
    if (this.#readers === 0) return
    const gone = new Promise<boolean>((resolve) => (this.#lastReaderLeft = () => resolve(true)))
    const patience = new AbortController()
    const late = delay(readersLeaveWithinMs, false, { signal: patience.signal }).catch(() => false)
    const areGone = await Promise.race([gone, late])
    patience.abort()
    if (!areGone) throw new Error('it has to be opened anew after a failed write, and is still being read')
  }

  #described(error: unknown): StoreError {
    return isCorruption(error) ? corruptStore(this.#directory, error) : writeFailed(this.#directory, error)
  }
}

/** What gives the rows of these operations the values that they have in the snapshot. */
async function rowsBefore(
  db: Database,
  snapshot: ReturnType<Database['snapshot']>,
  operations: readonly WriteOperation[],
): Promise<WriteOperation[]> {
  const keys = operations.map(({ key }) => key)
  const values = await db.getMany(keys, { snapshot })
  return keys.map((key, index) => {
    const value = values[index]
    return value === undefined ? { type: 'del', key } : { type: 'put', key, value }
  })
}

async function bytesOfLogs(directory: string): Promise<number> {
  let bytes = 0
  for (const name of await readdir(directory))
    if (name.endsWith('.log')) bytes += (await stat(join(directory, name))).size
  return bytes
}
