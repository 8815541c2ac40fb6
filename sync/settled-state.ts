import type { RecordChange } from '../server/directory/directory-store.ts'
import type { Clock } from '../server/runtime/clock.ts'
import { readPause } from './provider-pause.ts'
import { readHeld } from './settlement.ts'
import type { SyncDirectory } from './sync-directory.ts'

/** What a settlement depends on beside the configuration and the time. */
const settledFrom = ['mirror', 'identity', 'name', 'number', 'held', 'match', 'enrollment'] as const

const settledForMs = 20 * 3_600_000

/** Whether the directory is what a settlement would make of the store: a run that read nothing new ends there. */
export interface SettledState {
  /** A settlement begins to read. */
  begin(): void
  /** It was applied; `written` are the records of its commit. */
  applied(written: readonly RecordChange[], now: Date): void
  /** Whether settling again would give what is there already. Once a day it is done anyway: time frees names and forgets people. */
  isSettled(): Promise<boolean>
  /** Others changed what is not told by records: nothing is settled. */
  forget(): void
}

export function createSettledState(
  { store, revisionOf }: Pick<SyncDirectory, 'store' | 'revisionOf'>,
  providers: readonly string[],
  clock: Clock,
): SettledState {
  /** Revisions of everything the last settlement depended on. */
  let settled: readonly number[] | undefined
  let settledAtMs = 0
  /** Revisions when the settlement that is under way began to read. */
  let readFrom: readonly number[] = []

  const revisions = () => settledFrom.map((collection) => revisionOf(collection))

  return {
    begin() {
      readFrom = revisions()
    },
    applied(written, now) {
      // What the revisions are when nobody else has written since it began to read.
      const own = new Set(written.map(({ collection }) => collection))
      settled = settledFrom.map((collection, index) => (readFrom[index] ?? 0) + (own.has(collection) ? 1 : 0))
      settledAtMs = now.getTime()
    },
    async isSettled() {
      const ageMs = clock.now().getTime() - settledAtMs
      const isCurrent = revisions().every((revision, index) => revision === settled?.[index])
      if (!isCurrent || !(ageMs >= 0 && ageMs < settledForMs) || (await readHeld(store)).size > 0) return false
      for (const id of providers) if ((await readPause(store, id)) !== undefined) return false
      return true
    },
    forget() {
      settled = undefined
    },
  }
}
