import { randomUUID } from 'node:crypto'
import { mailAddressPattern } from '../runtime/mail-address.ts'
import { resolveSecret } from '../runtime/secret.ts'
import { trustCaFile } from '../runtime/trust.ts'
import { mailServerOf } from '../../sync/reporting/senders.ts'
import type { WorkspaceOptions } from '../open-workspace.ts'

/** `rosterd mail test`: sends one mail at once, past the outbox. Throws what is wrong in a sentence. */
export async function sendTestMail(options: Omit<WorkspaceOptions, 'logger'>, to: string): Promise<void> {
  const { loaded, env, clock } = options
  const { config, baseDir } = loaded
  if (!mailAddressPattern.test(to)) throw new Error(`"${to}" is not a mail address such as "admin@example.com"`)
  if (config.caFile !== null) await trustCaFile(config.caFile)
  const server = mailServerOf(config, (source) => resolveSecret(source, { env, baseDir }))
  if (server === undefined) throw new Error('smtp is not configured; set it to the mail server to use')
  const outcome = await server.send({
    id: randomUUID(),
    to,
    subject: 'Rosterd: this is a test',
    text: `If you read this, the mail server accepts mail of Rosterd of ${config.organization}.\n`,
    date: clock.now(),
  })
  if (outcome.type !== 'accepted') throw new Error(`the mail server did not take the mail: ${outcome.reason}`)
}
