import { randomBytes, randomUUID } from 'node:crypto'
import { Deliveries } from '../https/deliveries.ts'
import type { Change, ChangeLog } from './change-log.ts'
import { badRequest, GraphRefusal, resourceNotFound } from './graph-error.ts'

/** What can be subscribed to, with the permission it takes. */
export const subscribable = { users: 'User.Read.All', groups: 'Group.Read.All' } as const

export interface Subscription {
  readonly id: string
  readonly resource: keyof typeof subscribable
  readonly changeType: string
  readonly notificationUrl: string
  readonly lifecycleNotificationUrl: string | null
  /** ISO 8601. */
  readonly expirationDateTime: string
  readonly clientState: string | null
}

export type LifecycleEvent = 'reauthorizationRequired' | 'subscriptionRemoved' | 'missed'

const longestLifeMs = 41_760 * 60_000
const handshakeTimeoutMs = 10_000
const deliveryTimeoutMs = 3000

/** Change notifications of the tenant (contract §6.4): subscriptions, and a call to each whenever something changes. */
export class Subscriptions {
  readonly deliveries = new Deliveries()
  readonly #subscriptions = new Map<string, Subscription>()
  readonly #tenantId: string
  readonly #now: () => Date

  constructor(log: ChangeLog, tenantId: string, now: () => Date) {
    this.#tenantId = tenantId
    this.#now = now
    log.onChange = (change) => this.#tell(change)
  }

  /** Those that have not expired. */
  get all(): readonly Subscription[] {
    return [...this.#subscriptions.values()].filter((subscription) => !this.#hasExpired(subscription))
  }

  /** Throws `GraphRefusal`. */
  async create(wanted: Omit<Subscription, 'id'>): Promise<Subscription> {
    const subscription = { ...wanted, id: randomUUID() }
    this.#checkExpiry(subscription.expirationDateTime)
    for (const url of new Set([wanted.notificationUrl, wanted.lifecycleNotificationUrl ?? wanted.notificationUrl]))
      await shakeHands(url)
    this.#subscriptions.set(subscription.id, subscription)
    return subscription
  }

  /** Throws `GraphRefusal`. */
  renew(id: string, expirationDateTime: string): Subscription {
    this.#checkExpiry(expirationDateTime)
    const renewed = { ...this.#find(id), expirationDateTime }
    this.#subscriptions.set(id, renewed)
    return renewed
  }

  /** Throws `GraphRefusal`. */
  remove(id: string): void {
    this.#subscriptions.delete(this.#find(id).id)
  }

  /** Tells every subscription's lifecycle address; `subscriptionRemoved` removes them too. */
  tellLifecycle(lifecycleEvent: LifecycleEvent): void {
    for (const subscription of this.all) {
      if (lifecycleEvent === 'subscriptionRemoved') this.#subscriptions.delete(subscription.id)
      const url = subscription.lifecycleNotificationUrl
      if (url !== null) this.#post(url, { ...this.#common(subscription), lifecycleEvent })
    }
  }

  #find(id: string): Subscription {
    const subscription = this.#subscriptions.get(id)
    if (subscription === undefined || this.#hasExpired(subscription)) throw resourceNotFound(id)
    return subscription
  }

  #hasExpired({ expirationDateTime }: Subscription): boolean {
    return Date.parse(expirationDateTime) <= this.#now().getTime()
  }

  #checkExpiry(expirationDateTime: string): void {
    const lifeMs = Date.parse(expirationDateTime) - this.#now().getTime()
    if (!(lifeMs > 0)) throw badRequest('Subscription expiration must be in the future.')
    if (lifeMs > longestLifeMs)
      throw badRequest('Subscription expiration can only be 41760 minutes in the future for this resource.')
  }

  #tell(change: Change): void {
    const kind = change.type === 'member' ? 'group' : change.kind
    const id = change.type === 'member' ? change.groupId : change.id
    const changeType = change.type === 'removed' && change.reason === 'deleted' ? 'deleted' : 'updated'
    const type = kind === 'user' ? 'User' : 'Group'
    for (const subscription of this.all) {
      if (subscription.resource !== `${kind}s` || !subscription.changeType.split(',').includes(changeType)) continue
      const resource = `${type}s/${id}`
      this.#post(subscription.notificationUrl, {
        ...this.#common(subscription),
        changeType,
        resource,
        resourceData: {
          '@odata.type': `#Microsoft.Graph.${type}`,
          '@odata.id': resource,
          id,
          organizationId: this.#tenantId,
        },
      })
    }
  }

  #common({ id, clientState, expirationDateTime }: Subscription) {
    return {
      subscriptionId: id,
      subscriptionExpirationDateTime: expirationDateTime,
      clientState,
      tenantId: this.#tenantId,
    }
  }

  #post(url: string, notification: object): void {
    this.deliveries.send(() =>
      fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json; charset=utf-8' },
        body: JSON.stringify({ value: [notification] }),
        signal: AbortSignal.timeout(deliveryTimeoutMs),
      }),
    )
  }
}

/** The address must answer with the decoded token as plain text. Throws `GraphRefusal`. */
async function shakeHands(notificationUrl: string): Promise<void> {
  const token = `Validation: Testing client application reachability for subscription Request-Id: ${randomBytes(8).toString('hex')}`
  const url = `${notificationUrl}${notificationUrl.includes('?') ? '&' : '?'}validationToken=${encodeURIComponent(token)}`
  let problem: string | undefined
  try {
    const headers = { 'content-type': 'text/plain; charset=utf-8' }
    const answer = await fetch(url, { method: 'POST', headers, signal: AbortSignal.timeout(handshakeTimeoutMs) })
    const isPlain = answer.headers.get('content-type')?.startsWith('text/plain') === true
    const text = await answer.text()
    if (answer.status !== 200) problem = `HTTP status code is '${answer.status}'.`
    else if (!isPlain || text !== token) problem = 'Must respond with the validation token as text/plain.'
  } catch {
    problem = 'Notification endpoint must be reachable.'
  }
  if (problem !== undefined)
    throw new GraphRefusal(400, 'ValidationError', `Subscription validation request failed. ${problem}`)
}
