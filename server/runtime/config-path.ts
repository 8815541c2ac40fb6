/** Elements of a path in the configuration, such as `['providers', 0, 'id']`. */
export type ConfigPath = readonly PropertyKey[]

/** `providers[0].id`. */
export function formatPath(path: ConfigPath): string {
  return path.reduce<string>((text, element) => {
    if (typeof element === 'number') return `${text}[${element}]`
    return text === '' ? String(element) : `${text}.${String(element)}`
  }, '')
}

/** The value at `path`; undefined where there is none. */
export function valueAt(root: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>(memberOf, root)
}

function memberOf(value: unknown, element: PropertyKey): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, element)) return undefined
  return Reflect.get(value, element)
}

// Members whose value, or any value below, may be a secret; smtp.url and notification URLs may hold a password.
const secretMembers = /(^|\.)((password|clientSecret|apiToken|url|notify)(\[|\.|$)|credentials(\[\d+\])?$)/

/** A value as a message may show it: scalars as JSON, secrets as `[redacted]`, undefined for what is better not shown. */
export function shownValue(path: string, value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'object' && value !== null)) return undefined
  if (secretMembers.test(path)) return '[redacted]'
  return JSON.stringify(value)
}
