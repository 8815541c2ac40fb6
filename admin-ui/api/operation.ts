import type * as z from 'zod'
import type { AdminActor } from '../../server/directory/administrators/admin-actions.ts'
import type { Role } from '../../server/directory/administrators/admin-records.ts'
import type { Permission } from '../admin/permissions.ts'
import { none } from './schemas.ts'

/** Who calls, and what is known of the call beside its input. */
export interface Caller {
  readonly by: AdminActor
  readonly role: Role
  /** ISO 8601, UTC: when the token of the call ends; null: never. */
  readonly expiresAt: string | null
  /** Aborts when the client has gone. */
  readonly gone: AbortSignal
}

/** One operation of the API: what it takes and gives, who may use it, and what it does. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below /api/v1, with parameters in braces: `/users/{id}`. */
  readonly path: string
  /** Names it in the reference and in generated clients. */
  readonly id: string
  readonly tag: string
  readonly summary: string
  readonly permission: Permission
  /** Of the parameters in the path. */
  readonly params: z.ZodObject
  readonly query: z.ZodObject
  /** undefined: none is taken. */
  readonly body: z.ZodType | undefined
  /** What is answered, and nothing beside it; undefined: nothing, with 204. */
  readonly answer: z.ZodType | undefined
  /** Throws HttpProblem, ChangeRefused and what else `api-problems.ts` knows. Gives what has at least what `answer` describes. */
  readonly handle: (
    input: { readonly params: never; readonly query: never; readonly body: never },
    caller: Caller,
  ) => Promise<unknown>
}

/** What gives the answer: at least what its schema describes. */
type Given<Answer> = Answer extends z.ZodType ? Promise<DeepReadonly<z.input<Answer>>> : Promise<unknown>

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [name in keyof T]: DeepReadonly<T[name]> }
    : T

/**
 * Makes the operations of one part of the reference. The handler of each gets what its schemas make of the call; what an
 * operation does not name it does not take: parameters, query, body; nor give.
 */
export function operationsOf(tag: string) {
  return <
    Params extends z.ZodObject = typeof none,
    Query extends z.ZodObject = typeof none,
    Body extends z.ZodType | undefined = undefined,
    Answer extends z.ZodType | undefined = undefined,
  >({
    params,
    query,
    body,
    answer,
    ...described
  }: Omit<Operation, 'tag' | 'handle' | 'params' | 'query' | 'body' | 'answer'> & {
    readonly params?: Params
    readonly query?: Query
    readonly body?: Body
    readonly answer?: Answer
    readonly handle: (
      input: {
        readonly params: z.output<Params>
        readonly query: z.output<Query>
        readonly body: Body extends z.ZodType ? z.output<Body> : undefined
      },
      caller: Caller,
    ) => Given<Answer>
  }): Operation => ({ tag, params: params ?? none, query: query ?? none, body, answer, ...described })
}
