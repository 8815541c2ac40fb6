import type { Json, RecordChange, RecordReader } from '../directory-store.ts'

/** Something that was done to a person's sign-in: value of the `audit` collection at [entryUUID, number]. */
export type SignInEvent = {
  /** ISO 8601, UTC. */
  readonly time: string
  /** `admin:<name>` or `user:<entryUUID>`. */
  readonly by: string
  /** Short and stable, such as "password set". */
  readonly event: string
  readonly details: { readonly [name: string]: Json }
}

const keptOfOnePerson = 100

/** Latest first. */
export async function signInHistory(store: RecordReader, entryUUID: string): Promise<readonly SignInEvent[]> {
  const events: SignInEvent[] = []
  for await (const { value } of store.list('audit', [entryUUID])) events.unshift(value as SignInEvent) // written below
  return events
}

/** The changes that add an event, and forget the oldest when there are many. */
export async function historyChanges(
  store: RecordReader,
  entryUUID: string,
  event: SignInEvent,
): Promise<readonly RecordChange[]> {
  const numbers: string[] = []
  for await (const { key } of store.list('audit', [entryUUID])) numbers.push(key[1] ?? '')
  const number = String(Number(numbers.at(-1) ?? 0) + 1).padStart(10, '0')
  const outdated = numbers.slice(0, Math.max(0, numbers.length + 1 - keptOfOnePerson))
  return [
    { collection: 'audit', key: [entryUUID, number], value: event },
    ...outdated.map((old) => ({ collection: 'audit', key: [entryUUID, old], value: undefined }) as const),
  ]
}
