import type { CommitResult, Generation, RecordChange, RecordReader } from '../../server/directory/directory-store.ts'
import type { Clock } from '../../server/runtime/clock.ts'
import type { Logger } from '../logger.ts'
import type { DeliveryOutcome } from './delivery-outcome.ts'
import { itemChange, type OutboxItem, publicId, readOutbox, removal, type StoredItem } from './outbox.ts'

/** Delivers items of one kind. */
export interface Sender<Item> {
  /** `id` is what receivers see. Never throws for what a server does. */
  deliver(item: Item, id: string, signal: AbortSignal): Promise<DeliveryOutcome>
  /** Commits the end of an item together with what else it means; without it, the change of the outbox is all. */
  settled?(item: Item, outcome: DeliveryOutcome, change: RecordChange): Promise<unknown>
}

export interface DeliveryOptions {
  readonly directory: { readonly store: RecordReader; commit(generation: Generation): Promise<CommitResult> }
  readonly clock: Clock
  readonly logger: Logger
  readonly senders: { readonly [Kind in OutboxItem['kind']]: Sender<Extract<OutboxItem, { kind: Kind }>> }
  /** 0 to 1; spreads the retries. */
  readonly random?: () => number
}

export interface Delivery {
  /** One look at the outbox: tries everything whose time has come, each receiver's in order. */
  deliverDue(signal: AbortSignal): Promise<void>
  /** Looks again and again until the signal is aborted; resolves when the last try has ended. */
  run(signal: AbortSignal): Promise<void>
}

const lookEveryMs = 2000
const firstWaitMs = 60_000
const longestWaitMs = 3_600_000
const giveUpAfterMs = 3 * 86_400_000

/** Takes the outbox to its receivers. An item leaves the store only when its server has accepted or refused it, or after three days. */
export function createDelivery(options: DeliveryOptions): Delivery {
  const { directory, clock, logger, senders, random = Math.random } = options
  /** Time, in ms, before which a server that was down is not tried again, by server. */
  const pausedUntil = new Map<string, number>()

  async function deliverDue(signal: AbortSignal): Promise<void> {
    const servers = Map.groupBy(await readOutbox(directory.store), ({ item }) => serverOf(item))
    await Promise.all([...servers].map(([server, items]) => deliverTo(server, items, signal)))
  }

  async function deliverTo(server: string, items: readonly StoredItem[], signal: AbortSignal): Promise<void> {
    for (const { id, item } of items) {
      const now = clock.now()
      if (signal.aborted || (pausedUntil.get(server) ?? 0) > now.getTime()) return
      if (item.notBefore > now.toISOString()) continue
      const outcome = await tryItem(item, publicId(id), signal)
      if (outcome.type === 'failed' && signal.aborted) return
      await settle({ id, item }, outcome, server)
    }
  }

  function tryItem(item: OutboxItem, id: string, signal: AbortSignal): Promise<DeliveryOutcome> {
    switch (item.kind) {
      case 'mail':
        return senders.mail.deliver(item, id, signal)
      case 'invitation':
        return senders.invitation.deliver(item, id, signal)
      case 'notification':
        return senders.notification.deliver(item, id, signal)
      default:
        return item satisfies never
    }
  }

  async function settle({ id, item }: StoredItem, outcome: DeliveryOutcome, server: string): Promise<void> {
    const now = clock.now()
    const attempts = item.attempts + 1
    const fields = { item: publicId(id), kind: item.kind, attempts }
    if (outcome.type === 'accepted') {
      logger.info(fields, 'delivered')
      await end(item, outcome, removal(id))
    } else if (outcome.type === 'refused') {
      logger.error({ ...fields, reason: outcome.reason }, 'delivery refused; not tried again')
      await end(item, outcome, removal(id))
    } else if (now.getTime() - Date.parse(item.created) >= giveUpAfterMs) {
      logger.error({ ...fields, reason: outcome.reason }, 'delivery given up after three days')
      await end(item, outcome, removal(id))
    } else {
      const waitMs = Math.min(longestWaitMs, firstWaitMs * 2 ** item.attempts) * (0.8 + 0.4 * random())
      const notBefore = new Date(now.getTime() + waitMs)
      if (outcome.isServerDown) pausedUntil.set(server, notBefore.getTime())
      logger.warn(
        { ...fields, reason: outcome.reason, next: notBefore.toISOString() },
        'delivery failed; tried again later',
      )
      await commit([itemChange(id, { ...item, attempts, notBefore: notBefore.toISOString() })])
    }
  }

  async function end(item: OutboxItem, outcome: DeliveryOutcome, change: RecordChange): Promise<void> {
    if (item.kind === 'invitation' && senders.invitation.settled !== undefined)
      await senders.invitation.settled(item, outcome, change)
    else await commit([change])
  }

  async function commit(records: readonly RecordChange[]): Promise<void> {
    await directory.commit({ cause: { kind: 'server', id: 'delivery' }, entries: [], records })
  }

  return {
    deliverDue,
    async run(signal) {
      while (!signal.aborted) {
        try {
          await deliverDue(signal)
          await clock.sleep(lookEveryMs, signal)
        } catch (error) {
          if (signal.aborted) return
          logger.error({ error: error instanceof Error ? error.message : String(error) }, 'delivery')
          await clock.sleep(firstWaitMs, signal).catch(() => undefined)
        }
      }
    },
  }
}

function serverOf(item: OutboxItem): string {
  return item.kind === 'notification' ? item.target : 'mail'
}
