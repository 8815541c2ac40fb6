import { randomUUID } from 'node:crypto'
import { ChangeRefused } from '../../server/directory/credentials/change-refused.ts'
import { mailAddressPattern } from '../../server/runtime/mail-address.ts'
import type { MailServer } from './mail-server.ts'

export interface TestMail {
  readonly to: string
  readonly organization: string
  readonly now: Date
}

/** Sends one mail at once, past the outbox. Throws {@link ChangeRefused} with what is wrong in a sentence. */
export async function sendTestMail(server: MailServer | undefined, { to, organization, now }: TestMail): Promise<void> {
  if (!mailAddressPattern.test(to)) throw new ChangeRefused(`"${to}" is not a mail address such as "admin@example.com"`)
  if (server === undefined) throw new ChangeRefused('smtp is not configured; set it to the mail server to use')
  const outcome = await server.send({
    id: randomUUID(),
    to,
    subject: 'Rosterd: this is a test',
    text: `If you read this, the mail server accepts mail of Rosterd of ${organization}.\n`,
    date: now,
  })
  if (outcome.type !== 'accepted') throw new ChangeRefused(`the mail server did not take the mail: ${outcome.reason}`)
}
