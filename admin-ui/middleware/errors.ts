import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express'
import { isStoreRefusal, storeRefusalForPeople } from '../../server/directory/store-refusal.ts'
import type { Logger } from '../../server/runtime/logger.ts'
import { HttpProblem, titleOf } from '../http-problem.ts'
import type { Views } from '../views.ts'

/** Ends the route table. */
export const notFound: RequestHandler = () => {
  throw new HttpProblem(404, 'There is nothing at this address.')
}

/**
 * The one place where an error becomes an answer: problem details (RFC 9457), or a page for a browser. What was not meant
 * for the client is logged and answered with a neutral text.
 */
export function errors(logger: Pick<Logger, 'error'>, views: Views): ErrorRequestHandler {
  // Express tells error handlers by their four parameters.
  return (error: unknown, request, response, next) => {
    const { status, detail } = problemOf(error, response)
    if (status >= 500)
      logger.error({ err: error, method: request.method, path: routePath(request) }, 'HTTP request failed')
    if (response.headersSent) {
      next(error)
      return
    }
    response.status(status)
    const title = titleOf(status)
    if (prefersHtml(request)) response.type('html').send(views.render('pages/error', { title, status, detail }))
    else {
      response.type('application/problem+json').send(JSON.stringify({ type: 'about:blank', title, status, detail }))
    }
  }
}

function problemOf(error: unknown, { locals }: Response): { status: number; detail: string } {
  if (error instanceof HttpProblem) return error
  if (isStoreRefusal(error)) return { status: 503, detail: 'admin' in locals ? error.message : storeRefusalForPeople }
  // Express and its parsers mark what the client did wrong; their texts are not meant for it.
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return { status, detail: 'The request is not valid.' }
  }
  return { status: 500, detail: 'Something went wrong here. The log of the server says what.' }
}

/** The path as the route table has it: what stands in its place in an address may be a secret. */
function routePath(request: Request): unknown {
  const route: unknown = request.route // typed as any
  return typeof route === 'object' && route !== null && 'path' in route ? route.path : null
}

function prefersHtml(request: Request): boolean {
  return request.accepts(['json', 'html']) === 'html'
}
