import type { Config } from '../../server/runtime/config-schema.ts'
import type { Clock } from '../../server/runtime/clock.ts'
import type { ReadSecret } from '../provider-secret.ts'
import type { DeliveryOutcome } from './delivery-outcome.ts'
import type { Sender } from './delivery.ts'
import { createMailServer, type Mail, type MailServer } from './mail-server.ts'
import { postNotification, targetId } from './notification.ts'
import type { OutboxItem } from './outbox.ts'

type ItemOf<Kind extends OutboxItem['kind']> = Extract<OutboxItem, { kind: Kind }>

/** The configured mail server; undefined without `smtp`. */
export function mailServerOf(config: Config, readSecret: ReadSecret): MailServer | undefined {
  return config.smtp === null ? undefined : createMailServer(config.smtp, config.organization, readSecret)
}

/** Sends through a server that may not be configured any more; then the mail waits for it. */
export async function sendMail(server: MailServer | undefined, mail: Mail): Promise<DeliveryOutcome> {
  if (server === undefined) return { type: 'failed', reason: 'smtp is not configured', isServerDown: true }
  return await server.send(mail)
}

export function mailSender(server: MailServer | undefined): Sender<ItemOf<'mail'>> {
  return {
    deliver: ({ to, subject, text, created }, id) =>
      sendMail(server, { id, to, subject, text, date: new Date(created) }),
  }
}

export function notificationSender(
  config: Config,
  readSecret: ReadSecret,
  clock: Clock,
): Sender<ItemOf<'notification'>> {
  const targets = new Map(config.notify.map((target) => [targetId(target.url), target]))
  return {
    async deliver({ target, event, body }, id, signal) {
      const found = targets.get(target)
      if (found === undefined) return { type: 'refused', reason: 'its URL is not in notify any more' }
      return await postNotification({ id, event, body }, found, { readSecret, now: clock.now(), signal })
    },
  }
}
