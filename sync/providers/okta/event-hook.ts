import { createHash, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../../../server/runtime/clock.ts'
import type { Secret } from '../../../server/runtime/secret.ts'
import { createAttemptLimit } from '../../attempt-limit.ts'
import type { ChangeHook, HookResult, ReceivedCall } from '../../change-hook.ts'

export interface EventHookOptions {
  /** What the header `Authorization` must hold. */
  readonly secret: () => Promise<Secret>
  readonly clock: Clock
}

/** Types of events that change what is read (contract §7). */
const typesThatMatter =
  /^(user\.lifecycle\.(create|activate|deactivate|suspend|unsuspend|delete\.initiated|delete\.completed)|user\.account\.(update_profile|lock|unlock)|group\.lifecycle\.(create|delete)|group\.profile\.update|group\.user_membership\.(add|remove))$/

const delivery = z.object({ data: z.object({ events: z.array(z.object({ eventType: z.string() })) }) })

const challengePattern = /^[\w.~+/=-]{1,256}$/

/** Wrong secrets in a minute. Beyond, nothing is compared: the schedule makes up for what is missed. */
const wrongPerMinute = 20

/** Calls of an Okta event hook: its verification, and deliveries. */
export function createEventHook({ secret, clock }: EventHookOptions): ChangeHook {
  const wrong = createAttemptLimit(wrongPerMinute, clock)
  return {
    name: 'okta',
    async receive({ method, headers, body }) {
      if (wrong.isReached) return received(429, 'refused')
      if (!isSame(headers['authorization'] ?? '', (await secret()).reveal())) {
        wrong.count()
        return received(401, 'refused')
      }
      if (method === 'GET') return verification(headers['x-okta-verification-challenge'] ?? '')
      const events = eventTypesOf(body)
      if (events === undefined) return received(400, 'refused')
      return events.some((type) => typesThatMatter.test(type))
        ? { answer: { status: 204 }, result: 'hint', events: [{ type: 'changed' }] }
        : received(204, 'ignored')
    },
  }
}

function verification(challenge: string): ReceivedCall {
  if (!challengePattern.test(challenge)) return received(400, 'refused')
  const text = JSON.stringify({ verification: challenge })
  return { answer: { status: 200, body: { type: 'application/json', text } }, result: 'verified', events: [] }
}

function received(status: number, result: HookResult): ReceivedCall {
  return { answer: { status }, result, events: [] }
}

function eventTypesOf(body: string): readonly string[] | undefined {
  try {
    return delivery.parse(JSON.parse(body)).data.events.map(({ eventType }) => eventType)
  } catch {
    return undefined
  }
}

/** In the same time wherever they differ, and however long they are. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
