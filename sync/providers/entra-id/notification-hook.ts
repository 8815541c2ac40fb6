import { z } from 'zod'
import type { ChangeHook, HookEvent, HookResult, ReceivedCall } from '../../change-hook.ts'

/** A change, or something about the subscription itself (contract §6.4). */
const notification = z.object({
  subscriptionId: z.string(),
  clientState: z.string(),
  lifecycleEvent: z.string().optional(),
})
type Notification = z.output<typeof notification>

const delivery = z.object({ value: z.array(z.unknown()) })

/** Plain text without what a browser could take for a page. */
const tokenPattern = /^[^<>&"'\p{Cc}]{1,1024}$/u

/**
 * Calls of Microsoft Graph: the handshake that proves the address, notifications, and lifecycle notifications. What is not
 * genuine gets the same answer as what is: it learns nothing, and nothing is sent again.
 */
export const notificationHook: ChangeHook = {
  name: 'graph',
  async receive({ method, query, body }, isGenuine) {
    const token = query['validationToken']
    if (method !== 'POST') return received(405, 'refused')
    if (token !== undefined) return handshake(token)
    const notifications = notificationsOf(body)
    if (notifications === undefined) return received(400, 'refused')
    const genuine = notifications.filter(({ subscriptionId, clientState }) => isGenuine(subscriptionId, clientState))
    if (genuine.length === 0) return received(202, 'refused')
    const events = genuine.flatMap((each) => eventOf(each) ?? [])
    return { answer: { status: 202 }, result: events.length > 0 ? 'hint' : 'ignored', events }
  },
}

function handshake(token: string): ReceivedCall {
  if (!tokenPattern.test(token)) return received(400, 'refused')
  return { answer: { status: 200, body: { type: 'text/plain', text: token } }, result: 'verified', events: [] }
}

function received(status: number, result: HookResult): ReceivedCall {
  return { answer: { status }, result, events: [] }
}

/** undefined when the body is nothing that Graph sends; single notifications of another form are left out. */
function notificationsOf(body: string): readonly Notification[] | undefined {
  try {
    const { value } = delivery.parse(JSON.parse(body))
    return value.flatMap((each) => notification.safeParse(each).data ?? [])
  } catch {
    return undefined
  }
}

function eventOf({ lifecycleEvent, subscriptionId }: Notification): HookEvent | undefined {
  switch (lifecycleEvent) {
    case undefined:
    case 'missed':
      return { type: 'changed' }
    case 'reauthorizationRequired':
      return { type: 'lapsing', subscription: subscriptionId }
    case 'subscriptionRemoved':
      return { type: 'lost', subscription: subscriptionId }
    default:
      return undefined
  }
}
