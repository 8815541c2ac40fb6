import { type ServiceAnswer, type ServiceRequest, toServiceRequest } from '../https/exchange.ts'
import { badRequest } from './graph-error.ts'

interface BatchPart {
  readonly id: string
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

const maxParts = 20

/** `POST /$batch`: answers come last part first, to show that the order means nothing (contract §5.5). */
export async function answerBatch(
  request: ServiceRequest,
  versionPath: string,
  answerPart: (part: ServiceRequest) => Promise<ServiceAnswer>,
): Promise<{ responses: unknown[] }> {
  const parts = parseParts(request.body)
  if (parts.length > maxParts)
    throw badRequest(`Number of batch request steps exceeds the maximum value of ${maxParts}.`)
  if (new Set(parts.map((part) => part.id)).size < parts.length) throw badRequest('Request Id values must be unique.')
  const responses: unknown[] = []
  for (const part of parts.toReversed()) {
    const url = part.url.startsWith('/') ? part.url : `/${part.url}`
    const headers = { ...part.headers, authorization: request.headers.authorization }
    const body = part.body === undefined ? '' : JSON.stringify(part.body)
    const answer = await answerPart(toServiceRequest(part.method, `${versionPath}${url}`, headers, body))
    responses.push({ id: part.id, status: answer.status, headers: partHeaders(answer), body: answer.body })
  }
  return { responses }
}

function partHeaders({ headers }: ServiceAnswer): Record<string, unknown> {
  const shown: Record<string, unknown> = { 'Content-Type': 'application/json' }
  if (headers['retry-after'] !== undefined) shown['Retry-After'] = headers['retry-after']
  if (headers.location !== undefined) shown.Location = headers.location
  return shown
}

function parseParts(body: string): BatchPart[] {
  try {
    const { requests } = JSON.parse(body) as { requests?: unknown } // checked field by field below
    if (Array.isArray(requests)) return requests.map(parsePart)
  } catch {
    // Answered below like any other malformed body.
  }
  throw badRequest('Invalid batch payload format.')
}

function parsePart(part: Record<string, unknown>): BatchPart {
  const { id, method, url, headers, body } = part
  if (typeof id !== 'string' || typeof method !== 'string' || typeof url !== 'string') throw new TypeError('not a part')
  const named = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)] as const)
  return { id, method, url, headers: Object.fromEntries(named), body }
}
