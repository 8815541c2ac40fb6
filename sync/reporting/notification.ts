import { createHash, createHmac } from 'node:crypto'
import type { NotifyConfig } from '../../server/runtime/config-schema.ts'
import type { ReadSecret } from '../provider-secret.ts'
import type { DeliveryOutcome } from './delivery-outcome.ts'

const timeoutMs = 15_000

/** Statuses that say something of this event and nothing of others. */
const aboutTheBody = new Set([400, 413, 422])

export interface Notification {
  /** The same at every try. */
  readonly id: string
  readonly event: string
  /** JSON. */
  readonly body: string
}

/** Names a `notify` URL without telling it: URLs may hold secrets. */
export function targetId(url: string): string {
  return createHash('sha256').update(url).digest('hex').slice(0, 16)
}

/** `v1=` and HMAC-SHA256, in hex, of the timestamp, a dot and the body. */
function signatureOf(secret: string, timestamp: string, body: string): string {
  return `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`
}

/** Posts an event. Only a 2xx answer is acceptance; redirects are not followed; 410 means that nobody wants it any more. */
export async function postNotification(
  { id, event, body }: Notification,
  { url, secret }: NotifyConfig,
  { readSecret, now, signal }: { readSecret: ReadSecret; now: Date; signal: AbortSignal },
): Promise<DeliveryOutcome> {
  const failed = (reason: string, isServerDown = true) => ({ type: 'failed', reason, isServerDown }) as const
  try {
    const timestamp = String(Math.floor(now.getTime() / 1000))
    const answer = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Rosterd',
        'rosterd-event': event,
        'rosterd-event-id': id,
        'rosterd-timestamp': timestamp,
        'rosterd-signature': signatureOf((await readSecret(secret)).reveal(), timestamp, body),
      },
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    })
    await answer.body?.cancel()
    if (answer.ok) return { type: 'accepted' }
    return answer.status === 410
      ? { type: 'refused', reason: 'answered 410 Gone' }
      : failed(`answered ${answer.status}`, !aboutTheBody.has(answer.status))
  } catch (error) {
    return failed(reasonOf(error))
  }
}

/** fetch says only that it failed; its cause says why. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}
