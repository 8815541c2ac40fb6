import { startAdminServer } from '../../admin-ui/admin-server.ts'
import type { Administration } from '../../admin-ui/admin/administration.ts'
import { administration as administrationOf } from '../../server/administration/administration.ts'
import { createClientHappenings } from '../../server/administration/client-happenings.ts'
import type { OverviewServices } from '../../admin-ui/admin/overview-services.ts'
import { directoryFigures } from '../../server/administration/directory-figures.ts'
import { type BackgroundWork, createBackgroundWork } from '../../server/background-work.ts'
import type { Role } from '../../server/directory/administrators/admin-records.ts'
import type { Administrators } from '../../server/directory/administrators/administrators.ts'
import { openOperationLog, type OperationLog } from '../../server/directory/operation-log/operation-log.ts'
import type { Directory } from '../../server/directory/directory.ts'
import { resolveSecret } from '../../server/runtime/secret.ts'
import type { FakeClock } from '../sync/fake-clock.ts'
import { type FixtureOptions, openSync, type SyncFixture } from '../sync/sync-fixture.ts'
import { noAuthorizationLinks } from '../unit/admin-ui/no-authorization-links.ts'
import { noSelfService } from '../unit/admin-ui/no-self-service.ts'

/** Of every administrator here. */
export const adminPassword = 'quiet otter paints seven violins'

export interface Visitor {
  get(path: string): Promise<Response>
  post(
    path: string,
    fields?: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Response>
}

export interface AdministeredServer extends AsyncDisposable {
  readonly workspace: SyncFixture
  /** Of no LDAP server: it has what a test gives it. */
  readonly operationLog: OperationLog
  readonly administration: Administration
  readonly administrators: Administrators
  readonly directory: Directory
  readonly clock: FakeClock
  readonly logged: readonly object[]
  readonly origin: string
  readonly background: BackgroundWork
  /** The pages alone; the rest ends with disposal. */
  close(): Promise<void>
  /** A browser that nobody is signed in with; it keeps cookies and follows no redirect. */
  visitor(): Visitor
  /** An administrator with a password. */
  admin(name: string, role: Role): Promise<void>
  signedIn(name: string, fields?: Readonly<Record<string, string>>): Promise<Visitor>
}

/**
 * The administrators' pages of a whole workspace, over a store in memory; time stands still. No provider is read before a
 * test does it.
 */
export async function startAdministeredServer({
  providers = [],
  settings = {},
  ldap = {},
  configurationFile = { problems: [], needsRestart: [] },
}: Partial<Pick<FixtureOptions, 'providers' | 'settings'>> & {
  readonly ldap?: Partial<Pick<OverviewServices, 'bindRates' | 'certificate'>>
  readonly configurationFile?: ReturnType<OverviewServices['configurationFile']>
} = {}): Promise<AdministeredServer> {
  const workspace = await openSync({
    providers,
    settings: { organization: 'Lighthouse', passwords: { bcryptCost: 8 }, ...settings },
  })
  const { config, administrators, directory, clock, logged } = workspace
  const background = createBackgroundWork(workspace.logger)
  const { logger } = workspace
  const operationLog = await openOperationLog({ directory, clock, days: () => 30, onProblem: () => undefined })
  const administration = administrationOf({
    workspace,
    configFile: '/etc/rosterd/ldap.config.json',
    secret: (source) => resolveSecret(source, { env: {}, baseDir: '/nowhere' }),
    operationLog,
    cookieKey: 'of a test',
    background,
    logger,
    caPem: () => undefined,
    clientHappenings: createClientHappenings({ clock, watch: () => undefined }),
    counted: directoryFigures(workspace.directory),
    configurationFile: () => configurationFile,
    ldap: { bindRates: () => [], certificate: () => undefined, ...ldap },
  })
  const server = await startAdminServer({
    host: '127.0.0.1',
    port: 0,
    ready: () => ({ ok: true, reasons: [], warnings: [] }),
    metricsText: async () => '',
    caPem: () => undefined,
    organization: config.organization,
    enrollment: { find: async () => undefined, confirm: async () => undefined },
    publicUrl: config.admin.publicUrl,
    trustProxy: config.admin.trustProxy,
    authorizationLinks: () => noAuthorizationLinks,
    changeHooks: { receive: async () => undefined },
    selfService: noSelfService,
    administration,
    logger: { error: (fields: object) => workspace.logger.error(fields, 'error') },
  })
  const origin = `http://127.0.0.1:${server.port}`
  const visitor = () => visitorOf(origin)
  return {
    origin,
    background,
    close: () => server.close(),
    workspace,
    operationLog,
    administration,
    administrators,
    directory,
    clock,
    logged,
    visitor,
    async admin(name, role) {
      const { url } = await administrators.create(name, role, { name: 'root', address: null })
      const chosen = { name, password: adminPassword }
      if ((await administrators.credentials.useLink(tokenOf(url), chosen, '127.0.0.1')) === undefined)
        throw new Error(`the link of ${name} could not be used`)
    },
    async signedIn(name, fields = {}) {
      const browser = visitor()
      const answer = await browser.post('/admin/sign-in', { name, password: adminPassword, ...fields })
      if (answer.status !== 303) throw new Error(`${name} could not sign in: ${answer.status}`)
      return browser
    },
    async [Symbol.asyncDispose]() {
      await server.close()
      await background.close()
      await workspace[Symbol.asyncDispose]()
      await directory.store.close()
    },
  }
}

/** What a setup link ends with. */
export function tokenOf(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1)
}

/** A browser that keeps cookies and follows no redirect. */
export function visitorOf(origin: string): Visitor {
  const cookies = new Map<string, string>()
  async function ask(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers)
    headers.set('accept', 'text/html')
    if (cookies.size > 0) headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    const answer = await fetch(origin + path, { ...init, headers, redirect: 'manual' })
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      cookies.set(name, value)
    }
    return answer
  }
  return {
    get: (path) => ask(path, {}),
    post: (path, fields = {}, headers = { 'sec-fetch-site': 'same-origin' }) =>
      ask(path, { method: 'POST', headers, body: new URLSearchParams(fields) }),
  }
}
