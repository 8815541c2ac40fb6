import { isDeepStrictEqual } from 'node:util'
import { type ConfigKey, configKeys } from './config-keys.ts'
import { type ConfigPath, formatPath, valueAt } from './config-path.ts'
import { withAbsolutePaths } from './config-paths.ts'
import { type Config, configSchema, type SecretSource } from './config-schema.ts'

/** A value of the configuration in use, as everybody may see it who may look. */
export type ShownSetting = {
  /** `ldap.port`, `providers[0].credentials[0].clientSecret`. */
  readonly path: string
  /** As JSON; of a secret, only where it comes from. */
  readonly value: string
  /** As JSON; null where there is none. */
  readonly default: string | null
  readonly isDefault: boolean
  readonly description: string
}

interface Setting {
  readonly path: ConfigPath
  readonly key: ConfigKey
  readonly value: unknown
  readonly default: unknown
}

/** Every value of the configuration, in the order of the schema. `baseDir` is the folder of the file. */
export function shownSettings(config: Config, baseDir: string): readonly ShownSetting[] {
  return settingsOf(config, baseDir).map((setting) => ({
    path: formatPath(setting.path),
    value: isSecret(setting) ? secretText(setting.value) : JSON.stringify(withoutSecretParts(setting)),
    default: setting.default === undefined ? null : JSON.stringify(setting.default),
    isDefault: isDefault(setting),
    description: setting.key.description,
  }))
}

/**
 * The configuration as a file could have it: what is not as by default, with variables to be set in place of secrets that stand
 * in the file itself or are kept in the store.
 */
export function shownConfiguration(config: Config, baseDir: string): string {
  const written: Record<PropertyKey, unknown> = {}
  for (const setting of settingsOf(config, baseDir)) {
    if (isDefault(setting)) continue
    const value = isSecret(setting) ? namedSecret(setting, config) : withoutSecretParts(setting)
    put(written, setting.path, value)
  }
  return JSON.stringify(written, null, 2)
}

function settingsOf(config: Config, baseDir: string): readonly Setting[] {
  const membersOf = Map.groupBy(configKeys(), ({ path }) => path.slice(0, Math.max(0, path.lastIndexOf('.'))))
  const defaults = withAbsolutePaths(configSchema.parse({}), baseDir)

  function* below(path: ConfigPath, pattern: string, value: unknown): Generator<Setting> {
    for (const key of membersOf.get(pattern) ?? []) {
      const name = key.path.slice(key.path.lastIndexOf('.') + 1)
      const member = valueAt(value, [name])
      if (member !== undefined) yield* at([...path, name], key, member)
    }
  }
  function* at(path: ConfigPath, key: ConfigKey, value: unknown): Generator<Setting> {
    const isList = Array.isArray(value)
    if (key.isSection && isList && value.length > 0) {
      for (const [index, element] of value.entries()) yield* below([...path, index], `${key.path}[]`, element)
    } else if (key.isSection && !isList && typeof value === 'object' && value !== null)
      yield* below(path, key.path, value)
    else yield { path, key, value, default: valueAt(defaults, path) ?? key.default }
  }
  return [...below([], '', config)]
}

function isDefault({ value, default: byDefault }: Setting): boolean {
  return isDeepStrictEqual(value, byDefault)
}

function isSecret({ key, value }: Setting): boolean {
  return key.type.startsWith('secret') && value !== null
}

function secretText(value: unknown): string {
  const source = value as SecretSource // where the schema has a secret
  if (typeof source === 'string') return 'set, in the file itself'
  if ('env' in source) return `set, from the variable ${source.env}`
  return 'file' in source ? `set, from the file ${source.file}` : 'set, kept here'
}

function namedSecret({ path, value }: Setting, config: Config): unknown {
  const source = value as SecretSource // where the schema has a secret
  if (typeof source === 'object' && !('sealed' in source)) return source
  const owner =
    path.length > 2 && typeof path[1] === 'number' ? ownerName(valueAt(config, path.slice(0, 2))) : undefined
  const words = owner === undefined ? path : [owner, ...path.slice(2)]
  const name = words.map((word) => String(word).replaceAll(/[A-Z]/g, (letter) => `_${letter}`)).join('_')
  return { env: name.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_') }
}

/** What an element of a list is called by. */
function ownerName(element: unknown): string | undefined {
  const name = valueAt(element, ['id']) ?? valueAt(element, ['name'])
  return typeof name === 'string' ? name.toLowerCase() : undefined
}

/** Addresses may hold a password, or be known only to who may write there. */
function withoutSecretParts({ path, value }: Setting): unknown {
  const [section] = path
  if (path.at(-1) !== 'url' || typeof value !== 'string') return value
  const url = URL.parse(value)
  if (url === null) return ''
  if (section === 'notify') return `${url.origin}/…`
  url.username = ''
  url.password = ''
  return url.href
}

function put(root: Record<PropertyKey, unknown>, path: ConfigPath, value: unknown): void {
  let place = root
  for (const [index, element] of path.slice(0, -1).entries()) {
    place[element] ??= typeof path[index + 1] === 'number' ? [] : {}
    place = place[element] as Record<PropertyKey, unknown> // made by the line above
  }
  place[path.at(-1) ?? ''] = value
}
