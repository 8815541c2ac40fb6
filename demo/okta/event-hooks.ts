import { randomBytes, randomUUID } from 'node:crypto'
import { Deliveries } from '../https/deliveries.ts'
import type { EventLog, OktaEvent } from './event-log.ts'

export interface EventHook {
  readonly url: string
  /** Value of the header `Authorization` of every call. */
  readonly secret: string
}

/** Okta gives up on an answer after this long. */
const timeoutMs = 3000

/** The event hooks of the org: verified once, then told of every event (contract §7). */
export class EventHooks {
  readonly deliveries = new Deliveries()
  readonly #hooks: EventHook[] = []
  readonly #origin: string
  readonly #now: () => Date

  constructor(origin: string, log: EventLog, now: () => Date) {
    this.#origin = origin
    this.#now = now
    log.onEvent = (event) => this.deliver([event])
  }

  /** Verifies the address as an administrator's "Verify" does, and uses it from then on. Throws when it does not answer right. */
  async add(hook: EventHook): Promise<void> {
    const challenge = randomBytes(18).toString('base64url')
    const answer = await fetch(hook.url, {
      headers: { authorization: hook.secret, 'x-okta-verification-challenge': challenge },
      signal: AbortSignal.timeout(timeoutMs),
    })
    const body = answer.status === 200 ? ((await answer.json()) as { verification?: unknown }) : {}
    if (body.verification !== challenge) throw new Error(`${hook.url} was not verified: it answered ${answer.status}`)
    this.#hooks.push(hook)
  }

  /** One call to every hook. */
  deliver(events: readonly OktaEvent[]): void {
    for (const hook of this.#hooks) this.deliveries.send(() => this.#post(hook, events))
  }

  #post({ url, secret }: EventHook, events: readonly OktaEvent[]): Promise<Response> {
    const body = {
      eventType: 'com.okta.event_hook',
      eventTypeVersion: '1.0',
      cloudEventsVersion: '0.1',
      source: `${this.#origin}/api/v1/eventHooks/who7demoEventHook001`,
      eventId: randomUUID(),
      data: { events },
      eventTime: this.#now().toISOString(),
      contentType: 'application/json',
    }
    return fetch(url, {
      method: 'POST',
      headers: { authorization: secret, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    })
  }
}
