import { readFile } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import { type ConfigCheck, configChecks } from './config-checks.ts'
import { valueAt } from './config-path.ts'
import { secretsOf, withAbsolutePaths } from './config-paths.ts'
import { ConfigError, type Problem, schemaMessage, schemaProblems } from './config-problems.ts'
import { type Config, configSchema } from './config-schema.ts'
import { findJsonProblem } from './json-syntax.ts'
import { resolveSecret, SecretError } from './secret.ts'

export interface ConfigRequest {
  /** From `--config`; wins over ROSTERD_CONFIG, which wins over ./ldap.config.json. */
  readonly path?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** Checks that need other folders, such as that baseDn is a DN. */
  readonly checks?: readonly ConfigCheck[]
  /** Also report secrets whose variable or file is missing. */
  readonly requireSecrets?: boolean
}

export interface LoadedConfig {
  /** Frozen, with every default filled in and every file path absolute. */
  readonly config: Config
  /** Absolute path of the file. */
  readonly path: string
  /** Its folder. */
  readonly baseDir: string
}

/** Reads and checks the configuration. Throws {@link ConfigError} with every problem found. */
export async function loadConfig(request: ConfigRequest): Promise<LoadedConfig> {
  const path = resolve(request.path ?? request.env['ROSTERD_CONFIG'] ?? 'ldap.config.json')
  const file = displayName(path)
  const baseDir = dirname(path)
  const written = parseJson(file, await readText(file, path))
  const parsed = configSchema.safeParse(written, { error: schemaMessage })
  const problems = parsed.success ? [] : schemaProblems(parsed.error, written)
  // The semantic checks see an invalid file too, without its invalid parts, where that leaves a configuration.
  const checkable = parsed.success ? parsed : configSchema.safeParse(withoutInvalid(written, parsed.error.issues))
  if (checkable.success) {
    for (const check of [...configChecks, ...(request.checks ?? [])]) problems.push(...check(checkable.data))
    if (request.requireSecrets) problems.push(...(await missingSecrets(checkable.data, { env: request.env, baseDir })))
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError(file, onePerPath(problems))
  return { config: deepFreeze(withAbsolutePaths(parsed.data, baseDir)), path, baseDir }
}

function displayName(path: string): string {
  const fromHere = relative('.', path)
  return fromHere.startsWith('..') ? path : fromHere
}

async function readText(file: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    const message =
      code === 'ENOENT'
        ? 'does not exist; name the configuration file with --config FILE or ROSTERD_CONFIG'
        : `cannot be read (${code})`
    throw new ConfigError(file, [{ path: '', value: undefined, message }], { cause: error })
  }
}

function parseJson(file: string, text: string): unknown {
  const json = text.replace(/^\ufeff/, '')
  const found = findJsonProblem(json)
  if (!found) return JSON.parse(json)
  const message = `line ${found.line}, column ${found.column}: ${found.problem}`
  throw new ConfigError(file, [{ path: '', value: undefined, message }])
}

async function missingSecrets(
  config: Config,
  surroundings: { env: ConfigRequest['env']; baseDir: string },
): Promise<Problem[]> {
  const problems: Problem[] = []
  for (const { path, source } of secretsOf(config)) {
    try {
      await resolveSecret(source, surroundings)
    } catch (error) {
      if (!(error instanceof SecretError)) throw error
      problems.push({ path, value: undefined, message: error.message })
    }
  }
  return problems
}

/** A copy in which members of objects that the schema refuses are absent, so that their defaults apply. */
function withoutInvalid(
  written: unknown,
  issues: readonly { readonly path: readonly PropertyKey[]; readonly keys?: readonly string[] }[],
): unknown {
  const copy: unknown = structuredClone(written)
  for (const { path, keys } of issues) {
    const refused = keys ? keys.map((key) => [...path, key]) : [path]
    for (const member of refused) {
      const parent = valueAt(copy, member.slice(0, -1))
      const key = member.at(-1)
      if (typeof parent === 'object' && parent !== null && !Array.isArray(parent) && key !== undefined) {
        Reflect.deleteProperty(parent, key)
      }
    }
  }
  return copy
}

function onePerPath(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>()
  return problems.filter(({ path }) => path === '' || (!seen.has(path) && seen.add(path)))
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze)
  return value
}
