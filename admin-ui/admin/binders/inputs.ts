import * as z from 'zod'
import { gridFields } from '../../query.ts'

/*
 * What the forms of binders hold. Lists are one value a line, or with blanks or commas between them.
 */

export const listQuery = z.object(gridFields)

const list = z
  .string()
  .max(10_000)
  .default('')
  .transform((text) => text.split(/[\s,;]+/).filter((value) => value !== ''))

const lines = z
  .string()
  .max(10_000)
  .default('')
  .transform((text) =>
    text
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== ''),
  )

const ticked = z
  .string()
  .optional()
  .transform((text) => text === 'yes')

/** What a binder may do, as a form says it. */
export const binderForm = z.object({
  subtrees: lines.describe('DNs below which it may read, one a line; none: the whole tree.'),
  filter: z.string().trim().max(10_000).default('').describe('What it reads has to match this LDAP filter.'),
  attributes: list.describe('Attributes it may read; none: all.'),
  networks: list.describe('Where it may come from; none: anywhere.'),
  requireTls: ticked.describe('Refuse it without TLS, also from this machine.'),
  ntHash: ticked.describe('It may read NT hashes.'),
  mayNotSearch: ticked.describe('It may bind and nothing else.'),
})

export const rotateForm = z.object({
  overlapDays: z.coerce
    .number('Give a whole number of days.')
    .int('Give a whole number of days.')
    .min(0, 'Give a whole number of days, 0 or more.')
    .max(365, 'A secret works on for 365 days at most.')
    .describe('Days in which the secret before works on; 0: it ends at once.'),
})

const groupName = z.string().trim().max(256).default('')
const server = z.string().max(300).default('').describe('Address that clients are given; none: all, for fail-over.')

export const setupsQuery = z.object({
  client: z.string().max(40).default('').describe('Kind of client.'),
  server,
  group: groupName.describe('Whose members may sign in; none: everybody.'),
})

export const hostQuery = z.object({
  server,
  login: groupName.describe('Whose members may log in; none: everybody.'),
  sudo: groupName.describe('Whose members may use sudo; none: nobody new.'),
  ready: z.string().optional().describe('The questions were answered.'),
})
