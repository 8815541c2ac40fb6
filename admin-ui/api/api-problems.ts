import type * as z from 'zod'
import { ChangeRefused, FieldsRefused } from '../../server/directory/credentials/change-refused.ts'
import { isStoreRefusal } from '../../server/directory/store-refusal.ts'
import { StalePlanError } from '../../sync/held-plans.ts'
import { RuleError } from '../../sync/rules.ts'
import { HttpProblem, titleOf } from '../http-problem.ts'

/** What is answered when a call fails: problem details (RFC 9457). */
export interface ApiProblem {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[]
}

export function apiProblem(status: number, detail: string, errors?: ApiProblem['errors']): ApiProblem {
  return { type: 'about:blank', title: titleOf(status), status, detail, ...(errors ? { errors } : {}) }
}

/** What an error means for the caller; undefined: nothing that the caller may know. */
export function problemOf(error: unknown): ApiProblem | undefined {
  if (error instanceof HttpProblem) return apiProblem(error.status, error.detail)
  if (error instanceof FieldsRefused)
    return apiProblem(
      422,
      error.message,
      error.problems.map(({ path, message }) => ({ pointer: pointerOf(path.split(/[.[\]]+/)), detail: message })),
    )
  if (isStoreRefusal(error)) return apiProblem(503, error.message)
  if (error instanceof StalePlanError) return apiProblem(409, error.message)
  if (error instanceof ChangeRefused || error instanceof RuleError) return apiProblem(422, error.message)
  return undefined
}

/** What a schema found wrong with `part` of a call. */
export function schemaProblem(part: 'path' | 'query' | 'body', error: z.ZodError): ApiProblem {
  const errors = error.issues.map(({ path, message }) => ({ pointer: pointerOf(path.map(String)), detail: message }))
  return apiProblem(part === 'body' ? 422 : 400, `The ${part} of the call is not as the reference says.`, errors)
}

/** RFC 6901. */
function pointerOf(path: readonly string[]): string {
  return path
    .filter((element) => element !== '')
    .map((element) => `/${element.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('')
}
