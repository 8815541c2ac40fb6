import type { Json, RecordChange, RecordReader } from '../../server/directory/directory-store.ts'
import { MasterKeyError } from '../../server/runtime/master-key.ts'
import { type Config, managedProviderSchema, type ProviderConfig } from '../../server/runtime/config-schema.ts'
import { schemaMessage, schemaProblems } from '../../server/runtime/config-problems.ts'
import { Secret, SecretError } from '../../server/runtime/secret.ts'
import type { SealedRecords } from '../../server/directory/sealed-records.ts'

/** A provider that is managed on the admin page. */
export interface ManagedProvider {
  /** Its place among the others: smaller ones first. */
  readonly position: number
  /** Secrets are names of what the store keeps. */
  readonly settings: ProviderConfig
}

const format = 1

/** In their order. Throws for settings that this version cannot read: without them their people would be taken for gone. */
export async function readManagedProviders(store: RecordReader): Promise<readonly ManagedProvider[]> {
  const found: ManagedProvider[] = []
  for await (const { key, value } of store.list('provider')) {
    const [id = '', aspect] = key
    if (aspect === 'settings') found.push(managedProviderOf(id, value))
  }
  return found.sort((a, b) => a.position - b.position)
}

function managedProviderOf(id: string, value: Json): ManagedProvider {
  const record = value as { readonly format: Json; readonly position: number; readonly settings: Json } // see below
  const unreadable = (why: string) =>
    new Error(`the settings of the provider "${id}" in the store cannot be read: ${why}; a newer rosterd wrote them`)
  if (record.format !== format) throw unreadable(`they are of format ${JSON.stringify(record.format)}`)
  const parsed = managedProviderSchema.safeParse(record.settings, { error: schemaMessage })
  if (parsed.success) return { position: record.position, settings: parsed.data }
  const [problem] = schemaProblems(parsed.error, record.settings)
  throw unreadable(`${problem?.path ?? 'they'} ${problem?.message ?? 'are not valid'}`)
}

/** `undefined` removes it. */
export function managedProviderRecord(id: string, provider: ManagedProvider | undefined): RecordChange {
  const value = provider && { format, position: provider.position, settings: provider.settings as Json } // it was JSON
  return { collection: 'provider', key: [id, 'settings'], value }
}

/** The configuration file's providers come first; where both have an id, the file's is used. */
export function withManagedProviders(config: Config, managed: readonly ManagedProvider[]): Config {
  const inFile = new Set(config.providers.map(({ id }) => id))
  const others = managed.map(({ settings }) => settings).filter(({ id }) => !inFile.has(id))
  return others.length === 0 ? config : { ...config, providers: [...config.providers, ...others] }
}

/** Where the secret of that name is kept: `<provider id>/<id>`. */
export function sealedKey(name: string): readonly string[] {
  return ['provider-secret', ...name.split('/')]
}

/** Reads secrets of providers that are managed here. Throws {@link SecretError}. */
export function managedSecrets(sealed: Pick<SealedRecords, 'read'>): (name: string) => Promise<Secret> {
  return async (name) => {
    try {
      const secret = await sealed.read(sealedKey(name))
      if (secret !== undefined) return new Secret(secret)
    } catch (error) {
      if (error instanceof MasterKeyError) throw new SecretError(error.message, { cause: error })
      throw error
    }
    throw new SecretError('it is not in the store any more; set it anew on the page of the provider')
  }
}
