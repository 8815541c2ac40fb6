import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LevelStoreOptions, openLevelStore } from '../../server/storage/level-store.ts'
import { contractTime, type StoreFixture } from './directory-store.ts'

/** A LevelDB store in a temporary folder that goes with the fixture. */
export async function levelFixture(options: LevelStoreOptions = {}) {
  const parent = await mkdtemp(join(tmpdir(), 'rosterd-store-'))
  const directory = join(parent, 'store')
  const clock = { now: () => new Date(contractTime) }
  const first = await openLevelStore(directory, { clock, ...options })
  let store = first
  return {
    directory,
    store: first,
    async reopen() {
      await store.close()
      store = await openLevelStore(directory, { clock, ...options })
      return store
    },
    async [Symbol.asyncDispose]() {
      await store.close()
      await rm(parent, { recursive: true })
    },
  } satisfies StoreFixture & { directory: string }
}
