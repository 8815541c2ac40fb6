import * as z from 'zod'

export interface ApiAnswer {
  readonly status: number
  readonly type: string | null
  readonly headers: Headers
  /** Parsed; null: there is none. */
  readonly body: Record<string, unknown> | null
}

export interface ApiCall {
  /** Empty: none. */
  readonly token?: string | undefined
  /** Sent as it is when it is a text, else as JSON. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface OpenApiDocument {
  readonly openapi: string
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}

interface DescribedOperation {
  readonly operationId: string
  readonly description: string
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[]
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { schema: object }>> }>>
}

export type ApiCaller = (method: string, path: string, call?: ApiCall) => Promise<ApiAnswer>

/** Calls the API of a server at `origin`. Every answer has to be as the document that the server publishes says. */
export async function apiCaller(origin: string, ownToken: () => string | undefined): Promise<ApiCaller> {
  const document = (await (await fetch(`${origin}/api/v1/openapi.json`)).json()) as OpenApiDocument
  const readers = new Map<object, z.ZodType>()
  const readerOf = (schema: object) => {
    const reader = readers.get(schema) ?? z.fromJSONSchema(selfContained(schema, document))
    readers.set(schema, reader)
    return reader
  }
  return async (method, path, { token = ownToken(), body, headers = {} } = {}) => {
    const answer = await fetch(`${origin}/api/v1${path}`, {
      method,
      headers: {
        ...(token === undefined || token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await answer.text()
    const given = {
      status: answer.status,
      type: answer.headers.get('content-type'),
      headers: answer.headers,
      body: text === '' ? null : (JSON.parse(text) as ApiAnswer['body']),
    }
    requireAsPublished(document, readerOf, method, path, given)
    return given
  }
}

/** Throws when the answer is not one that the document has for the operation. */
function requireAsPublished(
  document: OpenApiDocument,
  readerOf: (schema: object) => z.ZodType,
  method: string,
  path: string,
  answer: ApiAnswer,
): void {
  const [pathname = ''] = path.split('?')
  const [, methods = {}] = Object.entries(document.paths).find(([template]) => isOf(template, pathname)) ?? []
  const described = methods[method.toLowerCase()]
  if (described === undefined) return // 404, 405
  const found = described.responses[answer.status] ?? described.responses['default']
  if (answer.status < 400 && described.responses[answer.status] === undefined)
    throw new Error(`${method} ${path} answers ${answer.status}, which is not published`)
  const [media, schema] = Object.entries(found?.content ?? {})[0] ?? []
  if (schema === undefined) {
    if (answer.body !== null) throw new Error(`${method} ${path} answers what is not published`)
    return
  }
  if (!answer.type?.startsWith(media ?? '')) throw new Error(`${method} ${path} answers ${answer.type}, not ${media}`)
  const read = readerOf(schema.schema).safeParse(answer.body)
  if (!read.success) throw new Error(`${method} ${path}: ${z.prettifyError(read.error)}`)
}

function isOf(template: string, path: string): boolean {
  const wanted = template.split('/')
  const given = path.split('/')
  return wanted.length === given.length && wanted.every((part, i) => part.startsWith('{') || part === given[i])
}

/** With the schemas that it refers to beside it. */
function selfContained(schema: object, { components }: OpenApiDocument) {
  const whole = { ...schema, $defs: components.schemas }
  return JSON.parse(
    JSON.stringify(whole).replaceAll('#/components/schemas/', '#/$defs/'),
  ) as z.core.JSONSchema.JSONSchema
}
