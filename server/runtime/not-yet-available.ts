import { isDeepStrictEqual } from 'node:util'
import { shownValue, valuesAt } from './config-path.ts'
import type { Problem } from './config-problems.ts'

/**
 * Settings that the schema accepts and no code obeys yet. Any value but the neutral one is refused, so that nobody relies
 * on what does not happen. Whoever builds a feature deletes its rows; docs/configuration.md is marked from them too.
 */
export const notYetAvailable: readonly { readonly path: string; readonly neutral: unknown }[] = [
  { path: 'ldap.tls.clientCaFile', neutral: null },
]

/** One problem for each setting of `written` (the parsed JSON, valid or not) that waits for its feature. */
export function notYetAvailableProblems(written: unknown): Problem[] {
  return notYetAvailable.flatMap(({ path, neutral }) =>
    valuesAt(written, path)
      .filter(({ value }) => value !== undefined && !isDeepStrictEqual(value, neutral))
      .map(({ path: exact, value }) => ({
        path: exact,
        value: shownValue(exact, value),
        message: `is not available in this version; ${neutral === undefined ? 'remove it' : `remove it or use ${JSON.stringify(neutral)}`}`,
      })),
  )
}

/** Whether a documented key such as `providers[].oauth.clientId` waits for its feature, as a whole or by its parent. */
export function isNotYetAvailable(path: string): boolean {
  return notYetAvailable.some((row) => path === row.path || path.startsWith(`${row.path}.`))
}
