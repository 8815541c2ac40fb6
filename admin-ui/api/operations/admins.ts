import * as z from 'zod'
import type { ListedAdmin } from '../../../server/directory/administrators/admin-list.ts'
import type { Administration } from '../../admin/administration.ts'
import { HttpProblem } from '../../http-problem.ts'
import { type Operation, operationsOf } from '../operation.ts'
import { role, time } from '../schemas.ts'

const name = z.object({ name: z.string() })

const admin = z
  .object({
    name: z.string(),
    role,
    createdAt: time,
    createdBy: z.string(),
    canSignIn: z.boolean().describe('Otherwise a setup link has to be used first.'),
    hasSecondFactor: z.boolean(),
    lastSignIn: z.object({ at: time, address: z.string() }).nullable(),
    isLastOwner: z.boolean().describe('Who can sign in: stays, and stays Owner.'),
  })
  .meta({ id: 'Administrator' })

const oidcAdmin = z
  .object({
    name: z.string(),
    displayName: z.string(),
    provider: z.string(),
    role: role.nullable().describe('null: not any more.'),
    lastSignIn: z.object({ at: time, address: z.string() }),
  })
  .meta({ id: 'OidcAdministrator' })

const setupLink = z
  .object({ url: z.string().describe('With which a password is chosen. Not to be had again.'), expires: time })
  .meta({ id: 'SetupLink' })

/** Who administers this server. */
export function adminOperations({ administrators }: Pick<Administration, 'administrators'>): readonly Operation[] {
  const operation = operationsOf('Administrators')
  const { oidc } = administrators
  const change = { permission: 'admins', params: name } as const

  async function named(params: z.output<typeof name>): Promise<ListedAdmin> {
    const wanted = params.name.toLowerCase()
    const found = (await administrators.list()).find((one) => one.name.toLowerCase() === wanted)
    if (found === undefined) throw new HttpProblem(404, 'There is no such administrator, or not any more.')
    return found
  }

  return [
    operation({
      method: 'GET',
      path: '/admins',
      id: 'listAdmins',
      summary: 'Who administers this server.',
      permission: 'look',
      answer: z.array(admin),
      handle: () => administrators.list(),
    }),
    operation({
      method: 'POST',
      path: '/admins',
      id: 'createAdmin',
      summary: 'A new administrator, with the link to choose a password.',
      permission: 'admins',
      body: z.strictObject({ name: z.string().describe('Letters, digits and . _ @ + -.'), role }),
      answer: setupLink,
      handle: ({ body }, { by }) => administrators.create(body.name, body.role, by),
    }),
    operation({
      method: 'GET',
      path: '/admins/{name}',
      id: 'getAdmin',
      summary: 'One administrator.',
      permission: 'look',
      params: name,
      answer: admin,
      handle: ({ params }) => named(params),
    }),
    operation({
      ...change,
      method: 'DELETE',
      path: '/admins/{name}',
      id: 'removeAdmin',
      summary: 'Removes an administrator.',
      handle: async ({ params }, { by }) => await administrators.remove((await named(params)).name, by),
    }),
    operation({
      ...change,
      method: 'PUT',
      path: '/admins/{name}/role',
      id: 'setAdminRole',
      summary: 'Another role, which ends the sessions.',
      body: z.strictObject({ role }),
      handle: async ({ params, body }, { by }) =>
        await administrators.setRole((await named(params)).name, body.role, by),
    }),
    operation({
      ...change,
      method: 'POST',
      path: '/admins/{name}/reset',
      id: 'resetAdmin',
      summary: 'Ends password, second factor and sessions, and gives a link to choose a password.',
      answer: setupLink,
      handle: async ({ params }, { by }) => await administrators.reset((await named(params)).name, by),
    }),
    operation({
      ...change,
      method: 'POST',
      path: '/admins/{name}/sign-out',
      id: 'signOutAdmin',
      summary: 'Ends every session.',
      handle: async ({ params }, { by }) => await administrators.signOutEverywhere((await named(params)).name, by),
    }),
    operation({
      ...change,
      method: 'DELETE',
      path: '/admins/{name}/second-factor',
      id: 'removeAdminSecondFactor',
      summary: 'Removes the second factor.',
      handle: async ({ params }, { by }) => await administrators.removeSecondFactor((await named(params)).name, by),
    }),
    operation({
      method: 'GET',
      path: '/oidc-admins',
      id: 'listOidcAdmins',
      summary:
        'Who has signed in to administer at an identity provider. `admin.oidc` of the configuration says who may.',
      permission: 'look',
      answer: z.array(oidcAdmin),
      handle: async () => (await oidc.list()).map((one) => ({ ...one, role: one.role ?? null })),
    }),
    operation({
      ...change,
      method: 'POST',
      path: '/oidc-admins/{name}/sign-out',
      id: 'signOutOidcAdmin',
      summary: 'Ends every session.',
      async handle({ params }, { by }) {
        if (!(await oidc.list()).some((one) => one.name === params.name))
          throw new HttpProblem(404, 'There is no such administrator.')
        await oidc.signOutEverywhere(params.name, by)
      },
    }),
  ]
}
