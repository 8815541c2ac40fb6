import { isIP } from 'node:net'
import * as z from 'zod'
import { ChangeRefused } from '../../../server/directory/credentials/change-refused.ts'
import { readinesses, rosterStatuses } from '../../../sync/roster/roster-filter.ts'
import type { Administration } from '../../admin/administration.ts'
import { accessReviewQuery, explainQuery, usersQuery } from '../../admin/people/inputs.ts'
import type { PersonDetails } from '../../admin/people/services.ts'
import { peopleFilterOf } from '../../admin/people/users-model.ts'
import { HttpProblem } from '../../http-problem.ts'
import { type Operation, operationsOf } from '../operation.ts'
import { namedEntry, rosterRow, servedEntry, shownSource, source } from '../people-schemas.ts'
import { enrollmentFields, pageOf, pageQuery, time } from '../schemas.ts'

const id = z.object({ id: z.string().describe('As the list has it: entryUUID, or `<provider>:<id>`.') })

const user = rosterRow
  .extend({
    status: z.enum(rosterStatuses),
    readiness: z.enum(readinesses).describe('What they could sign in with.'),
    block: z.string().nullable().describe('Why an administrator keeps them from signing in.'),
  })
  .meta({ id: 'User' })

const use = z.object({ credential: z.string(), address: z.string(), binder: z.string().nullable(), at: time })

const signIn = z.object({
  block: z
    .object({ reason: z.string(), by: z.string(), since: time, until: time.nullable(), isOver: z.boolean() })
    .nullable(),
  passThrough: z.literal('never').nullable().describe('never: the provider is not asked for the password.'),
  directoryPassword: z.object({ setAt: time, mustChange: z.boolean() }).nullable(),
  importedPasswords: z.int().describe('Of a file.'),
  appPasswords: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      createdAt: time,
      expiresAt: time.nullable(),
      networks: z.array(z.string()),
      lastUse: z.object({ at: time, address: z.string() }).nullable(),
    }),
  ),
  providerPassword: z.object({ provider: z.string(), checkedAt: time }).nullable(),
  secondFactor: z.object({ isConfirmed: z.boolean(), recoveryCodes: z.int().describe('That are left.') }).nullable(),
  ntHash: z.boolean(),
  lastUses: z.array(use).describe('Latest first.'),
  history: z.array(z.object({ time, by: z.string(), event: z.string() })).describe('Latest first.'),
})

const userDetails = user
  .extend({
    entry: servedEntry.nullable().describe('As LDAP serves it.'),
    sources: z.array(source),
    groups: z.array(namedEntry),
    passwordSource: z
      .union([z.object({ provider: z.string() }), z.object({ reason: z.string() })])
      .nullable()
      .describe('The provider that checks the password, or why none does.'),
    signIn: signIn.nullable(),
    sshKeys: z.array(
      z.object({ text: z.string(), algorithm: z.string(), fingerprint: z.string(), comment: z.string() }),
    ),
    enrollment: z.object(enrollmentFields).nullable(),
    history: z.object({
      changes: z
        .array(
          z.object({
            number: z.int(),
            time,
            by: z.object({ kind: z.string(), id: z.string() }),
            type: z.string(),
            dn: z.string(),
            attributes: z.array(z.string()),
          }),
        )
        .describe('Latest first.'),
      since: time.nullable().describe('What was before was not looked at; null: that was all.'),
      forgottenBefore: time.nullable().describe('Changes before were forgotten; null: none was.'),
    }),
  })
  .meta({ id: 'UserDetails' })

const reviewed = z
  .object({
    username: z.string(),
    name: z.string(),
    mail: z.string(),
    status: z.enum([...rosterStatuses, 'blocked']),
    reason: z.string().describe('Empty for who is active.'),
    groups: z.array(z.string()).describe('By name; also those that hold a group of the person’s.'),
    credentials: z
      .object({
        directoryPassword: z.boolean(),
        passwordsOfFiles: z.int(),
        appPasswords: z.int(),
        secondFactor: z.boolean(),
        sshKeys: z.int(),
        passThrough: z.boolean().describe('The provider is asked for the password.'),
      })
      .nullable()
      .describe('null: not known of the past.'),
    lastSignIn: time.nullable(),
    firstSeen: time.nullable(),
    goneSince: time.nullable().describe('null: a provider has the person.'),
    sources: z.array(z.string()).describe('`<provider>:<immutable id>`'),
    entryUUID: z.string().nullable(),
  })
  .meta({ id: 'ReviewedPerson' })

const finding = z.object({
  step: z.string().describe('Step of a bind.'),
  effect: z.enum(['stops', 'note', 'fine']),
  text: z.string(),
})

