import { roleNames, rolesThatMay } from '../admin/permissions.ts'
import { type JsonSchema, namedSchemas, type NamedSchemas } from './json-schemas.ts'
import type { Operation } from './operation.ts'
import { problem } from './schemas.ts'

/** The description of the API, made of the schemas that it is checked with: OpenAPI 3.1, whose schemas are JSON Schema. */
export function openApiDocument(
  operations: readonly Operation[],
  { version, server }: { readonly version: string; readonly server: string },
): object {
  const schemas = namedSchemas()
  const paths: Record<string, Record<string, object>> = {}
  for (const operation of operations) {
    const path = (paths[operation.path] ??= {})
    path[operation.method.toLowerCase()] = described(operation, schemas)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Rosterd',
      version,
      description:
        'Everything that the admin page does. Calls bring a token; its role says what they may do. Errors are problem details (RFC 9457). Calls that change something take an `Idempotency-Key`: repeated with it within a day, they answer as the first one did and do nothing.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: server }],
    security: [{ token: [] }],
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: schemas.named,
    },
  }
}

function described(
  { id, tag, summary, permission, params, query, body, answer, method }: Operation,
  { schemaOf }: NamedSchemas,
): object {
  const roles = rolesThatMay(permission).map((role) => roleNames[role])
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: `Roles: ${roles.join(', ')}.`,
    parameters: [
      ...parametersOf(schemaOf(params, 'input'), 'path'),
      ...parametersOf(schemaOf(query, 'input'), 'query'),
      ...(method === 'GET'
        ? []
        : [{ name: 'Idempotency-Key', in: 'header', schema: { type: 'string', maxLength: 200 } }]),
    ],
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body, 'input') } } } }),
    responses: {
      ...(answer === undefined
        ? { 204: { description: 'Done.' } }
        : { 200: { description: 'Done.', content: { 'application/json': { schema: schemaOf(answer, 'output') } } } }),
      default: {
        description: 'Not done.',
        content: { 'application/problem+json': { schema: schemaOf(problem, 'output') } },
      },
    },
  }
}

function parametersOf({ properties = {}, required = [] }: JsonSchema, place: 'path' | 'query'): readonly object[] {
  return Object.entries(properties).map(([name, schema]) => {
    const { description, ...rest } = schema as { readonly description?: string }
    return {
      name,
      in: place,
      required: place === 'path' || required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: rest,
    }
  })
}
