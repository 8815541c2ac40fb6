import * as z from 'zod'
import { rosterStatuses } from '../../../sync/roster/roster-filter.ts'
import type { Administration } from '../../admin/administration.ts'
import { groupsQuery } from '../../admin/people/inputs.ts'
import { HttpProblem } from '../../http-problem.ts'
import { type Operation, operationsOf } from '../operation.ts'
import { namedEntry, rosterRow, servedEntry, shownSource, source } from '../people-schemas.ts'
import { pageOf, pageQuery } from '../schemas.ts'

const { page, pageSize } = pageQuery

const group = rosterRow
  .extend({
    status: z.enum(rosterStatuses),
    dn: z.string().describe('Empty when it is not served.'),
    users: z.int().describe('People in it.'),
    children: z.int().describe('Groups in it.'),
  })
  .meta({ id: 'Group' })

const groupDetails = group
  .extend({
    entry: servedEntry.nullable().describe('As LDAP serves it, without its members.'),
    sources: z.array(source),
    parents: z.array(namedEntry).describe('Groups that it is in.'),
    childGroups: z.array(namedEntry),
    members: pageOf(namedEntry.extend({ isGroup: z.boolean() })),
  })
  .meta({ id: 'GroupDetails' })

/** Attributes that grow with the group. */
const membership = new Set(['member', 'memberUid', 'uniqueMember'])

/** Every group, served or not. */
export function groupOperations({ people }: Pick<Administration, 'people'>): readonly Operation[] {
  const operation = operationsOf('Groups')
  return [
    operation({
      method: 'GET',
      path: '/groups',
      id: 'listGroups',
      summary: 'Every group, served or not, by name.',
      permission: 'look',
      query: z.strictObject({ ...groupsQuery.shape, pageSize }),
      answer: pageOf(group),
      async handle({ query: { page, pageSize, ...filter } }) {
        const list = await people.roster.groups(filter)
        const items = [...list.rows((page - 1) * pageSize, page * pageSize)]
        return { items, total: list.total, page, pageSize }
      },
    }),
    operation({
      method: 'GET',
      path: '/groups/{id}',
      id: 'getGroup',
      summary: 'One group, with a page of its members.',
      permission: 'look',
      params: z.object({ id: z.string().describe('As the list has it: entryUUID, or `<provider>:<id>`.') }),
      query: z.strictObject({ page, pageSize }),
      answer: groupDetails,
      async handle({ params, query: { page, pageSize } }) {
        const found = await people.group(params.id, (page - 1) * pageSize, page * pageSize)
        if (found === undefined) throw new HttpProblem(404, 'There is no group of this id, or not any more.')
        const { group, entry, sources, parents, children, members, memberCount } = found
        return {
          ...group,
          entry: entry && { ...entry, attributes: entry.attributes.filter(([name]) => !membership.has(name)) },
          sources: sources.map(shownSource),
          parents,
          childGroups: children,
          members: { items: members, total: memberCount, page, pageSize },
        }
      },
    }),
  ]
}