/** Everybody, served or not, and what administrators do to their sign-in. */
export function userOperations({ people }: Pick<Administration, 'people'>): readonly Operation[] {
  const operation = operationsOf('Users')

  /** The id, of somebody who is known. */
  async function known(params: z.output<typeof id>): Promise<string> {
    return ((await people.roster.person(params.id)) ?? nobody()).id
  }

  return [
    operation({
      method: 'GET',
      path: '/users',
      id: 'listUsers',
      summary: 'Everybody, served or not, by name.',
      permission: 'look',
      query: z.strictObject({ ...usersQuery.shape, pageSize: pageQuery.pageSize }),
      answer: pageOf(user),
      async handle({ query }) {
        const { page, pageSize } = query
        const list = await people.roster.people(peopleFilterOf(query))
        const items = [...list.rows((page - 1) * pageSize, page * pageSize)]
        return { items, total: list.total, page, pageSize }
      },
    }),
    operation({
      method: 'GET',
      path: '/users/{id}',
      id: 'getUser',
      summary: 'One person: entry, sources, groups, sign-in and history.',
      permission: 'look',
      params: id,
      answer: userDetails,
      async handle({ params }) {
        return shown((await people.person(params.id)) ?? nobody())
      },
    }),
    operation({
      method: 'GET',
      path: '/access-review',
      id: 'reviewAccess',
      summary: 'Who has access and with what, or had at a time: everybody by name, or who is in a group. Is recorded.',
      permission: 'look',
      query: z.strictObject({ ...accessReviewQuery.shape, page: pageQuery.page, pageSize: pageQuery.pageSize }),
      answer: pageOf(reviewed),
      async handle({ query: { group, at, page, pageSize } }, { by }) {
        const review = await people.accessReview({ group, at }, by)
        const items = [...review.rows((page - 1) * pageSize, page * pageSize)]
        return { items, total: review.total, page, pageSize }
      },
    }),
    operation({
      method: 'POST',
      path: '/users/{id}/sync',
      id: 'syncUser',
      summary: 'Reads the person anew at every provider.',
      permission: 'directory sync',
      params: id,
      answer: z.object({ result: z.string().nullable().describe('In words; null: it goes on.') }),
      async handle({ params }, { by }) {
        return { result: (await people.syncPerson(await known(params), by)) ?? null }
      },
    }),
    operation({
      method: 'POST',
      path: '/users/{id}/password',
      id: 'resetPassword',
      summary: 'A one-time password, good for nothing but to choose another one.',
      permission: 'users',
      params: id,
      answer: z.object({ password: z.string().describe('Not to be had again.') }),
      async handle({ params }, { by }) {
        return { password: await people.resetPassword(await known(params), by) }
      },
    }),
    operation({
      method: 'POST',
      path: '/users/{id}/revoke',
      id: 'revokeSignIn',
      summary: 'Takes away everything the person could sign in with here.',
      permission: 'users',
      params: id,
      body: z.strictObject({ secondFactor: z.boolean().default(false).describe('The second factor too.') }),
      answer: z
        .object({
          revoked: z.object({
            directoryPassword: z.boolean(),
            appPasswords: z.int(),
            providerPassword: z.boolean(),
            secondFactor: z.boolean(),
            importedPasswords: z.int().describe('Of a file, where they have to be removed.'),
          }),
          sessions: z.int(),
          enrollmentLink: z.boolean(),
          sshKeys: z.int(),
          sshKeysElsewhere: z.int().describe('Of a file or a provider, where they have to be removed.'),
        })
        .meta({ id: 'Revoked' }),
      handle: async ({ params, body }, { by }) => await people.revoke(await known(params), body, by),
    }),
    operation({
      method: 'PUT',
      path: '/users/{id}/block',
      id: 'blockSignIn',
      summary: 'Nobody signs in as the person, whatever the provider says.',
      permission: 'users',
      params: id,
      body: z.strictObject({
        reason: z.string().trim().min(1).max(300).describe('For those who will find it.'),
        until: z.iso.datetime().nullable().default(null).describe('ISO 8601, UTC; null: until it is lifted.'),
      }),
      async handle({ params, body: { reason, until } }, { by }) {
        await people.block(await known(params), { reason, until: until === null ? undefined : new Date(until) }, by)
      },
    }),
    operation({
      method: 'DELETE',
      path: '/users/{id}/block',
      id: 'unblockSignIn',
      summary: 'Lifts the block.',
      permission: 'users',
      params: id,
      handle: async ({ params }, { by }) =>
        requireDone(await people.unblock(await known(params), by), 'There was no block.'),
    }),
    operation({
      method: 'DELETE',
      path: '/users/{id}/app-passwords/{appPassword}',
      id: 'revokeAppPassword',
      summary: 'Revokes an app password.',
      permission: 'users',
      params: id.extend({ appPassword: z.string().describe('Its id.') }),
      handle: async ({ params }, { by }) =>
        requireDone(
          await people.revokeAppPassword(await known(params), params.appPassword, by),
          'There is no such app password, or not any more.',
        ),
    }),
    operation({
      method: 'DELETE',
      path: '/users/{id}/second-factor',
      id: 'removeSecondFactor',
      summary: 'Removes the second factor.',
      permission: 'users',
      params: id,
      handle: async ({ params }, { by }) =>
        requireDone(await people.removeSecondFactor(await known(params), by), 'There was no second factor.'),
    }),
    operation({
      method: 'GET',
      path: '/explain',
      id: 'explainSignIn',
      summary: 'Why somebody can or cannot sign in, in the order of a bind. Asks no provider.',
      permission: 'look',
      query: z.strictObject({
        ...explainQuery.shape,
        name: z.string().trim().min(1).max(300).describe('User name, address, DN, entryUUID or immutable id.'),
        address: z
          .string()
          .refine((text) => isIP(text) !== 0, 'is no IP address')
          .optional()
          .describe('Of the client of the bind.'),
      }),
      answer: z.object({ people: z.array(namedEntry), findings: z.array(finding) }).meta({ id: 'Explanation' }),
      handle: ({ query: { name, address, binder } }) => people.explainSignIn({ name, address, binder }),
    }),
  ]
}

function shown({ person, sources, history, ...details }: PersonDetails) {
  return {
    ...person,
    ...details,
    sources: sources.map(shownSource),
    history: {
      since: history.since,
      forgottenBefore: history.forgottenBefore,
      changes: history.changes.map(({ cause, attributes, ...change }) => ({
        ...change,
        by: cause,
        attributes: attributes.map(({ attribute }) => attribute),
      })),
    },
  }
}

function requireDone(isDone: boolean, otherwise: string): void {
  if (!isDone) throw new ChangeRefused(otherwise)
}

function nobody(): never {
  throw new HttpProblem(404, 'There is nobody of this id, or not any more.')
}
