import type * as z from 'zod'
import type { AdminActor } from '../../server/directory/administrators/admin-actions.ts'
import type { Role } from '../../server/directory/administrators/admin-records.ts'
import type { Permission } from '../admin/permissions.ts'

/** Who calls, and what is known of the call beside its input. */
export interface Caller {
  readonly by: AdminActor
  readonly role: Role
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

/** An operation whose handler gets what its schemas make of the call. */
export function operation<
  Params extends z.ZodObject,
  Query extends z.ZodObject,
  Body extends z.ZodType | undefined,
  Answer extends z.ZodType | undefined,
>(
  described: Omit<Operation, 'handle' | 'params' | 'query' | 'body' | 'answer'> & {
    readonly params: Params
    readonly query: Query
    readonly body: Body
    readonly answer: Answer
    readonly handle: (
      input: {
        readonly params: z.output<Params>
        readonly query: z.output<Query>
        readonly body: Body extends z.ZodType ? z.output<Body> : undefined
      },
      caller: Caller,
    ) => Promise<Answer extends z.ZodType ? unknown : void>
  },
): Operation {
  return described
}
