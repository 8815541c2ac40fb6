import { isDeepStrictEqual } from 'node:util'
import { type ConfigPath, formatPath, valueAt } from './config-path.ts'
import type { Config } from './config-schema.ts'

/** Settings that are looked at when the server starts, and not again: with the keys below them. */
const readAtStart: readonly ConfigPath[] = [
  ['baseDn'],
  ['organization'],
  ['dataDir'],
  ['masterKeyFile'],
  ['caFile'],
  ['ldap', 'host'],
  ['ldap', 'port'],
  ['ldap', 'front'],
  ['ldap', 'tls', 'port'],
  ['admin', 'host'],
  ['admin', 'port'],
  ['admin', 'publicUrl'],
  ['admin', 'tls'],
  ['admin', 'trustProxy'],
]

/** Whether a change of the setting is taken over by a restart alone. `path` as in {@link ConfigChanges.changed}. */
export function needsRestart(path: string): boolean {
  return readAtStart.map(formatPath).some((key) => path === key || path.startsWith(`${key}.`))
}

export interface ConfigChanges {
  /** The new configuration, with the settings in force where a restart is needed. */
  readonly config: Config
  /** What is in force from now on, such as `log.level` and `providers[0].filters.guests`. */
  readonly changed: readonly string[]
  /** What is in force once the server has been started again. */
  readonly needsRestart: readonly string[]
}

/** What a server that runs takes over of a new configuration. */
export function configChanges(next: Config, inForce: Config): ConfigChanges {
  const config = structuredClone(next)
  for (const path of readAtStart) {
    const parent = valueAt(config, path.slice(0, -1))
    Reflect.set(Object(parent), path.at(-1) ?? '', structuredClone(valueAt(inForce, path)))
  }
  const paths = differences(inForce, next, []).map(formatPath)
  return {
    config,
    changed: paths.filter((path) => !needsRestart(path)),
    needsRestart: paths.filter(needsRestart),
  }
}

/** Paths of what differs; of lists whose length differs, the list's own. */
function differences(one: unknown, other: unknown, path: ConfigPath): readonly ConfigPath[] {
  if (isDeepStrictEqual(one, other)) return []
  if (!isObject(one) || !isObject(other) || Array.isArray(one) !== Array.isArray(other)) return [path]
  if (Array.isArray(one) && Array.isArray(other)) {
    const areAlike = one.length === other.length && one.every(isObject)
    return areAlike ? one.flatMap((member, index) => differences(member, other[index], [...path, index])) : [path]
  }
  const names = new Set([...Object.keys(one), ...Object.keys(other)])
  return [...names].flatMap((name) => differences(valueAt(one, [name]), valueAt(other, [name]), [...path, name]))
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
