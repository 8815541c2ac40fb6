import type { RequestHandler } from 'express'

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Reports each complete answer; clients cannot invent method names. */
export function countRequests(onAnswer: (method: string, status: number) => void): RequestHandler {
  return (request, response, next) => {
    response.once('finish', () => {
      onAnswer(knownMethods.has(request.method) ? request.method : 'other', response.statusCode)
    })
    next()
  }
}
