import { randomUUID } from 'node:crypto'
import type { AdminActor } from '../../server/directory/administrators/admin-actions.ts'
import { type AdminContext, changeAsAdmin } from '../../server/directory/administrators/admin-context.ts'
import { ChangeRefused, FieldsRefused } from '../../server/directory/credentials/change-refused.ts'
import type { Json, RecordChange, RecordReader } from '../../server/directory/directory-store.ts'
import type { SealedRecords } from '../../server/directory/sealed-records.ts'
import type { ConfigCheck } from '../../server/runtime/config-checks.ts'
import type { Config, ProviderConfig } from '../../server/runtime/config-schema.ts'
import { createLine } from '../line.ts'
import type { Preview } from '../preview.ts'
import { pauseRecord } from '../provider-pause.ts'
import type { ReadSecret } from '../provider-secret.ts'
import type { SyncEngine } from '../sync-engine.ts'
import {
  type ManagedProvider,
  managedProviderRecord,
  readManagedProviders,
  sealedKey,
  withManagedProviders,
} from './managed-provider-records.ts'
import { checkAmongOthers, parseDraft } from './provider-draft.ts'
import { addressOf, mapSecrets, sealedNames } from './provider-secrets.ts'

/**
 * Providers that are managed on the admin page. Drafts are settings as in the configuration file, in which a secret is the text
 * that was typed, or the `{ "sealed": … }` of the present settings to keep it. What is changed is used at once.
 */
export interface ManagedProviders {
  isManaged(id: string): boolean
  /** Ids of those that are not used because the file has a provider of the same id. */
  shadowed(): Promise<readonly string[]>
  /** What the draft would change, from what was last read. Throws FieldsRefused and RuleError. */
  preview(draft: unknown, person?: string): Promise<Preview>
  /** What would change without the provider. */
  previewRemoval(id: string): Promise<Preview>
  /** Paused until somebody accepts what its first run would do. Throws FieldsRefused. */
  add(draft: unknown, by: AdminActor): Promise<ProviderConfig>
  /** Throws FieldsRefused. */
  edit(id: string, draft: unknown, by: AdminActor): Promise<ProviderConfig>
  /** With its people, groups, secrets and authorized accounts; ids stay theirs for ever. */
  remove(id: string, by: AdminActor): Promise<void>
  /** One place earlier or later among those that are managed here. */
  move(id: string, where: 'earlier' | 'later', by: AdminActor): Promise<void>
  /** Copies a provider of the file, secrets included; used once the file has it no more. Throws {@link ChangeRefused}. */
  adopt(id: string, by: AdminActor): Promise<void>
  /**
   * Another configuration file is in force from now on. What works with the providers is replaced only where `isForSync`.
   * Throws for settings that no provider can be made of.
   */
  useFile(config: Config, isForSync: boolean): Promise<void>
}

export interface ManagedProvidersParts extends Pick<AdminContext, 'directory' | 'clock' | 'logger'> {
  readonly sealed: SealedRecords
  /** As the file has it. */
  readonly fileConfig: Config
  readonly secret: ReadSecret
  readonly checks: readonly ConfigCheck[]
  readonly engine: () => Pick<SyncEngine, 'preview'>
  /** Throws for settings that no provider can be made of. */
  readonly tryOut: (config: Config) => void
  /**
   * Uses another configuration from now on; `before` works with its engine before any run begins. When that fails, what was
   * used before is used again.
   */
  readonly use: (config: Config, before?: (engine: SyncEngine) => Promise<unknown>) => Promise<void>
  /** Uses a configuration that means the same to every run. */
  readonly useBeside: (config: Config) => void
}

/** What is decided on: the providers there will be, and what is committed. */
interface ProviderChange {
  readonly next: readonly ManagedProvider[]
  readonly records: readonly RecordChange[]
  readonly event: string
  readonly before: Json
  readonly after: Json
}

