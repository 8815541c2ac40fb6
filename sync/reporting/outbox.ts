import { randomUUID } from 'node:crypto'
import type { RecordChange, RecordReader } from '../../server/directory/directory-store.ts'
import type { Clock } from '../../server/runtime/clock.ts'
import { trusted } from '../ledgers.ts'
import type { Logger } from '../logger.ts'

/** What is to be delivered to one receiver. */
export type Message =
  | { readonly kind: 'mail'; readonly to: string; readonly subject: string; readonly text: string }
  /** Text and link are made when it is delivered: no usable link rests in the store. */
  | { readonly kind: 'invitation'; readonly to: string; readonly entryUUID: string }
  /** `target`: {@link targetId} of the URL; `body`: JSON without the id, which is the item's. */
  | { readonly kind: 'notification'; readonly target: string; readonly event: string; readonly body: string }

/** Value of the `outbox` collection. */
export type OutboxItem = Message & {
  /** ISO 8601, as is `notBefore`. */
  readonly created: string
  /** Digests give way when too much waits. */
  readonly isDigest: boolean
  readonly attempts: number
  readonly notBefore: string
}

export interface StoredItem {
  /** Sorts by time; its last part is the id that receivers see. */
  readonly id: string
  readonly item: OutboxItem
}

/** Mail and notifications that may wait; invitations are as many as people are invited. */
const maxWaiting = 1000

export interface OutboxSurroundings {
  readonly store: RecordReader
  readonly clock: Pick<Clock, 'now'>
  readonly logger: Logger
}

/** The changes that put messages into the outbox, in order; when too much waits, the oldest digests go, then the oldest others. */
export async function outboxChanges(
  messages: readonly (Message & { readonly isDigest: boolean })[],
  { store, clock, logger }: OutboxSurroundings,
): Promise<readonly RecordChange[]> {
  if (messages.length === 0) return []
  const created = clock.now().toISOString()
  const stored = await readOutbox(store)
  const added = messages.map((message, index) => ({
    // The number keeps the order within a millisecond.
    id: `${created} ${String(stored.length + index).padStart(6, '0')} ${randomUUID()}`,
    item: { ...message, created, attempts: 0, notBefore: created },
  }))
  const waiting = [...stored, ...added].filter(({ item }) => item.kind !== 'invitation')
  const dropped = new Set(
    waiting
      .toSorted((a, b) => Number(b.item.isDigest) - Number(a.item.isDigest) || (a.id < b.id ? -1 : 1))
      .slice(0, Math.max(0, waiting.length - maxWaiting))
      .map(({ id }) => id),
  )
  if (dropped.size > 0)
    logger.warn({ dropped: dropped.size, maxWaiting }, 'outbox is full; the oldest items are dropped')
  return [
    ...[...dropped].map(removal),
    ...added.filter(({ id }) => !dropped.has(id)).map(({ id, item }) => itemChange(id, item)),
  ]
}

/** Everything that waits, oldest first. */
export async function readOutbox(store: RecordReader): Promise<readonly StoredItem[]> {
  const items: StoredItem[] = []
  for await (const { key, value } of store.list('outbox'))
    items.push({ id: key[0] ?? '', item: trusted<OutboxItem>(value) })
  return items
}

export function itemChange(id: string, item: OutboxItem): RecordChange {
  return { collection: 'outbox', key: [id], value: item }
}

export function removal(id: string): RecordChange {
  return { collection: 'outbox', key: [id], value: undefined }
}

/** The id that receivers see, in Message-ID or event id: the same at every try. */
export function publicId(id: string): string {
  return id.slice(id.lastIndexOf(' ') + 1)
}
