import type { EntryChange, Generation, RecordChange } from '../../server/directory/directory-store.ts'
import type { Entry } from '../../server/directory/entry.ts'
import { person, put, remove, uuid } from '../contract/entry-builder.ts'

/** Numbers in [0, 1) that follow from the seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export interface DirectoryState {
  /** In the order of their entryUUIDs. */
  readonly entries: readonly Entry[]
  readonly records: readonly { readonly key: readonly string[]; readonly value: number }[]
}

const people = 24

/** The directory after the nth generation; 0 is empty. Consecutive ones share DNs, so that applying one swaps them. */
export function stateAfter(seed: number, n: number): DirectoryState {
  if (n === 0) return { entries: [], records: [] }
  const random = randomFrom(seed * 7919 + n)
  const shift = Math.floor(random() * people)
  const entries: Entry[] = []
  for (let i = 1; i <= people; i++) {
    if (random() < 0.2) continue
    const mail = Array.from({ length: Math.floor(random() * 4) }, (_, index) => `m${index}-${n % 5}@example.com`)
    entries.push(person(i, `u${(i + shift) % people}`, { title: [`title ${Math.floor(random() * 3)}`], mail }))
  }
  const records = entries.map((entry, index) => ({ key: ['p', 'user', entry.entryUUID], value: index + n }))
  return { entries: entries.map(withoutEmpty), records: [{ key: ['generation'], value: n }, ...records] }
}

/** What brings the directory from generation n - 1 to generation n. */
export function generationTo(seed: number, n: number): Generation {
  const target = stateAfter(seed, n)
  const kept = new Set(target.entries.map(({ entryUUID }) => entryUUID))
  const gone = Array.from({ length: people }, (_, index) => index + 1).filter((i) => !kept.has(uuid(i)))
  const entries: EntryChange[] = [...gone.map(remove), ...target.entries.map(put)]
  const records: RecordChange[] = [
    ...gone.map((i) => ({ collection: 'mirror' as const, key: ['p', 'user', uuid(i)], value: undefined })),
    ...target.records.map((record) => ({ collection: 'mirror' as const, ...record })),
  ]
  return { cause: { kind: 'run', id: `generation ${n}` }, entries, records }
}

function withoutEmpty(entry: Entry): Entry {
  return { ...entry, attributes: new Map([...entry.attributes].filter(([, values]) => values.length > 0)) }
}