export function createManagedProviders(parts: ManagedProvidersParts): ManagedProviders {
  const { directory, sealed, checks } = parts
  let { fileConfig } = parts
  const { store } = directory
  const inLine = createLine()
  const isInFile = (id: string) => fileConfig.providers.some((provider) => provider.id === id)

  async function find(id: string): Promise<ManagedProvider> {
    const found = (await readManagedProviders(store)).find(({ settings }) => settings.id === id)
    if (found !== undefined) return found
    throw new ChangeRefused(
      isInFile(id)
        ? `${id} is managed by the configuration file. Change it there.`
        : `There is no provider "${id}", or not any more.`,
    )
  }

  /** Commits, then uses. Anything wrong with the settings is found before. */
  async function change(
    subject: string,
    by: AdminActor,
    decide: (present: readonly ManagedProvider[]) => Promise<ProviderChange>,
  ): Promise<void> {
    let config = fileConfig
    await changeAsAdmin(parts, by, async () => {
      const { next, records, ...action } = await decide(await readManagedProviders(store))
      config = withManagedProviders(fileConfig, next)
      return { records, action: { ...action, subject } }
    })
    await parts.use(config)
  }

  /** Puts secrets that were typed into the store; those that are kept have to be the provider's own. */
  async function sealDraft(draft: ProviderConfig, present: ProviderConfig | undefined) {
    const records: RecordChange[] = []
    const kept = present === undefined ? new Set<string>() : await sealedNames(present)
    const hasMoved = present !== undefined && addressOf(present) !== addressOf(draft)
    const refused = (path: string, message: string) => new FieldsRefused([{ path, message }])
    const settings = await mapSecrets(draft, async (source, setting) => {
      if (typeof source === 'string') {
        const name = `${draft.id}/${randomUUID()}`
        records.push(await sealed.seal(sealedKey(name), source))
        return { sealed: name }
      }
      if (!('sealed' in source) || !kept.has(source.sealed))
        throw refused(setting, 'is missing; secrets of providers that are managed here are typed in')
      if (hasMoved) throw refused(setting, 'was for another address; type it in again')
      return source
    })
    const used = await sealedNames(settings)
    const unused = [...kept].filter((name) => !used.has(name))
    return { settings, records: [...records, ...unused.map(withoutSecret)] }
  }

  function checked(next: readonly ManagedProvider[], id: string): void {
    const config = withManagedProviders(fileConfig, next)
    checkAmongOthers(config, id, checks)
    try {
      parts.tryOut(config)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      throw new FieldsRefused([{ path: '', message }])
    }
  }

  /** For a look at what a draft would do: nothing is asked of the provider, so secrets play no part. */
  async function withDraft(draft: ProviderConfig): Promise<Config> {
    const present = await readManagedProviders(store)
    const known = present.find(({ settings }) => settings.id === draft.id)
    const added = { position: known?.position ?? Infinity, settings: draft }
    const next = [...present.filter((one) => one !== known), added].sort((a, b) => a.position - b.position)
    return withManagedProviders(fileConfig, next)
  }

  return {
    isManaged: (id) => !isInFile(id),
    shadowed: async () =>
      (await readManagedProviders(store)).flatMap(({ settings: { id } }) => (isInFile(id) ? [id] : [])),
    async preview(draft, person) {
      const parsed = parseDraft(draft)
      return await parts.engine().preview(await withDraft(parsed), person, parsed.id)
    },
    async previewRemoval(id) {
      await find(id)
      const others = (await readManagedProviders(store)).filter(({ settings }) => settings.id !== id)
      return await parts.engine().preview(withManagedProviders(fileConfig, others))
    },
    add: (draft, by) =>
      inLine(async () => {
        const parsed = parseDraft(draft)
        const { id } = parsed
        let added = parsed
        await change(id, by, async (present) => {
          if (isInFile(id) || present.some(({ settings }) => settings.id === id))
            throw new FieldsRefused([
              { path: 'id', message: `${JSON.stringify(id)} is the id of another provider; choose another` },
            ])
          const { settings, records } = await sealDraft(parsed, undefined)
          const provider = { position: Math.max(0, ...present.map(({ position }) => position)) + 1, settings }
          const next = [...present, provider]
          checked(next, id)
          added = settings
          const pause = {
            kind: 'preview' as const,
            reason: 'its first plan waits to be accepted',
            by: by.name,
            since: parts.clock.now().toISOString(),
          }
          return {
            next,
            records: [...records, managedProviderRecord(id, provider), pauseRecord(id, pause)],
            event: 'provider added',
            before: null,
            after: await shown(settings),
          }
        })
        return added
      }),
    edit: (id, draft, by) =>
      inLine(async () => {
        const parsed = parseDraft(draft)
        let edited = parsed
        await change(id, by, async (present) => {
          const { position, settings: old } = await find(id)
          if (isInFile(id)) throw new ChangeRefused(`${id} is managed by the configuration file. Change it there.`)
          fixed('id', old.id, parsed.id)
          fixed('type', old.type, parsed.type)
          const { settings, records } = await sealDraft(parsed, old)
          const next = present.map((one) => (one.settings.id === id ? { position, settings } : one))
          checked(next, id)
          edited = settings
          const forgotten = addressOf(old) === addressOf(settings) ? [] : await accountRecords(store, id)
          return {
            next,
            records: [...records, ...forgotten, managedProviderRecord(id, { position, settings })],
            event: 'provider edited',
            before: await shown(old),
            after: await shown(settings),
          }
        })
        return edited
      }),
    remove: (id, by) =>
      inLine(async () => {
        const present = await readManagedProviders(store)
        const { settings } = await find(id)
        if (by.mayStill !== undefined && !(await by.mayStill()))
          throw new ChangeRefused('You were signed out meanwhile, or may not do this any more.')
        const others = present.filter((one) => one.settings.id !== id)
        const isUsed = !isInFile(id)
        // Its people go first: whatever stops this leaves a provider that is removed again, and nobody without one.
        const withdraw = (engine: SyncEngine) => engine.withdraw(id, by.name)
        if (isUsed) await parts.use(withManagedProviders(fileConfig, others), withdraw)
        try {
          await changeAsAdmin(parts, by, async () => ({
            records: [
              ...[...(await sealedNames(settings))].map(withoutSecret),
              ...(isUsed
                ? [...(await accountRecords(store, id)), ...(await connectionRecords(store, id))]
                : [managedProviderRecord(id, undefined)]),
            ],
            action: { event: 'provider removed', subject: id, before: await shown(settings), after: null },
          }))
        } catch (error) {
          if (isUsed) await parts.use(withManagedProviders(fileConfig, present))
          throw error
        }
      }),
    move: (id, where, by) =>
      inLine(async () => {
        await change(id, by, async (present) => {
          const index = present.findIndex(({ settings }) => settings.id === id)
          const own = present[index] ?? (await find(id))
          const other = present[where === 'earlier' ? index - 1 : index + 1]
          if (other === undefined)
            throw new ChangeRefused(`${id} is the ${where === 'earlier' ? 'first' : 'last'} one.`)
          const swapped = [
            { ...own, position: other.position },
            { ...other, position: own.position },
          ]
          const next = present
            .map((one) => swapped.find(({ settings }) => settings.id === one.settings.id) ?? one)
            .sort((a, b) => a.position - b.position)
          return {
            next,
            records: swapped.map((one) => managedProviderRecord(one.settings.id, one)),
            event: 'provider moved',
            before: present.map(({ settings }) => settings.id),
            after: next.map(({ settings }) => settings.id),
          }
        })
      }),
    adopt: (id, by) =>
      inLine(async () => {
        const inFile = fileConfig.providers.find((provider) => provider.id === id)
        if (inFile === undefined) throw new ChangeRefused(`The configuration file has no provider "${id}".`)
        const typed = await mapSecrets(inFile, async (source) => (await parts.secret(source)).reveal())
        const draft = parseDraft(typed)
        await changeAsAdmin(parts, by, async () => {
          const present = await readManagedProviders(store)
          const old = present.find(({ settings }) => settings.id === id)
          const { settings, records } = await sealDraft(draft, old?.settings)
          const position = old?.position ?? Math.max(0, ...present.map((one) => one.position)) + 1
          return {
            records: [...records, managedProviderRecord(id, { position, settings })],
            action: { event: 'provider adopted', subject: id, before: null, after: await shown(settings) },
          }
        })
      }),
    useFile: (file, isForSync) =>
      inLine(async () => {
        const config = withManagedProviders(file, await readManagedProviders(store))
        if (isForSync) {
          parts.tryOut(config)
          await parts.use(config)
        } else parts.useBeside(config)
        fileConfig = file
      }),
  }
}

