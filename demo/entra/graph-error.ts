import { randomUUID } from 'node:crypto'
import type { ServiceAnswer, ServiceRequest } from '../https/exchange.ts'

/** Thrown anywhere below the Graph router, which turns it into an answer (contract §6.1). */
export class GraphRefusal extends Error {
  override readonly name = 'GraphRefusal'
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.code = code
    this.headers = headers
  }
}

export function badRequest(message: string): GraphRefusal {
  return new GraphRefusal(400, 'BadRequest', message)
}

export function unsupportedQuery(message: string): GraphRefusal {
  return new GraphRefusal(400, 'Request_UnsupportedQuery', message)
}

export function permissionMissing(): GraphRefusal {
  return new GraphRefusal(403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.')
}

export function resourceNotFound(id: string): GraphRefusal {
  return new GraphRefusal(
    404,
    'Request_ResourceNotFound',
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  )
}

export function expiredPageToken(): GraphRefusal {
  return new GraphRefusal(
    400,
    'Directory_ExpiredPageToken',
    'The specified page token value has expired and can no longer be included in your request.',
  )
}

export function errorAnswer(refusal: GraphRefusal, request: ServiceRequest, now: Date): ServiceAnswer {
  const requestId = randomUUID()
  const clientRequestId = request.headers['client-request-id'] ?? requestId
  return {
    status: refusal.status,
    headers: {
      'content-type': 'application/json',
      'request-id': requestId,
      'client-request-id': clientRequestId,
      ...refusal.headers,
    },
    body: {
      error: {
        code: refusal.code,
        message: refusal.message,
        innerError: {
          date: now.toISOString().slice(0, 19),
          'request-id': requestId,
          'client-request-id': clientRequestId,
        },
      },
    },
  }
}
