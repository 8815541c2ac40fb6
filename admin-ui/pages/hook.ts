import { type Request, type RequestHandler, text } from 'express'
import type { ChangeHooks } from '../../sync/change-hooks.ts'
import { HttpProblem } from '../http-problem.ts'

/** Whatever its type says: what is no JSON is refused by who reads it. */
export const hookBody: RequestHandler = text({ type: () => true, limit: '1mb', inflate: false })

/** Where a provider tells that something has changed. */
export function hook(hooks: ChangeHooks): RequestHandler {
  return async (request, response) => {
    const { name, provider } = request.params
    const answer = await hooks.receive(String(name), String(provider), {
      method: request.method,
      query: onlyTexts(request.query),
      headers: onlyTexts(request.headers),
      body: bodyOf(request),
    })
    if (answer === undefined) throw new HttpProblem(404, 'There is nothing at this address.')
    response.status(answer.status)
    if (answer.body === undefined) response.end()
    else response.type(answer.body.type).send(answer.body.text)
  }
}

/** Without what came several times. */
function onlyTexts(values: Readonly<Record<string, unknown>>): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  )
}

function bodyOf(request: Request): string {
  const body: unknown = request.body
  return typeof body === 'string' ? body : ''
}
