import type {
  Change,
  Collection,
  CommitResult,
  DirectoryStore,
  Generation,
  Json,
} from '../directory/directory-store.ts'
import type { Entry } from '../directory/entry.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { decodeChange } from './change-codec.ts'
import { planCommit } from './commit-plan.ts'
import { corruptStore, type Database, isCorruption } from './database.ts'
import { DurableDatabase, type OnWrite } from './durable-database.ts'
import { decodeEntry } from './entry-codec.ts'
import { recover, type Write, writeGeneration } from './generations.ts'
import {
  elementsOfRecordKey,
  entryKey,
  entryRange,
  type KeyRange,
  logRangeBetween,
  metaKey,
  recordKey,
  recordRange,
  rowName,
} from './keys.ts'
import type { Row } from './backup-format.ts'
import { rawRows } from './raw-rows.ts'
import { ReadView } from './read-view.ts'
import { decodeRecord } from './record-codec.ts'
import { StoreError } from './store-error.ts'
import { verifyStore } from './verify.ts'

export interface LevelStoreOptions {
  /** Gives the times of the change log. Default: the system's. */
  readonly clock?: Pick<Clock, 'now'>
  /** A generation with more bytes than this is written in chunks of about this size. Default: 4 MiB. */
  readonly chunkBytes?: number
  readonly onWrite?: OnWrite
}

/** A store that can be backed up. */
export interface LevelDirectoryStore extends DirectoryStore {
  /** Every row as stored, of the state at the first step. */
  rows(): AsyncIterable<readonly Row[]>
}

const pageRows = 1000

/**
 * Opens the store in `directory` (created with mode 0700 when missing) and finishes or drops what a crash left.
 * Throws {@link StoreError} `locked`, `newerStore`, `unknownStore` or `corrupt`, each fit for an operator.
 */
export async function openLevelStore(directory: string, options: LevelStoreOptions = {}): Promise<LevelDirectoryStore> {
  const db = await DurableDatabase.open(directory, options.onWrite)
  try {
    const lastChange = await readLastChange(db.current)
    return new LevelStore({ db, directory, lastChange, options })
  } catch (error) {
    await db.close()
    throw isCorruption(error) ? corruptStore(directory, error) : error
  }
}

async function readLastChange(db: Database): Promise<number> {
  const stored = await db.get(metaKey('lastChange'))
  const lastChange = stored === undefined ? 0 : decodeRecord(stored)
  if (typeof lastChange !== 'number') throw new StoreError('corrupt', 'The number of the last change cannot be read.')
  return lastChange
}

class LevelStore implements LevelDirectoryStore {
  readonly #db: DurableDatabase
  readonly #directory: string
  readonly #write: Write
  readonly #clock: Pick<Clock, 'now'>
  readonly #chunkBytes: number
  #lastChange: number
  /** The state before a generation that is being rolled forward; readers use it until that is done. */
  #view: ReadView | undefined
  #queue: Promise<unknown> = Promise.resolve()
  /** Marked, and not rolled forward: writing failed in between. */
  #unfinished: Generation | undefined
  /** Rolled forward since, which nobody has been told. */
  #finishedLater: Generation | undefined
  #closed: Promise<void> | undefined

  constructor(parts: {
    db: DurableDatabase
    directory: string
    lastChange: number
    options: LevelStoreOptions
  }) {
    this.#db = parts.db
    this.#directory = parts.directory
    this.#write = (step, operations) => parts.db.write(step, operations)
    this.#lastChange = parts.lastChange
    this.#clock = parts.options.clock ?? systemClock
    this.#chunkBytes = parts.options.chunkBytes ?? 4 * 1024 * 1024
  }

  get lastChange(): number {
    return this.#lastChange
  }

  get writeProblem(): string | undefined {
    return this.#db.problem?.message
  }

