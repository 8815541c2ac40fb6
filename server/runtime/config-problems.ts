import type { z } from 'zod'
import { configKeys } from './config-keys.ts'
import { type ConfigPath, formatPath, shownValue, valueAt } from './config-path.ts'
import { didYouMean } from './did-you-mean.ts'

/** One thing that is wrong in the configuration. */
export interface Problem {
  /** `ldap.port`; empty for the file as a whole. */
  readonly path: string
  /** The value as it may be shown (scalars as JSON, secrets redacted); undefined where there is nothing to show. */
  readonly value: string | undefined
  /** Follows path and value, and says what to do: `is not a port (0 to 65535)`. */
  readonly message: string
}

/** Everything that is wrong with the configuration at once, one line each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly Problem[]

  /** `file` begins every line. */
  constructor(file: string, problems: readonly Problem[], options?: ErrorOptions) {
    super(problems.map((problem) => `${file}: ${problemText(problem)}`).join('\n'), options)
    this.problems = problems
  }
}

function problemText({ path, value, message }: Problem): string {
  return `${path === '' ? '' : `${path}: `}${value === undefined ? '' : `${value} `}${message}`
}

/** The wording of what the schema itself has no message for; given to `safeParse`. */
export function schemaMessage(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `is not ${nounOf(issue.expected)}`
    case 'too_small':
      if (issue.minimum === 1 && (issue.origin === 'string' || issue.origin === 'array')) return 'is empty'
      return `is too ${issue.origin === 'number' || issue.origin === 'int' ? 'small' : 'short'}: ${boundOf(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum)}`
    case 'too_big':
      return `is too ${issue.origin === 'number' || issue.origin === 'int' ? 'large' : 'long'}: ${boundOf(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum)}`
    case 'invalid_value':
      return `is not ${listed(issue.values.map((value) => JSON.stringify(value)))}`
    case 'unrecognized_keys':
      return 'is not a key of the configuration'
    default:
      return 'is not valid here'
  }
}

const nouns: Readonly<Record<string, string>> = {
  string: 'a text in quotes',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object in braces',
  record: 'an object in braces',
  array: 'a list in brackets',
  tuple: 'a list in brackets',
}

function nounOf(expected: string): string {
  return nouns[expected] ?? expected
}

function boundOf(origin: string, relation: string, bound: number | bigint): string {
  if (origin === 'string') return `${relation} ${bound} characters`
  if (origin === 'array') return `${relation} ${bound} elements`
  return `${relation} ${bound}`
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

/** The schema's findings about `written`, one problem per key. */
export function schemaProblems(error: z.ZodError, written: unknown): Problem[] {
  return error.issues.flatMap((issue): Problem[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownKey([...issue.path, key]))
    }
    const path = formatPath(issue.path)
    const value = valueAt(written, issue.path)
    const expected = value === undefined ? expectation(issue.path) : ''
    return [{ path, value: shownValue(path, value), message: `${issue.message}${expected}` }]
  })
}

/** Values of unknown keys are never shown: a misspelt `clientSecret` holds a secret all the same. */
function unknownKey(path: ConfigPath): Problem {
  const written = String(path.at(-1))
  const parent = patternOf(path.slice(0, -1))
  const known = configKeys()
  const siblings = known.filter((key) => parentOf(key.path) === parent).map((key) => lastOf(key.path))
  const sibling = didYouMean(written, siblings)
  const elsewhere = known.filter((key) => lastOf(key.path) === written).map((key) => `"${key.path}"`)
  const advice =
    sibling !== undefined
      ? `did you mean "${sibling}"?`
      : elsewhere.length > 0
        ? `did you mean ${listed(elsewhere)}?`
        : siblings.length > 0
          ? `known here: ${siblings.join(', ')}`
          : 'remove it'
  return { path: formatPath(path), value: undefined, message: `is not a known key; ${advice}` }
}

function expectation(path: ConfigPath): string {
  const pattern = patternOf(path)
  const key = configKeys().find((candidate) => candidate.path === pattern)
  return key ? ` (${key.type}${key.description ? `: ${key.description.replace(/\.$/, '')}` : ''})` : ''
}

function patternOf(path: ConfigPath): string {
  return formatPath(path).replaceAll(/\[\d+\]/g, '[]')
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('.')))
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1)
}
