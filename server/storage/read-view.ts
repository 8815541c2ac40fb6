import type { Database } from './database.ts'

type Snapshot = ReturnType<Database['snapshot']>

/** One state of the database that several readers share; it is let go when retired and its last reader has left. */
export class ReadView {
  readonly snapshot: Snapshot
  #readers = 0
  #isRetired = false

  constructor(db: Database) {
    this.snapshot = db.snapshot()
  }

  enter(): void {
    this.#readers++
  }

  async leave(): Promise<void> {
    this.#readers--
    await this.#closeWhenUnused()
  }

  async retire(): Promise<void> {
    this.#isRetired = true
    await this.#closeWhenUnused()
  }

  async #closeWhenUnused(): Promise<void> {
    if (this.#isRetired && this.#readers === 0) await this.snapshot.close()
  }
}
