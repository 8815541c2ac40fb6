import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type ManagedProvider,
  managedSecrets,
  readManagedProviders,
  withManagedProviders,
} from '../sync/managed-providers/managed-provider-records.ts'
import type { Authorizations } from '../sync/authorizations.ts'
import { createProviders } from '../sync/create-providers.ts'
import { containerEntries } from '../sync/container-entries.ts'
import type { IdentityProvider } from '../sync/identity-provider.ts'
import { directoryImages } from './directory-image.ts'
import { removedNtHashes } from './directory/credentials/nt-hash.ts'
import { type Directory, openDirectory } from './directory/directory.ts'
import type { DirectoryStore } from './directory/directory-store.ts'
import { filledMark } from './directory/filled-mark.ts'
import { createSealedRecords, type SealedRecords } from './directory/sealed-records.ts'
import { formatGeneralizedTime } from './protocol/generalized-time.ts'
import type { Clock } from './runtime/clock.ts'
import type { LoadedConfig } from './runtime/config.ts'
import type { Config } from './runtime/config-schema.ts'
import type { Logger } from './runtime/logger.ts'
import { type MasterKeySource, makeMasterKey, readMasterKeys } from './runtime/master-key.ts'
import { resolveSecret } from './runtime/secret.ts'
import { trustCaFile } from './runtime/trust.ts'
import { openUpgraded } from './upgrade.ts'
import { assembleWorkspace, type Workspace, type WorkspaceParts } from './workspace.ts'

export interface WorkspaceOptions extends Pick<WorkspaceParts, 'onRun' | 'onPasswordCheck' | 'aroundReplacement'> {
  readonly loaded: LoadedConfig
  readonly env: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly logger: Logger
}

/** Throws StoreError when the store cannot be opened, for one because another process has it. */
export async function openWorkspace(options: WorkspaceOptions): Promise<Workspace> {
  const { loaded, env, ...given } = options
  const { config: fileConfig, baseDir } = loaded
  if (fileConfig.caFile !== null) await trustCaFile(fileConfig.caFile)
  await mkdir(fileConfig.dataDir, { recursive: true, mode: 0o700 })
  const store = await openUpgraded(fileConfig, { now: given.clock.now(), logger: given.logger })
  try {
    const config = withManagedProviders(fileConfig, await readManagedProviders(store))
    const sealed = sealedRecordsOf(options, store)
    const directory = await openDirectory(store, config.baseDn, {
      sealed,
      images: directoryImages(fileConfig.dataDir, given.logger),
    })
    if (config.providers.length === 0) await addContainers(directory, config, given.clock)
    if (!config.passwords.ntHash) await forgetNtHashes(directory)
    const workspace = assembleWorkspace({
      ...given,
      config,
      fileConfig,
      rows: () => store.rows(),
      onClosed: () => store.close(),
      directory,
      sealed,
      masterKeySource: keySource(options),
      secret: (source) => resolveSecret(source, { env, baseDir, sealed: managedSecrets(sealed) }),
      baseDir,
    })
    await workspace.engine.markInterruptedRuns()
    return workspace
  } catch (error) {
    await store.close()
    throw error
  }
}

/** What the store keeps for providers. */
export interface KeptForProviders {
  readonly managed: readonly ManagedProvider[]
  readonly sealed: SealedRecords
  readonly authorizations: Authorizations
}

/** Those of the file alone when no store is open. */
export function providersOf(
  { loaded, env, clock }: Omit<WorkspaceOptions, 'logger'>,
  kept: KeptForProviders | undefined,
): readonly IdentityProvider[] {
  const { config, baseDir } = loaded
  const sealed = kept && managedSecrets(kept.sealed)
  return createProviders(withManagedProviders(config, kept?.managed ?? []), {
    clock,
    secret: (source) => resolveSecret(source, { env, baseDir, ...(sealed ? { sealed } : {}) }),
    directory: baseDir,
    ...(kept ? { authorizations: kept.authorizations } : {}),
  })
}

export function sealedRecordsOf(
  options: Pick<WorkspaceOptions, 'loaded' | 'env'>,
  store: DirectoryStore,
): SealedRecords {
  const { dataDir } = options.loaded.config
  return createSealedRecords({
    store,
    readKeys: () => readMasterKeys(keySource(options)),
    makeKey: () => makeMasterKey(dataDir),
    keyPlaces: `put that key into ROSTERD_MASTER_KEY, masterKeyFile or ${join(dataDir, 'master.key')}, or forget what is encrypted with it and set it anew`,
  })
}

function keySource({ loaded, env }: Pick<WorkspaceOptions, 'loaded' | 'env'>): MasterKeySource {
  const { dataDir, masterKeyFile } = loaded.config
  return { env, masterKeyFile, dataDir }
}

/** Of those that were kept while the setting asked for it. */
export async function forgetNtHashes(directory: Directory): Promise<void> {
  const records = await removedNtHashes(directory.store)
  const cause = { kind: 'server', id: 'passwords.ntHash is off' } as const
  if (records.length > 0) await directory.commit({ cause, entries: [], records })
}

/** Without a provider no run makes the suffix and ou entries, and an empty directory would look like one not filled yet. */
async function addContainers(directory: Directory, config: Config, clock: Clock): Promise<void> {
  if (directory.isFilled) return
  const now = formatGeneralizedTime(clock.now())
  const entries = containerEntries(config).map(({ dn, entryUUID, attributes }) => ({
    type: 'put' as const,
    entry: {
      dn,
      entryUUID,
      attributes: new Map([...attributes, ['createTimestamp', [now]], ['modifyTimestamp', [now]]]),
    },
  }))
  await directory.commit({ cause: { kind: 'server', id: 'first start' }, entries, records: [filledMark] })
}
