import type { Config } from '../../runtime/config-schema.ts'
import type { AdminActor } from '../administrators/admin-actions.ts'
import { type AdminContext, changeAsAdmin } from '../administrators/admin-context.ts'
import { readActivity, type SignInUse } from '../authentication/activity-records.ts'
import { secretHash } from '../authentication/binder-registry.ts'
import type { Json, RecordReader } from '../directory-store.ts'
import { type BinderRecord, type BinderSecret, type BinderSettings, readBinder } from './binder-records.ts'
import { ChangeRefused } from './change-refused.ts'
import { randomText } from './random-text.ts'

/**
 * Service accounts kept in the store; those of the configuration are shown and not changed. Changes are recorded, and throw
 * {@link ChangeRefused} with a sentence for the administrator.
 */
export interface Binders {
  /** Those of the configuration first, then by name. */
  list(): Promise<readonly ListedBinder[]>
  /** The secret is not to be had again. */
  add(name: string, settings: BinderSettings, by: AdminActor): Promise<string>
  /** What it may do from now on; its secrets stay. */
  edit(name: string, settings: BinderSettings, by: AdminActor): Promise<void>
  /** A new secret; those before it end after `overlapMs`, or earlier when they were to. */
  rotate(name: string, overlapMs: number, by: AdminActor): Promise<string>
  remove(name: string, by: AdminActor): Promise<void>
}

export type ListedBinder = BinderSettings & {
  readonly name: string
  readonly isConfigured: boolean
  /** Newest first; one that has ended is left out. */
  readonly secrets: readonly ListedSecret[]
  /** Did not sign in for 90 days, or never. */
  readonly isUnused: boolean
}

export interface ListedSecret {
  readonly id: string
  /** null: it is in the configuration. */
  readonly createdAt: string | null
  /** null: until it is rotated. */
  readonly endsAt: string | null
  /** Latest first: which clients use it. */
  readonly uses: readonly Pick<SignInUse, 'address' | 'at'>[]
}

/** Id of a secret of the configuration; one that took its place while the server ran has a longer one. */
export const configuredSecretId = 'configuration'

/** 160 bits. */
const secretGroups = [8, 8, 8, 8] as const
const unusedAfterMs = 90 * 24 * 3_600_000

type BindersOptions = Pick<AdminContext, 'directory' | 'clock' | 'logger'> & {
  readonly config: Pick<Config, 'binders'>
}

