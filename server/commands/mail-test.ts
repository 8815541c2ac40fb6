import { sendTestMail } from '../../sync/reporting/test-mail.ts'
import { resolveSecret } from '../runtime/secret.ts'
import { trustCaFile } from '../runtime/trust.ts'
import { mailServerOf } from '../../sync/reporting/senders.ts'
import type { WorkspaceOptions } from '../open-workspace.ts'

/** `rosterd mail test`: sends one mail. Throws what is wrong in a sentence. */
export async function runMailTest(options: Omit<WorkspaceOptions, 'logger'>, to: string): Promise<void> {
  const { loaded, env, clock } = options
  const { config, baseDir } = loaded
  if (config.caFile !== null) await trustCaFile(config.caFile)
  const server = mailServerOf(config, (source) => resolveSecret(source, { env, baseDir }))
  await sendTestMail(server, { to, organization: config.organization, now: clock.now() })
}
