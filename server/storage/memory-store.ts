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
import { differenceOf } from './change-log.ts'
import { duplicateDn } from './commit-plan.ts'
import { dnKey, elementsOfRecordKey, recordKey, recordRange, uuidOctets } from './keys.ts'
import { netEntryEffect, netRecordEffect } from './net-effect.ts'
import { StoreError } from './store-error.ts'
import { storedForm } from './stored-form.ts'

/** One state between two commits; never changed once it is the present one, so a reader that holds it is safe. */
interface State {
  readonly entries: ReadonlyMap<string, Entry>
  /** JSON text by record key (latin1). */
  readonly records: ReadonlyMap<string, string>
  readonly changes: readonly Change[]
  readonly lastChange: number
}

/** A directory that lives as long as the process: the readable twin of `openLevelStore`, for tests and dry runs. */
export function openMemoryStore(options: { clock?: Pick<Clock, 'now'> } = {}): DirectoryStore {
  const clock = options.clock ?? systemClock
  let state: State = { entries: new Map(), records: new Map(), changes: [], lastChange: 0 }
  let isClosed = false
  const open = (): State => {
    if (isClosed) throw new StoreError('closed', 'The directory store is closed.')
    return state
  }

  return {
    async commit(generation): Promise<CommitResult> {
      const previous = open().lastChange
      state = after(state, generation, clock.now().toISOString())
      const { lastChange } = state
      return { firstChange: Math.min(previous + 1, lastChange), lastChange }
    },
    writeProblem: undefined,
    recover: () => Promise.resolve(undefined),
    async get(collection, key) {
      return parsed(open().records.get(recordKey(collection, key).toString('latin1')))
    },
    async *list(collection: Collection, prefix: readonly string[] = []) {
      const { gte, lt } = recordRange(collection, prefix)
      const [first, end] = [gte.toString('latin1'), lt.toString('latin1')]
      const { records } = open()
      for (const key of [...records.keys()].filter((key) => key >= first && key < end).sort()) {
        yield { key: elementsOfRecordKey(Buffer.from(key, 'latin1')), value: parsed(records.get(key)) ?? null }
      }
    },
    async *entries() {
      yield* open().entries.values()
    },
    async readEntry(entryUUID) {
      uuidOctets(entryUUID)
      return open().entries.get(entryUUID)
    },
    get lastChange() {
      return state.lastChange
    },
    async *changes(after) {
      yield* open().changes.filter(({ number }) => number > after)
    },
    async forgetChanges(before) {
      const { changes } = open()
      const kept = changes.findIndex(({ time }) => time >= before)
      const forgotten = kept < 0 ? changes.length : kept
      state = { ...state, changes: changes.slice(forgotten) }
      return forgotten
    },
    async verify() {
      open()
      return []
    },
    async close() {
      isClosed = true
    },
    async [Symbol.asyncDispose]() {
      isClosed = true
    },
  }
}

function after(before: State, generation: Generation, time: string): State {
  const entries = new Map(before.entries)
  const changes = [...before.changes]
  let { lastChange } = before
  for (const [entryUUID, wanted] of netEntryEffect(generation.entries)) {
    uuidOctets(entryUUID)
    const entry = wanted && storedForm(wanted)
    const difference = differenceOf(entries.get(entryUUID), entry)
    if (difference === undefined) continue
    changes.push({ number: ++lastChange, time, cause: generation.cause, ...difference })
    if (entry) entries.set(entryUUID, entry)
    else entries.delete(entryUUID)
  }
  const owners = new Map<string, string>()
  for (const { dn, entryUUID } of entries.values()) {
    const key = dnKey(dn).toString('latin1')
    const owner = owners.get(key)
    if (owner !== undefined) throw duplicateDn(dn, owner, entryUUID)
    owners.set(key, entryUUID)
  }
  const records = new Map(before.records)
  for (const [key, { value }] of netRecordEffect(generation.records)) {
    if (value === undefined) records.delete(key)
    else records.set(key, JSON.stringify(value))
  }
  return { entries, records, changes, lastChange }
}

function parsed(text: string | undefined): Json | undefined {
  // Only JSON texts of Json values are kept.
  return text === undefined ? undefined : (JSON.parse(text) as Json)
}
