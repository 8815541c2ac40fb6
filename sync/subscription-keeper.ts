import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { RecordChange } from '../server/directory/directory-store.ts'
import type { Clock } from '../server/runtime/clock.ts'
import { type Alarm, createAlarm } from './alarm.ts'
import type { RecordDirectory } from './authorizations.ts'
import { type ChangeSubscriptions, hookAddress, type Subscription } from './change-hook.ts'
import type { IdentityProvider } from './identity-provider.ts'
import { trusted } from './ledgers.ts'
import type { Logger } from './logger.ts'

export interface SubscriptionKeeperOptions {
  readonly directory: RecordDirectory
  readonly providers: readonly IdentityProvider[]
  /** Address of this server as the services see it. */
  readonly publicUrl: string
  /** Hears of every new subscription: what changed before it was made, nobody told. */
  readonly onCreated: (provider: string) => void
  readonly clock: Clock
  readonly logger: Logger
  /** 0 to 1; spreads what is tried again. */
  readonly random?: () => number
}

/** Keeps the subscriptions of all providers alive. */
export interface SubscriptionKeeper {
  /** Whether this server made the subscription of the provider with that secret. Takes the same time wherever they differ. */
  isGenuine(provider: string, subscription: string, secret: string): boolean
  /** The service says that a subscription is about to end, or has ended. */
  attend(provider: string, subscription: string, what: 'lapsing' | 'lost'): void
  /** Makes, renews and removes them until the signal is aborted. The addresses must answer by then. Call once. */
  run(signal: AbortSignal): Promise<void>
}

/** Value of the `provider` collection at [provider id, 'subscription', resource]. */
type KeptSubscription = Subscription & {
  /** SHA-256 of the secret that comes with every call, in base64. */
  readonly secretHash: string
  readonly address: string
  /** ISO 8601: when it was made or last renewed. */
  readonly renewed: string
}

const hourMs = 3_600_000
/** Well before the end, and often enough to notice soon that a subscription was lost. */
const renewAfterMs = 24 * hourMs
const renewBeforeEndMs = 12 * hourMs
/** Services refuse a life that by their clock is a little too long. */
const lifeMarginMs = hourMs
const lookEveryMs = 15 * 60_000
const firstRetryMs = 60_000
const longestRetryMs = 6 * hourMs

