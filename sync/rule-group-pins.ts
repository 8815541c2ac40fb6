import type { RecordChange, RecordReader } from '../server/directory/directory-store.ts'
import type { CloudProviderConfig, Config, ProviderConfig } from '../server/runtime/config-schema.ts'
import type { Snapshot, SourceGroup } from './identity.ts'
import { trusted } from './ledgers.ts'
import { RuleError } from './rules.ts'

/*
 * A rule that names a group means the group that had the name when the rule was first applied: it is kept by its immutable
 * id. Otherwise whoever may rename a group and make another of its name would decide who is let in.
 */

const settings = ['selectedGroups', 'allowUsersInGroups', 'denyUsersInGroups'] as const

/** Immutable id by folded group name. */
export type GroupPins = ReadonlyMap<string, string>

export async function readPins(store: RecordReader, provider: string): Promise<GroupPins> {
  const pins = new Map<string, string>()
  for await (const { key, value } of store.list('provider', [provider, 'ruleGroup']))
    pins.set(key[2] ?? '', trusted<{ id: string }>(value).id)
  return pins
}

/** The settings of a provider with pinned groups by id. Throws {@link RuleError} when one of them is gone. */
export function withPinnedGroups(
  config: ProviderConfig,
  snapshot: Snapshot | undefined,
  pins: GroupPins,
): ProviderConfig {
  if (config.type === 'ldif' || snapshot?.kind !== 'identities' || pins.size === 0) return config
  const byId = new Map(snapshot.groups.map((group) => [group.id, group]))
  const pinned = (setting: (typeof settings)[number]) =>
    config.filters[setting].map((wanted) => {
      const id = byId.has(wanted) ? undefined : pins.get(wanted.toLowerCase())
      if (id !== undefined && !byId.has(id)) throw gone(config, setting, wanted, id, snapshot.groups)
      return id ?? wanted
    })
  const filters = {
    ...config.filters,
    selectedGroups: pinned('selectedGroups'),
    allowUsersInGroups: pinned('allowUsersInGroups'),
    denyUsersInGroups: pinned('denyUsersInGroups'),
  }
  return { ...config, filters }
}

function gone(
  config: CloudProviderConfig,
  setting: string,
  wanted: string,
  id: string,
  groups: readonly SourceGroup[],
): RuleError {
  const other = groups.find(({ name }) => name.toLowerCase() === wanted.toLowerCase())
  const also = other === undefined ? '' : `; another group has that name now, ${other.id}`
  return new RuleError(
    `${config.id}: filters.${setting}: the group "${wanted}" is gone (it was ${id}${also}). Name the group that is meant by its id.`,
    config.id,
  )
}

/** Records that keep the groups that rules name, as they are found now; and none for names that no rule has any more. */
export function pinChanges(
  config: ProviderConfig,
  snapshot: Snapshot | undefined,
  pins: GroupPins,
): readonly RecordChange[] {
  if (config.type === 'ldif' || snapshot?.kind !== 'identities') return []
  const wanted = new Set(settings.flatMap((setting) => config.filters[setting]).map((name) => name.toLowerCase()))
  const record = (name: string, id: string | undefined): RecordChange => ({
    collection: 'provider',
    key: [config.id, 'ruleGroup', name],
    value: id === undefined ? undefined : { id },
  })
  const changes = [...pins.keys()].filter((name) => !wanted.has(name)).map((name) => record(name, undefined))
  const ids = new Set(snapshot.groups.map(({ id }) => id.toLowerCase()))
  for (const name of wanted) {
    if (pins.has(name) || ids.has(name)) continue
    const [only, another] = snapshot.groups.filter((group) => group.name.toLowerCase() === name)
    if (only !== undefined && another === undefined) changes.push(record(name, only.id))
  }
  return changes
}

const primaryKey = ['primaryGroup'] as const

/** The configuration with the primary group by id, once it was found under its name. */
export async function withPinnedPrimaryGroup(config: Config, store: RecordReader): Promise<Config> {
  const { primaryGroup } = config.posix
  if (typeof primaryGroup === 'string' || primaryGroup.kind === 'private') return config
  const pin = await readPrimaryPin(store)
  if (pin?.name !== primaryGroup.group.toLowerCase()) return config
  return { ...config, posix: { ...config.posix, primaryGroup: { kind: 'source', group: pin.id } } }
}

/** The record that keeps the primary group, as it is found now. */
export async function primaryGroupPin(
  { posix: { primaryGroup } }: Config,
  store: RecordReader,
  groups: readonly SourceGroup[],
): Promise<readonly RecordChange[]> {
  if (typeof primaryGroup === 'string' || primaryGroup.kind === 'private') return []
  const name = primaryGroup.group.toLowerCase()
  if ((await readPrimaryPin(store))?.name === name || groups.some(({ id }) => id.toLowerCase() === name)) return []
  const [only, another] = groups.filter((group) => group.name.toLowerCase() === name)
  if (only === undefined || another !== undefined) return []
  return [{ collection: 'meta', key: primaryKey, value: { name, id: only.id } }]
}

async function readPrimaryPin(
  store: RecordReader,
): Promise<{ readonly name: string; readonly id: string } | undefined> {
  const value = await store.get('meta', primaryKey)
  return value === undefined ? undefined : trusted<{ name: string; id: string }>(value)
}
