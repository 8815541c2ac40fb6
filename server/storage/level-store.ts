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
import { corruptStore, type Database, isCorruption, openDatabase } from './database.ts'
import { decodeEntry } from './entry-codec.ts'
import { recover, type Write, type WriteStep, writeGeneration } from './generations.ts'
import {
  elementsOfRecordKey,
  entryKey,
  entryRange,
  type KeyRange,
  logRangeBetween,
  metaKey,
  recordKey,
  recordRange,
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
  /** Called around every write, recovery included; crash tests end the process in it. */
  readonly onWrite?: (step: WriteStep, when: 'before' | 'after') => void
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
  const db = await openDatabase(directory)
  const write: Write = async (step, operations) => {
    try {
      options.onWrite?.(step, 'before')
      await db.batch([...operations], { sync: true })
      options.onWrite?.(step, 'after')
    } catch (error) {
      throw writeFailed(directory, error)
    }
  }
  try {
    await recover(db, write)
    const lastChange = await readLastChange(db)
    return new LevelStore({ db, directory, write, lastChange, options })
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
  readonly #db: Database
  readonly #directory: string
  readonly #write: Write
  readonly #clock: Pick<Clock, 'now'>
  readonly #chunkBytes: number
  #lastChange: number
  /** The state before a generation that is being rolled forward; readers use it until that is done. */
  #view: ReadView | undefined
  #queue: Promise<unknown> = Promise.resolve()
  /** The first failed write ends writing: what reached the disk is uncertain until the store is opened again. */
  #failure: unknown
  #closed: Promise<void> | undefined

  constructor(parts: {
    db: Database
    directory: string
    write: Write
    lastChange: number
    options: LevelStoreOptions
  }) {
    this.#db = parts.db
    this.#directory = parts.directory
    this.#write = async (step, operations) => {
      try {
        await parts.write(step, operations)
      } catch (error) {
        this.#failure = error
        throw error
      }
    }
    this.#lastChange = parts.lastChange
    this.#clock = parts.options.clock ?? systemClock
    this.#chunkBytes = parts.options.chunkBytes ?? 4 * 1024 * 1024
  }

  get lastChange(): number {
    return this.#lastChange
  }

  async commit(generation: Generation): Promise<CommitResult> {
    if (this.#closed) throw new StoreError('closed', 'The directory store is closed.')
    const result = this.#queue.then(() => this.#commitNow(generation))
    this.#queue = result.catch(() => undefined)
    return await result
  }

  async #commitNow(generation: Generation): Promise<CommitResult> {
    if (this.#failure) throw this.#failure
    const previous = this.#lastChange
    const plan = planCommit(this.#db, generation, this.#clock.now().toISOString(), previous)
    try {
      const lastChange = await writeGeneration(plan, this.#write, this.#chunkBytes, () => {
        this.#view = new ReadView(this.#db)
      })
      if (this.#view) await this.#finish(lastChange)
      this.#lastChange = lastChange
      return { firstChange: Math.min(previous + 1, lastChange), lastChange }
    } catch (error) {
      if (this.#view) this.#failure = error
      if (this.#failure) throw error
      // The plan was refused: its chunks, if any, go.
      await this.#finish(previous)
      throw isCorruption(error) ? corruptStore(this.#directory, error) : error
    }
  }

  /** Rolls forward the marked generation or drops unmarked chunks, then lets readers see the result. */
  async #finish(lastChange: number): Promise<void> {
    await recover(this.#db, this.#write)
    const before = this.#view
    this.#view = undefined
    this.#lastChange = lastChange
    await before?.retire()
  }

  async get(collection: Collection, key: readonly string[]): Promise<Json | undefined> {
    const value = await this.#read(recordKey(collection, key))
    return value && this.#decode(decodeRecord, value)
  }

  async *list(collection: Collection, prefix: readonly string[] = []) {
    for await (const page of this.#pages(recordRange(collection, prefix))) {
      for (const [key, value] of page) yield { key: elementsOfRecordKey(key), value: this.#decode(decodeRecord, value) }
    }
  }

  async *entries(): AsyncGenerator<Entry> {
    for await (const page of this.#pages(entryRange)) {
      for (const [, value] of page) yield this.#decode(decodeEntry, value)
    }
  }

  async readEntry(entryUUID: string): Promise<Entry | undefined> {
    const value = await this.#read(entryKey(entryUUID))
    return value && this.#decode(decodeEntry, value)
  }

  async *changes(after: number): AsyncGenerator<Change> {
    for await (const page of this.#pages(logRangeBetween(after, this.#lastChange))) {
      for (const [, value] of page) yield this.#decode(decodeChange, value)
    }
  }

  async *rows(): AsyncGenerator<readonly Row[]> {
    const view = new ReadView(this.#db)
    try {
      yield* rawRows(this.#db, this.#view ?? view)
    } finally {
      await view.retire()
    }
  }

  /** Some at a time, and from the oldest on: commits go on in between, and a cut leaves no gap. */
  async forgetChanges(before: string): Promise<number> {
    let forgotten = 0
    for (let some = pageRows; some === pageRows; forgotten += some) {
      if (this.#closed) throw new StoreError('closed', 'The directory store is closed.')
      const result = this.#queue.then(() => this.#forgetSome(before))
      this.#queue = result.catch(() => undefined)
      some = await result
    }
    return forgotten
  }

  async #forgetSome(before: string): Promise<number> {
    if (this.#failure) throw this.#failure
    for await (const page of this.#pages(logRangeBetween(0, this.#lastChange))) {
      const kept = page.findIndex(([, value]) => this.#decode(decodeChange, value).time >= before)
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
    const view = new ReadView(this.#db)
    try {
      const state = this.#view ?? view
      state.enter()
      try {
        return await verifyStore(this.#db, state.snapshot)
      } finally {
        await state.leave()
      }
    } finally {
      await view.retire()
    }
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
      return await this.#db.get(key, { snapshot: this.#view?.snapshot })
    } catch (error) {
      throw isCorruption(error) ? corruptStore(this.#directory, error) : error
    }
  }

  #decode<T>(decode: (value: Buffer) => T, value: Buffer): T {
    try {
      return decode(value)
    } catch (error) {
      throw corruptStore(this.#directory, error)
    }
  }

  /** Rows of one state, that of the first step, in key order, many at a time. */
  async *#pages(range: KeyRange): AsyncGenerator<[Buffer, Buffer][]> {
    const view = this.#view
    view?.enter()
    const rows = this.#db.iterator({
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
    }
  }
}

function writeFailed(directory: string, cause: unknown): StoreError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new StoreError(
    'writeFailed',
    `The store in "${directory}" could not be written (${reason}). Reading goes on; make sure the disk has space and works, then restart rosterd.`,
    { cause },
  )
}
