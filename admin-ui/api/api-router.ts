import { json, type Request, type RequestHandler, type Response } from 'express'
import { actorOfToken } from '../../server/directory/administrators/api-tokens.ts'
import { addressOf } from '../client-address.ts'
import type { Administration } from '../admin/administration.ts'
import { apiProblem, type ApiProblem, problemOf, schemaProblem } from './api-problems.ts'
import type { RequireToken } from './api-token.ts'
import { createIdempotency, type KeptAnswer } from './idempotency.ts'
import type { Operation } from './operation.ts'
import { openApiDocument } from './openapi.ts'
import { operations } from './operations.ts'
import type { Route } from '../route.ts'

const apiBase = '/api/v1'

const readBody = json({ limit: '256kb', strict: false })

/** Every operation of the API, and its description. */
export function apiRoutes(services: Administration, requireToken: RequireToken, version: string): readonly Route[] {
  const idempotency = createIdempotency(() => services.clock.now())
  const all = operations(services)
  const document = JSON.stringify(openApiDocument(all, { version, server: `${services.publicUrl}${apiBase}` }))
  return [
    ['GET', `${apiBase}/openapi.json`, (_request, response) => void response.type('json').send(document)],
    ...all.map((operation): Route => {
      const path = apiBase + operation.path.replaceAll(/\{(\w+)\}/g, ':$1')
      return [operation.method, path, handler(operation)]
    }),
  ]

  function handler(operation: Operation): RequestHandler {
    return async (request, response) => {
      try {
        const token = await requireToken(request, response, operation.permission)
        const caller = {
          by: actorOfToken(token, addressOf(request)),
          role: token.role,
          expiresAt: token.expiresAt,
          gone: untilGone(response),
        }
        const body = operation.body === undefined ? undefined : await bodyOf(request, response)
        const call = () => answerOf(operation, request, body, caller)
        const key = request.get('idempotency-key')
        if (key === undefined || operation.method === 'GET') {
          send(response, await call())
          return
        }
        const what = JSON.stringify([operation.method, request.originalUrl, body])
        const answer = await idempotency.answer(token.id, key, what, call)
        if (answer === 'different')
          sendProblem(response, apiProblem(422, 'This Idempotency-Key was used for another call.'))
        else send(response, answer)
      } catch (error) {
        const problem = problemOf(error)
        if (problem === undefined) throw error
        sendProblem(response, problem)
      }
    }
  }
}

async function answerOf(
  operation: Operation,
  request: Request,
  given: unknown,
  caller: Parameters<Operation['handle']>[1],
): Promise<KeptAnswer> {
  const params = operation.params.safeParse(request.params)
  if (!params.success) return answerWith(schemaProblem('path', params.error))
  const query = operation.query.safeParse(request.query)
  if (!query.success) return answerWith(schemaProblem('query', query.error))
  const body = operation.body?.safeParse(given ?? {})
  if (body !== undefined && !body.success) return answerWith(schemaProblem('body', body.error))
  try {
    // What its own schemas gave.
    const input = { params: params.data, query: query.data, body: body?.data } as never
    const value = await operation.handle(input, caller)
    return operation.answer === undefined
      ? { status: 204, body: '' }
      : { status: 200, body: JSON.stringify(operation.answer.parse(value)) }
  } catch (error) {
    const problem = problemOf(error)
    if (problem === undefined) throw error
    return answerWith(problem)
  }
}

function answerWith(problem: ApiProblem): KeptAnswer {
  return { status: problem.status, body: JSON.stringify(problem) }
}

function send(response: Response, { status, body }: KeptAnswer): void {
  response.status(status)
  if (body === '') response.end()
  else response.type(status < 400 ? 'application/json' : 'application/problem+json').send(body)
}

function sendProblem(response: Response, problem: ApiProblem): void {
  send(response, answerWith(problem))
}

/** Throws an HttpProblem for what is no JSON. */
function bodyOf(request: Request, response: Response): Promise<unknown> {
  return new Promise((resolve, reject) => {
    readBody(request, response, (error?: unknown) => {
      if (error === undefined) resolve(request.body)
      else reject(error instanceof Error ? error : new Error('the body could not be read', { cause: error }))
    })
  })
}

function untilGone(response: Response): AbortSignal {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  return gone.signal
}