  commit(generation: Generation): Promise<CommitResult> {
    return this.#inLine(async () => {
      await this.#recoverNow()
      return await this.#commitNow(generation)
    })
  }

  recover(): Promise<Generation | undefined> {
    return this.#inLine(async () => {
      await this.#recoverNow()
      const finished = this.#finishedLater
      this.#finishedLater = undefined
      return finished
    })
  }

  async #inLine<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new StoreError('closed', 'The directory store is closed.')
    const result = this.#queue.then(work)
    this.#queue = result.catch(() => undefined)
    return await result
  }

  async #commitNow(generation: Generation): Promise<CommitResult> {
    const previous = this.#lastChange
    const db = this.#db.current
    const plan = planCommit(db, generation, this.#clock.now().toISOString(), previous)
    try {
      const lastChange = await writeGeneration(plan, this.#write, this.#chunkBytes, () => {
        this.#view = new ReadView(db)
      })
      if (this.#view) {
        this.#unfinished = generation
        await this.#finish(lastChange)
        this.#unfinished = undefined
      }
      this.#lastChange = lastChange
      return { firstChange: Math.min(previous + 1, lastChange), lastChange }
    } catch (error) {
      if (this.#db.problem) throw error
      // The plan was refused: its chunks, if any, go.
      await this.#finish(previous)
      throw isCorruption(error) ? corruptStore(this.#directory, error) : error
    }
  }

  /** Rolls forward the marked generation or drops unmarked chunks, then lets readers see the result. */
  async #finish(lastChange: number): Promise<void> {
    await recover(this.#db.current, this.#write)
    const before = this.#view
    this.#view = undefined
    this.#lastChange = lastChange
    await before?.retire()
  }

  async #recoverNow(): Promise<void> {
    if (this.#db.problem === undefined) return
    await this.#db.reopen(async (db) => {
      this.#lastChange = await readLastChange(db)
      this.#view = undefined // went with the database that it was of
    })
    this.#finishedLater = this.#unfinished
    this.#unfinished = undefined
  }

  async get(collection: Collection, key: readonly string[]): Promise<Json | undefined> {
    const value = await this.#read(recordKey(collection, key))
    return value && this.#decode(decodeRecord, recordKey(collection, key), value)
  }

  async *list(collection: Collection, prefix: readonly string[] = []) {
    for await (const page of this.#pages(recordRange(collection, prefix))) {
      for (const [key, value] of page)
        yield { key: elementsOfRecordKey(key), value: this.#decode(decodeRecord, key, value) }
    }
  }

  async *entries(): AsyncGenerator<Entry> {
    for await (const page of this.#pages(entryRange)) {
      for (const [key, value] of page) yield this.#decode(decodeEntry, key, value)
    }
  }

  async readEntry(entryUUID: string): Promise<Entry | undefined> {
    const value = await this.#read(entryKey(entryUUID))
    return value && this.#decode(decodeEntry, entryKey(entryUUID), value)
  }

  async *changes(after: number): AsyncGenerator<Change> {
    for await (const page of this.#pages(logRangeBetween(after, this.#lastChange))) {
      for (const [key, value] of page) yield this.#decode(decodeChange, key, value)
    }
  }

  async *rows(): AsyncGenerator<readonly Row[]> {
    const db = await this.#db.enter()
    const view = new ReadView(db)
    try {
      yield* rawRows(db, this.#view ?? view)
    } catch (error) {
      throw isCorruption(error) ? corruptStore(this.#directory, error) : error
    } finally {
      await view.retire()
      this.#db.leave()
    }
  }

  /** Some at a time, and from the oldest on: commits go on in between, and a cut leaves no gap. */
  async forgetChanges(before: string): Promise<number> {
    let forgotten = 0
    for (let some = pageRows; some === pageRows; forgotten += some) {
      some = await this.#inLine(() => this.#forgetSome(before))
    }
    return forgotten
  }

  async #forgetSome(before: string): Promise<number> {
    if (this.#db.problem) throw this.#db.problem
    for await (const page of this.#pages(logRangeBetween(0, this.#lastChange))) {
      const kept = page.findIndex(([key, value]) => this.#decode(decodeChange, key, value).time >= before)
      const old = kept < 0 ? page : page.slice(0, kept)
      if (old.length > 0)
        await this.#write(
          'batch',
          old.map(([key]) => ({ type: 'del', key })),
        )
      return old.length
    }
    return 0
  }

  async verify(): Promise<readonly string[]> {
    return await this.#db.read(async (db) => {
      const view = new ReadView(db)
      try {
        const state = this.#view ?? view
        state.enter()
        try {
          return await verifyStore(db, state.snapshot)
        } finally {
          await state.leave()
        }
      } finally {
        await view.retire()
      }
    })
  }

  close(): Promise<void> {
    this.#closed ??= this.#queue.then(() => this.#db.close())
    return this.#closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #read(key: Buffer): Promise<Buffer | undefined> {
    try {
      return await this.#db.read((db) => db.get(key, { snapshot: this.#view?.snapshot }))
    } catch (error) {
      throw isCorruption(error) ? corruptStore(this.#directory, error) : error
    }
  }

  #decode<T>(decode: (value: Buffer) => T, key: Buffer, value: Buffer): T {
    try {
      return decode(value)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw corruptStore(this.#directory, new Error(`${rowName(key)}: ${reason}`, { cause: error }))
    }
  }

  /** Rows of one state, that of the first step, in key order, many at a time. */
  async *#pages(range: KeyRange): AsyncGenerator<[Buffer, Buffer][]> {
    const db = await this.#db.enter()
    const view = this.#view
    view?.enter()
    const rows = db.iterator({
      ...range,
      snapshot: view?.snapshot,
      fillCache: false,
      highWaterMarkBytes: 1 << 20,
    })
    try {
      for (let page = await rows.nextv(pageRows); page.length > 0; page = await rows.nextv(pageRows)) yield page
    } catch (error) {
      throw isCorruption(error) ? corruptStore(this.#directory, error) : error
    } finally {
      await rows.close()
      await view?.leave()
      this.#db.leave()
    }
  }
}
