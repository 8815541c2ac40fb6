import type { Config } from '../../server/runtime/config-schema.ts'
import { oneLine, textOfEvent } from './event-text.ts'
import { targetId } from './notification.ts'
import type { Message } from './outbox.ts'
import type { ReportEvent } from './report-event.ts'

/** One message for each address and each `notify` URL that is to hear of an event. Pure. */
export function messagesOfEvent(
  event: ReportEvent,
  config: Pick<Config, 'providers' | 'smtp' | 'notify' | 'organization' | 'admin'>,
  time: Date,
): readonly (Message & { readonly isDigest: boolean })[] {
  const provider = config.providers.find(({ id }) => id === event.provider)
  const name = provider?.name ?? event.provider ?? ''
  const isDigest = event.type === 'digest'
  const { summary, lines } = textOfEvent(event, name)
  const subject = `Rosterd: ${summary}`
  const footer = ['', '-- ', `Rosterd of ${oneLine(config.organization)}, ${config.admin.publicUrl}`]
  const text = `${[`${capitalized(summary)}.`, '', ...lines, ...footer].join('\n')}\n`
  const own = provider === undefined || provider.type === 'ldif' ? [] : provider.reportTo
  const mails = recipients([...own, ...(config.smtp?.reportTo ?? [])]).map(
    (to) => ({ kind: 'mail', to, subject, text, isDigest }) as const,
  )
  const body = JSON.stringify({
    type: event.type,
    time: time.toISOString(),
    summary: subject,
    provider: event.provider === null ? null : { id: event.provider, name },
    data: Object.fromEntries(Object.entries(event).filter(([key]) => key !== 'type' && key !== 'provider')),
  })
  const notifications = config.notify
    .filter(({ events }) => events === undefined || events.includes(event.type))
    .map(({ url }) => ({ kind: 'notification', target: targetId(url), event: event.type, body, isDigest }) as const)
  return [...mails, ...notifications]
}

/** Each address once; case does not count. */
function recipients(addresses: readonly string[]): readonly string[] {
  return [...new Map(addresses.map((address) => [address.toLowerCase(), address])).values()]
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