export function createBinders(context: BindersOptions): Binders {
  const { directory, config, clock } = context
  const { store } = directory

  async function list(): Promise<readonly ListedBinder[]> {
    const listed: ListedBinder[] = []
    for (const { name, scope, attributes, networks, requireTls, grants } of config.binders)
      listed.push(
        await shown(name, { scope: storedScope(scope), attributes, networks, requireTls, grants }, [
          { id: configuredSecretId, createdAt: null, endsAt: null },
        ]),
      )
    for await (const { key, value } of store.list('binder')) {
      const record = readBinder(value)
      const [name = ''] = key
      if (record === undefined || isConfigured(name)) continue
      const { scope, attributes, networks, requireTls, grants } = record
      listed.push(await shown(name, { scope, attributes, networks, requireTls, grants }, record.secrets))
    }
    return listed
  }

  async function shown(
    name: string,
    settings: BinderSettings,
    secrets: readonly Omit<ListedSecret, 'uses'>[],
  ): Promise<ListedBinder> {
    const now = clock.now()
    const uses = readActivity(await store.get('activity', ['binder', name]))?.uses ?? []
    const lastSeen = uses[0]?.at ?? secrets[0]?.createdAt ?? ''
    return {
      name,
      ...settings,
      isConfigured: isConfigured(name),
      secrets: secrets
        .filter(({ endsAt }) => endsAt === null || Date.parse(endsAt) > now.getTime())
        .map(({ id, createdAt, endsAt }) => ({
          id,
          createdAt,
          endsAt,
          uses: uses.filter(({ credential }) => isUseOf(credential, id)).map(({ address, at }) => ({ address, at })),
        })),
      isUnused: lastSeen < new Date(now.getTime() - unusedAfterMs).toISOString(),
    }
  }

  const isConfigured = (name: string) => config.binders.some((one) => one.name.toLowerCase() === name.toLowerCase())

  async function change(
    name: string,
    by: AdminActor,
    event: string,
    decide: (known: BinderRecord | undefined) => BinderRecord | undefined,
  ): Promise<void> {
    await changeAsAdmin(context, by, async () => {
      const known = await storedName(store, name)
      const value = decide(known?.record)
      const spelt = known?.name ?? name
      return {
        records: [
          { collection: 'binder', key: [spelt], value },
          ...(value === undefined
            ? [{ collection: 'activity', key: ['binder', spelt], value: undefined } as const]
            : []),
        ],
        action: { event, subject: spelt, before: recorded(known?.record), after: recorded(value) },
      }
    })
  }

  function known(name: string, record: BinderRecord | undefined): BinderRecord {
    if (isConfigured(name))
      throw new ChangeRefused(`The binder "${name}" is in the configuration file; change it there.`)
    if (record === undefined) throw new ChangeRefused(`There is no binder "${name}", or not any more.`)
    return record
  }

  function newSecret(): { readonly text: string; readonly record: BinderSecret } {
    const text = randomText(...secretGroups)
    const now = clock.now().toISOString()
    return {
      text,
      record: {
        id: `${now.slice(0, 10)}-${randomText(4)}`,
        sha256: secretHash(text).toString('base64'),
        createdAt: now,
        endsAt: null,
      },
    }
  }

  return {
    list,
    async add(name, settings, by) {
      const secret = newSecret()
      await change(name, by, 'binder added', (record) => {
        if (record !== undefined || isConfigured(name))
          throw new ChangeRefused(`There is a binder "${name}" already; use another name.`)
        return { ...settings, secrets: [secret.record], createdAt: secret.record.createdAt, createdBy: by.name }
      })
      return secret.text
    },
    async edit(name, settings, by) {
      await change(name, by, 'binder changed', (record) => ({ ...known(name, record), ...settings }))
    },
    async rotate(name, overlapMs, by) {
      const secret = newSecret()
      const nowMs = clock.now().getTime()
      await change(name, by, 'binder secret renewed', (record) => {
        const before = known(name, record)
        const end = new Date(nowMs + overlapMs).toISOString()
        const older = before.secrets
          .map((one) => ({ ...one, endsAt: one.endsAt !== null && one.endsAt < end ? one.endsAt : end }))
          .filter(({ endsAt }) => Date.parse(endsAt) > nowMs)
        return { ...before, secrets: [secret.record, ...older] }
      })
      return secret.text
    },
    async remove(name, by) {
      await change(name, by, 'binder removed', (record) => {
        known(name, record)
        return undefined
      })
    },
  }
}

function isUseOf(credential: string, id: string): boolean {
  return credential === id || (id === configuredSecretId && credential.startsWith(`${configuredSecretId}-`))
}

/** As the record of what administrators did has it: what it may do, and which secrets it has. */
function recorded(binder: BinderRecord | undefined): Json {
  if (binder === undefined) return null
  const { scope, attributes, networks, requireTls, grants, secrets } = binder
  return { scope, attributes, networks, requireTls, grants, secrets: secrets.map(({ id }) => id) }
}

/** Settings of the binder of that name (case does not count), wherever it is. */
export async function binderSettings(
  name: string,
  config: Pick<Config, 'binders'>,
  store: RecordReader,
): Promise<BinderSettings | undefined> {
  const configured = config.binders.find((one) => one.name.toLowerCase() === name.toLowerCase())
  if (configured === undefined) return (await storedName(store, name))?.record
  return { ...configured, scope: storedScope(configured.scope) }
}

export async function binderNames(config: Pick<Config, 'binders'>, store: RecordReader): Promise<readonly string[]> {
  const names = config.binders.map(({ name }) => name)
  for await (const { key } of store.list('binder')) if (key[0] !== undefined) names.push(key[0])
  return names
}

async function storedName(store: RecordReader, name: string) {
  for await (const { key, value } of store.list('binder')) {
    const record = readBinder(value)
    if (record && key[0]?.toLowerCase() === name.toLowerCase()) return { name: key[0], record }
  }
  return undefined
}

/** As records have it, of the configuration's form. */
export function storedScope(scope: Config['binders'][number]['scope']): BinderSettings['scope'] {
  return scope === 'tree' ? scope : { subtrees: scope.subtrees, filter: scope.filter ?? null }
}