function fixed(path: string, old: string, draft: string): void {
  const message = `${JSON.stringify(draft)} cannot take the place of ${JSON.stringify(old)}; add another provider`
  if (old !== draft) throw new FieldsRefused([{ path, message }])
}

function withoutSecret(name: string): RecordChange {
  return { collection: 'sealed', key: sealedKey(name), value: undefined }
}

/** For the record of what administrators did. */
async function shown(settings: ProviderConfig): Promise<Json> {
  return (await mapSecrets(settings, () => Promise.resolve('set'))) as Json // it was JSON
}

/** Removes the accounts that were authorized for the provider, with their tokens. */
async function accountRecords(store: RecordReader, id: string): Promise<readonly RecordChange[]> {
  return [
    ...(await removals(store, 'provider', [id, 'authorization'])),
    ...(await removals(store, 'sealed', ['authorization', id])),
  ]
}

/** Removes what is known of the connection, and what was read over it. */
async function connectionRecords(store: RecordReader, id: string): Promise<readonly RecordChange[]> {
  const aspects = await removals(store, 'provider', [id])
  return [
    ...aspects.filter(({ key }) => key[1] !== 'authorization'),
    ...(await removals(store, 'mirror', [id])),
    ...(await removals(store, 'cursor', [id])),
  ]
}

async function removals(
  store: RecordReader,
  collection: RecordChange['collection'],
  prefix: readonly string[],
): Promise<readonly RecordChange[]> {
  const changes: RecordChange[] = []
  for await (const { key } of store.list(collection, prefix)) changes.push({ collection, key, value: undefined })
  return changes
}
