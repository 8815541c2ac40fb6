import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { type SimulatedTenants, startSimulatedTenants } from '../../demo/simulated-tenants.ts'
import { type Directory, openDirectory } from '../../server/directory/directory.ts'
import type { DirectoryStore } from '../../server/directory/directory-store.ts'
import type { Entry } from '../../server/directory/entry.ts'
import { createSealedRecords } from '../../server/directory/sealed-records.ts'
import { configSchema } from '../../server/runtime/config-schema.ts'
import { readMasterKeys } from '../../server/runtime/master-key.ts'
import { resolveSecret } from '../../server/runtime/secret.ts'
import { openMemoryStore } from '../../server/storage/memory-store.ts'
import { assembleWorkspace, type Workspace } from '../../server/workspace.ts'
import type { Logger } from '../../sync/logger.ts'
import {
  managedSecrets,
  readManagedProviders,
  withManagedProviders,
} from '../../sync/managed-providers/managed-provider-records.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'

const baseDn = 'dc=example,dc=com'
const masterKey = Buffer.alloc(32, 7).toString('base64')

/** What `serve` and the commands work on, over a store in memory. */
export interface SyncFixture extends Workspace {
  readonly clock: FakeClock
  readonly logger: Logger
  readonly logged: readonly object[]
}

/** Tenants whose certificate this process trusts. */
export async function startTrustedTenants(
  options: Parameters<typeof startSimulatedTenants>[0] = {},
): Promise<SimulatedTenants> {
  const tenants = await startSimulatedTenants(options)
  setDefaultCACertificates([...getCACertificates('default'), tenants.caPem])
  return tenants
}

export function entraSettings(tenants: SimulatedTenants, changes: object = {}): object {
  const { authorityHost, graphUrl, scope, tenantId, clientId, clientSecret } = tenants.entra
  return {
    id: 'contoso',
    type: 'entra',
    name: 'Contoso',
    tenantId,
    clientId,
    credentials: [{ kind: 'application', clientSecret }],
    authorityHost,
    graphUrl: `${graphUrl}/v1.0`,
    scope,
    ...changes,
  }
}

export function oktaSettings(tenants: SimulatedTenants, changes: object = {}): object {
  const { orgUrl, apiToken } = tenants.okta
  return { id: 'acme', type: 'okta', name: 'Acme', orgUrl, apiToken, ...changes }
}

export interface FixtureOptions {
  readonly providers: readonly object[]
  readonly settings?: object
  readonly store?: DirectoryStore
  readonly clock?: FakeClock
}

/** An engine over real providers and a real directory; time stands still. */
export async function openSync(options: FixtureOptions): Promise<SyncFixture> {
  const fileConfig = configSchema.parse({ baseDn, providers: options.providers, ...options.settings })
  const clock = options.clock ?? fakeClock()
  const store = options.store ?? openMemoryStore({ clock })
  const config = withManagedProviders(fileConfig, await readManagedProviders(store))
  const directory = await openDirectory(store, baseDn)
  const logged: object[] = []
  const keep = (fields: object, message: string) => void logged.push({ ...fields, message })
  const logger: Logger = { debug: keep, info: keep, warn: keep, error: keep }
  const masterKeySource = { env: { ROSTERD_MASTER_KEY: masterKey }, masterKeyFile: null, dataDir: '/nowhere' }
  const sealed = createSealedRecords({
    store,
    readKeys: () => readMasterKeys(masterKeySource),
    makeKey: () => Promise.reject(new Error('there is one')),
    keyPlaces: 'put it back',
  })
  const workspace = assembleWorkspace({
    config,
    fileConfig,
    directory,
    sealed,
    masterKeySource,
    secret: (source) => resolveSecret(source, { env: {}, baseDir: '/nowhere', sealed: managedSecrets(sealed) }),
    baseDir: '/nowhere',
    clock,
    logger,
  })
  return Object.assign(workspace, { clock, logger, logged })
}

/** Entries by DN, as plain objects; easy to compare and to read in a failure. */
export function servedEntries(directory: Directory): Record<string, Record<string, readonly unknown[]>> {
  return Object.fromEntries(
    [...directory.entries()]
      .sort((a, b) => (a.dn < b.dn ? -1 : 1))
      .map((entry) => [entry.dn, { entryUUID: [entry.entryUUID], ...Object.fromEntries(entry.attributes) }]),
  )
}

export function values(entry: Entry | undefined, attribute: string): readonly string[] {
  return (entry?.attributes.get(attribute) ?? []).map(String)
}