export function createSubscriptionKeeper(options: SubscriptionKeeperOptions): SubscriptionKeeper {
  const { directory, providers, publicUrl, onCreated, clock, logger, random = Math.random } = options
  /** By provider and resource. */
  const kept = new Map<string, Map<string, KeptSubscription>>(providers.map(({ id }) => [id, new Map()]))
  const alarms = new Map<string, Alarm>(providers.map(({ id }) => [id, createAlarm(clock)]))
  /** Ids that the service has said something about. */
  const lapsing = new Set<string>()
  const lost = new Set<string>()

  function find(provider: string, subscription: string): KeptSubscription | undefined {
    return [...(kept.get(provider)?.values() ?? [])].find(({ id }) => id === subscription)
  }

  /** Those of providers that are gone cannot be removed at the service: nobody knows how to sign in there. */
  async function load(): Promise<void> {
    const orphans: RecordChange[] = []
    for await (const { key, value } of directory.store.list('provider')) {
      const [provider = '', aspect, resource = ''] = key
      if (aspect !== 'subscription') continue
      const subscriptions = kept.get(provider)
      if (subscriptions === undefined) orphans.push({ collection: 'provider', key, value: undefined })
      else subscriptions.set(resource, trusted<KeptSubscription>(value))
    }
    if (orphans.length > 0) await commit(orphans)
  }

  async function commit(records: readonly RecordChange[]): Promise<void> {
    await directory.commit({ cause: { kind: 'server', id: 'subscription' }, entries: [], records })
  }

  async function keep(provider: string, resource: string, value: KeptSubscription | undefined): Promise<void> {
    await commit([{ collection: 'provider', key: [provider, 'subscription', resource], value }])
    if (value === undefined) kept.get(provider)?.delete(resource)
    else kept.get(provider)?.set(resource, value)
  }

  async function keepAll(provider: IdentityProvider, signal: AbortSignal): Promise<void> {
    const { id, hook, subscriptions } = provider
    if (subscriptions === undefined) return
    const address = hookAddress(publicUrl, hook?.name ?? '', id)
    let failures = 0
    while (!signal.aborted) {
      const known = [...(kept.get(id)?.keys() ?? [])]
      const resources = new Set([...subscriptions.resources, ...known])
      if (resources.size === 0) return
      let hasFailed = false
      for (const resource of resources) {
        if (signal.aborted) return
        try {
          await keepOne(id, subscriptions, resource, address, signal)
        } catch (error) {
          hasFailed = true
          if (!signal.aborted) logger.warn({ provider: id, resource, error: sentence(error) }, 'change subscription')
        }
      }
      failures = hasFailed ? failures + 1 : 0
      await alarms.get(id)?.sleep(failures === 0 ? lookEveryMs : retryMs(failures), signal)
    }
  }

  async function keepOne(
    provider: string,
    subscriptions: ChangeSubscriptions,
    resource: string,
    address: string,
    signal: AbortSignal,
  ): Promise<void> {
    const before = kept.get(provider)?.get(resource)
    if (!subscriptions.resources.includes(resource)) return await end(provider, subscriptions, resource, signal)
    if (before === undefined || lost.has(before.id)) {
      await create(provider, subscriptions, resource, address, signal)
      lost.delete(before?.id ?? '')
      return
    }
    if (before.address !== address) {
      await create(provider, subscriptions, resource, address, signal)
      return await removeAtService(provider, subscriptions, resource, before.id, signal)
    }
    if (!lapsing.has(before.id) && !isDue(before)) return
    const renewed = await subscriptions.renew(resource, before.id, endOfLife(subscriptions), signal)
    lapsing.delete(before.id)
    if (renewed === undefined) await create(provider, subscriptions, resource, address, signal)
    else await keep(provider, resource, { ...before, ...renewed, renewed: clock.now().toISOString() })
  }

  async function create(
    provider: string,
    subscriptions: ChangeSubscriptions,
    resource: string,
    address: string,
    signal: AbortSignal,
  ): Promise<void> {
    const secret = randomBytes(32).toString('base64url')
    const wanted = { address, secret, expires: endOfLife(subscriptions) }
    const created = await subscriptions.create(resource, wanted, signal)
    const secretHash = hashOf(secret).toString('base64')
    await keep(provider, resource, { ...created, secretHash, address, renewed: clock.now().toISOString() })
    logger.info({ provider, resource, expires: created.expires }, 'change subscription made')
    onCreated(provider)
  }

  async function end(
    provider: string,
    subscriptions: ChangeSubscriptions,
    resource: string,
    signal: AbortSignal,
  ): Promise<void> {
    const before = kept.get(provider)?.get(resource)
    if (before !== undefined) await removeAtService(provider, subscriptions, resource, before.id, signal)
    await keep(provider, resource, undefined)
  }

  /** One that stays behind ends by itself, and is not listened to. */
  async function removeAtService(
    provider: string,
    subscriptions: ChangeSubscriptions,
    resource: string,
    id: string,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await subscriptions.remove(resource, id, signal)
    } catch (error) {
      signal.throwIfAborted()
      logger.warn({ provider, resource, error: sentence(error) }, 'change subscription stays behind')
    }
  }

  /** Also when the clock was set back. */
  function isDue({ renewed, expires }: KeptSubscription): boolean {
    const now = clock.now().getTime()
    const ageMs = now - Date.parse(renewed)
    return !(ageMs >= 0 && ageMs < renewAfterMs) || Date.parse(expires) - now < renewBeforeEndMs
  }

  function endOfLife({ longestLifeMs }: ChangeSubscriptions): Date {
    return new Date(clock.now().getTime() + longestLifeMs - lifeMarginMs)
  }

  function retryMs(failures: number): number {
    return Math.min(longestRetryMs, firstRetryMs * 2 ** (failures - 1)) * (0.75 + random() / 2)
  }

  return {
    isGenuine(provider, subscription, secret) {
      const found = find(provider, subscription)
      const expected = found === undefined ? Buffer.alloc(32) : Buffer.from(found.secretHash, 'base64')
      return timingSafeEqual(hashOf(secret), expected) && found !== undefined
    },
    attend(provider, subscription, what) {
      if (find(provider, subscription) === undefined) return
      if (what === 'lost') lost.add(subscription)
      else lapsing.add(subscription)
      alarms.get(provider)?.wake()
    },
    async run(signal) {
      await load()
      await Promise.all(providers.map((provider) => keepAll(provider, signal)))
    },
  }
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
