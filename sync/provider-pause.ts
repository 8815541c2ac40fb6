import type { RecordChange, RecordReader } from '../server/directory/directory-store.ts'
import type { Holds } from './desired-input.ts'
import { trusted } from './ledgers.ts'
import { isUnprovenRemoval, nameAfter } from './guard.ts'
import type { PlannedChange } from './sync-plan.ts'

/**
 * A provider whose changes are not applied until it is resumed: after an undo, by an administrator's word, or before its
 * first plan is accepted. It is still read, and whom it disables is refused at once; nobody else comes, goes or changes.
 */
export type ProviderPause = {
  readonly kind: 'undo' | 'administrator' | 'preview'
  /** In words, ready to be shown. */
  readonly reason: string
  /** User name of the administrator. */
  readonly by: string
  /** ISO 8601. */
  readonly since: string
}

export function pauseRecord(provider: string, pause: ProviderPause | undefined): RecordChange {
  return { collection: 'provider', key: [provider, 'pause'], value: pause }
}

export async function readPause(store: RecordReader, provider: string): Promise<ProviderPause | undefined> {
  const value = await store.get('provider', [provider, 'pause'])
  return value === undefined ? undefined : trusted<ProviderPause>(value)
}

/** What keeps the entries of paused providers as they are. Of somebody disabled by the provider nothing is kept. */
export function pauseHolds(
  changes: readonly PlannedChange[],
  isPaused: (provider: string) => boolean,
  isServed: (entryUUID: string) => boolean,
): Holds {
  const keptEntries = new Set<string>()
  const keptOut = new Set<string>()
  const keptNames = new Map<string, string>()
  for (const change of changes) {
    if (!isPaused(change.provider)) continue
    const { action, entryUUID } = change
    const goes = action === 'remove' || action === 'deactivate'
    if (goes && !isUnprovenRemoval(change)) continue
    if (isServed(entryUUID)) keptEntries.add(entryUUID)
    else keptOut.add(entryUUID)
    // The name that is served stays taken, and the one to come is kept free.
    if (action === 'rename') keptNames.set(entryUUID, nameAfter(change))
  }
  return { keptEntries, keptMembers: new Set(), keptNames, keptOut }
}
