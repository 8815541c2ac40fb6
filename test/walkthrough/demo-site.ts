import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type SimulatedTenants, startSimulatedTenants } from '../../demo/simulated-tenants.ts'
import { type RunningServer, startServer } from '../../server/main.ts'
import { systemClock } from '../../server/runtime/clock.ts'
import { configSchema } from '../../server/runtime/config-schema.ts'
import { createLogger } from '../../server/runtime/logger.ts'
import { trustCertificates } from '../../server/runtime/trust.ts'
import { type MailReceiver, startMailReceiver } from '../builders/mail-receiver.ts'

/** What the pictures say, wherever the server really listens. */
export const publicUrl = 'http://localhost:8080'

export interface DemoSite extends AsyncDisposable {
  readonly tenants: SimulatedTenants
  readonly server: RunningServer
  readonly mails: MailReceiver
  readonly dataDir: string
}

/** A server at its first start, two simulated tenants that it does not know yet, and a mail server. */
export async function startDemoSite(): Promise<DemoSite> {
  await using parts = new AsyncDisposableStack()
  const dataDir = await mkdtemp(join(tmpdir(), 'rosterd-walk-'))
  parts.defer(() => rm(dataDir, { recursive: true }))
  const mails = parts.use(await startMailReceiver({ isClearOnly: true }))
  const tenants = parts.use(await startSimulatedTenants())
  trustCertificates(tenants.caPem)
  tenants.entra.tenant.application.redirectUris.add(`${publicUrl}/authorize/callback`)
  const config = configSchema.parse({
    baseDn: 'dc=example,dc=com',
    organization: 'Example',
    dataDir,
    ldap: { port: 0, tls: { port: 0 }, publicUrls: ['ldaps://ldap.example.com'] },
    admin: { port: 0, publicUrl },
    smtp: { url: mails.url, from: 'rosterd@example.com', reportTo: ['ops@example.com'] },
  })
  const server = parts.use(
    await startServer({
      loaded: { config, path: join(dataDir, 'ldap.config.json'), baseDir: dataDir },
      env: {},
      clock: systemClock,
      logger: createLogger({ level: 'error', format: 'pretty', write: (line) => void process.stderr.write(line) }),
      accessLogSink: { write: () => undefined, writableLength: 0 },
    }),
  )
  const kept = parts.move()
  return { tenants, server, mails, dataDir, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}
