import * as z from 'zod'

export type JsonSchema = z.core.JSONSchema.BaseSchema

/** JSON Schemas of one document. Those with an id are gathered, and referred to. */
export interface NamedSchemas {
  /** By name; of what is written, `Input` is added. */
  readonly named: Record<string, JsonSchema>
  readonly schemaOf: (schema: z.ZodType, io: 'input' | 'output') => JsonSchema
}

export function namedSchemas(): NamedSchemas {
  const named: Record<string, JsonSchema> = {}
  return {
    named,
    schemaOf(schema, io) {
      const { $schema: _version, ...made } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
      const suffix = io === 'input' ? 'Input' : ''
      const referring = JSON.parse(JSON.stringify(made), (key, value: unknown) =>
        key === '$ref' && typeof value === 'string'
          ? `${value.replace('#/$defs/', '#/components/schemas/')}${suffix}`
          : value,
      ) as JsonSchema // the same with other references
      const { $defs = {}, ...own } = referring
      for (const [name, definition] of Object.entries($defs)) named[`${name}${suffix}`] = definition
      return own
    },
  }
}
