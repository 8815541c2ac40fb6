import { startAdminServer } from '../../admin-ui/admin-server.ts'
import type { Administration } from '../../admin-ui/admin/administration.ts'
import { adminActions } from '../../server/directory/administrators/admin-actions.ts'
import type { Role } from '../../server/directory/administrators/admin-records.ts'
import { type Administrators, createAdministrators } from '../../server/directory/administrators/administrators.ts'
import { createBcryptPool } from '../../server/directory/authentication/bcrypt-pool.ts'
import { createWebSessions } from '../../server/directory/credentials/web-sessions.ts'
import { type Directory, openDirectory } from '../../server/directory/directory.ts'
import { configSchema } from '../../server/runtime/config-schema.ts'
import { openMemoryStore } from '../../server/storage/memory-store.ts'
import { type FakeClock, fakeClock } from '../sync/fake-clock.ts'
import { noAuthorizationLinks } from '../unit/admin-ui/no-authorization-links.ts'
import { noSelfService } from '../unit/admin-ui/no-self-service.ts'
import { testSealedRecords } from './sign-in-accounts.ts'

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
  readonly administration: Administration
  readonly administrators: Administrators
  readonly directory: Directory
  readonly clock: FakeClock
  readonly logged: readonly object[]
  /** A browser that nobody is signed in with; it keeps cookies and follows no redirect. */
  visitor(): Visitor
  /** An administrator with a password. */
  admin(name: string, role: Role): Promise<void>
  signedIn(name: string, fields?: Readonly<Record<string, string>>): Promise<Visitor>
}

/** The administrators' pages over a store in memory; time stands still. */
export async function startAdministeredServer(): Promise<AdministeredServer> {
  const config = configSchema.parse({
    baseDn: 'dc=example,dc=com',
    organization: 'Lighthouse',
    passwords: { bcryptCost: 8 },
  })
  const clock = fakeClock()
  const store = openMemoryStore({ clock })
  const sealed = testSealedRecords(store)
  const directory = await openDirectory(store, config.baseDn, { sealed })
  const bcrypt = createBcryptPool(1)
  const logged: object[] = []
  const logger = { info: (fields: object, event: string) => void logged.push({ ...fields, event }) }
  const administrators = createAdministrators({ directory, sealed, bcrypt, clock, logger, config })
  const administration: Administration = {
    organization: config.organization,
    publicUrl: config.admin.publicUrl,
    administrators,
    sessions: createWebSessions({ directory, clock }),
    cookieKey: 'of a test',
    clock,
    notReady: () => [],
    providers: async () => [],
    figures: async () => ({ people: 0, groups: 0, notServed: 0 }),
    actions: (limit) => adminActions(store, limit),
  }
  const server = await startAdminServer({
    host: '127.0.0.1',
    port: 0,
    ready: () => ({ ok: true, reasons: [] }),
    metricsText: async () => '',
    caPem: () => undefined,
    organization: config.organization,
    enrollment: { find: async () => undefined, confirm: async () => undefined },
    publicUrl: config.admin.publicUrl,
    authorizationLinks: noAuthorizationLinks,
    changeHooks: { receive: async () => undefined },
    selfService: noSelfService,
    administration,
    logger: { error: (...fields: unknown[]) => void logged.push(fields) },
  })
  const visitor = () => visitorOf(`http://127.0.0.1:${server.port}`)
  return {
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
      await bcrypt[Symbol.asyncDispose]()
      await store.close()
    },
  }
}

/** What a setup link ends with. */
export function tokenOf(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1)
}

function visitorOf(origin: string): Visitor {
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
