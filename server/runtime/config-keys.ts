import { z } from 'zod'
import { configSchema } from './config-schema.ts'

/** One key of the configuration, as docs and suggestions need it. */
export interface ConfigKey {
  /** `ldap.port`, `providers[].credentials[].kind`. */
  readonly path: string
  /** Provider types that have the key, where not all have. */
  readonly providerTypes: readonly string[]
  readonly type: string
  /** undefined where the key is required or has no default. */
  readonly default: unknown
  readonly isRequired: boolean
  readonly description: string
  /** Has keys of its own, which follow. */
  readonly isSection: boolean
}

type JsonSchema = z.core.JSONSchema.JSONSchema

/** What editors check the file against (JSON Schema, draft 2020-12). */
export function configJsonSchema(): JsonSchema {
  return z.toJSONSchema(configSchema, { io: 'input', target: 'draft-2020-12' })
}

let keys: readonly ConfigKey[] | undefined

/** Every key, parents before their members, in the order of the schema. */
export function configKeys(): readonly ConfigKey[] {
  const schema = configJsonSchema()
  keys ??= merged([...keysBelow('', schema, [], requiredInAll([schema]))])
  return keys
}

function* keysBelow(
  path: string,
  schema: JsonSchema,
  providerTypes: readonly string[],
  required: ReadonlySet<string>,
): Generator<ConfigKey> {
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    if (typeof member === 'boolean') continue
    const memberPath = path === '' ? name : `${path}.${name}`
    const branches = objectBranches(member)
    yield {
      path: memberPath,
      providerTypes,
      type: typeOf(member),
      default: member.default,
      isRequired: required.has(name),
      description: member.description ?? '',
      isSection: branches.length > 0,
    }
    for (const { schema: branch, suffix } of branches) {
      const type = memberPath === 'providers' ? constOf(branch.properties?.['type']) : undefined
      const kinds = type === undefined ? branches.map(({ schema: kind }) => kind) : [branch]
      yield* keysBelow(
        `${memberPath}${suffix}`,
        branch,
        type === undefined ? providerTypes : [type],
        requiredInAll(kinds),
      )
    }
  }
}

/** A key that only one kind of credential needs is not required in a credential. */
function requiredInAll(kinds: readonly JsonSchema[]): ReadonlySet<string> {
  const [first, ...others] = kinds.map((kind) => new Set(kind.required ?? []))
  return others.reduce((common, next) => common.intersection(next), first ?? new Set<string>())
}

/** Object schemas a value may have, `[]` after its path where they are those of list elements. Secrets are one value. */
function objectBranches(schema: JsonSchema): { schema: JsonSchema; suffix: '' | '[]' }[] {
  if (isSecret(schema)) return []
  if (schema.properties) return [{ schema, suffix: '' }]
  const { items } = schema
  if (typeof items === 'object' && !Array.isArray(items)) {
    return objectBranches(items).map((branch) => ({ schema: branch.schema, suffix: '[]' }))
  }
  return alternatives(schema).flatMap(objectBranches)
}

function alternatives(schema: JsonSchema): JsonSchema[] {
  return [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].filter((branch) => typeof branch !== 'boolean')
}

function isSecret(schema: JsonSchema): boolean {
  return alternatives(schema).some((branch) => branch.properties?.['env'] !== undefined || isSecret(branch))
}

function constOf(schema: JsonSchema | boolean | undefined): string | undefined {
  return typeof schema === 'object' && typeof schema.const === 'string' ? schema.const : undefined
}

function typeOf(schema: JsonSchema): string {
  if (isSecret(schema))
    return alternatives(schema).some((branch) => branch.type === 'null') ? 'secret or null' : 'secret'
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(', ')
  if (schema.prefixItems) return `list of ${schema.prefixItems.length} integers`
  if (schema.type === 'array') {
    const items = typeof schema.items === 'object' && !Array.isArray(schema.items) ? typeOf(schema.items) : 'values'
    return items === 'values' || items === 'any' ? 'list' : `list of ${/[ ,]/.test(items) ? `(${items})` : items}`
  }
  const branches = alternatives(schema)
  if (branches.length > 0) return [...new Set(branches.map(typeOf))].join(' or ')
  return schema.type === undefined ? 'any' : [schema.type].flat().join(' or ')
}

/** Keys of several provider types or credential kinds become one row each. */
function merged(rows: readonly ConfigKey[]): ConfigKey[] {
  const byPath = new Map<string, ConfigKey>()
  for (const row of rows) {
    const same = byPath.get(row.path)
    if (!same) byPath.set(row.path, row)
    else {
      byPath.set(row.path, {
        ...same,
        providerTypes: [...new Set([...same.providerTypes, ...row.providerTypes])],
        type: [...new Set([...same.type.split(', '), ...row.type.split(', ')])].join(', '),
        isRequired: same.isRequired && row.isRequired,
        description: same.description || row.description,
      })
    }
  }
  return [...byPath.values()]
}
