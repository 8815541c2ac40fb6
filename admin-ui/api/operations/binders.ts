import * as z from 'zod'
import { binderSchema } from '../../../server/runtime/config-schema.ts'
import type { Administration } from '../../admin/administration.ts'
import { hostQuery, setupsQuery } from '../../admin/binders/inputs.ts'
import type { ShownBinder } from '../../admin/binders/services.ts'
import { HttpProblem } from '../../http-problem.ts'
import { type Operation, operationsOf } from '../operation.ts'
import { time } from '../schemas.ts'

const name = z.object({ name: z.string() })
const description = binderSchema.omit({ name: true, password: true }).meta({ id: 'BinderDescription' })
const secret = z.object({ secret: z.string().describe('Not to be had again.') })

const binder = z
  .object({
    name: z.string(),
    dn: z.string(),
    scope: z.union([z.literal('tree'), z.object({ subtrees: z.array(z.string()), filter: z.string().nullable() })]),
    attributes: z.union([z.literal('*'), z.array(z.string())]),
    networks: z.array(z.string()),
    requireTls: z.boolean(),
    grants: z.array(z.enum(['ntHash', 'mayNotSearch'])),
    isConfigured: z.boolean().describe('In the configuration file; otherwise managed here.'),
    isUnused: z.boolean().describe('Did not sign in for 90 days, or never.'),
    secrets: z
      .array(
        z.object({
          id: z.string(),
          createdAt: time.nullable().describe('null: it is in the configuration file.'),
          endsAt: time.nullable(),
          uses: z.array(z.object({ address: z.string(), at: time })),
        }),
      )
      .describe('Newest first; without the secrets themselves.'),
  })
  .meta({ id: 'Binder' })

const setup = z
  .object({
    id: z.string(),
    name: z.string(),
    isTried: z.boolean().describe('Run in this form against Rosterd.'),
    files: z.array(z.object({ path: z.string(), mode: z.string().optional(), text: z.string() })),
    settings: z.array(z.object({ name: z.string(), value: z.string() })),
    notes: z.array(z.string()),
  })
  .meta({ id: 'ClientSetup' })

/** Service accounts, and how their clients are set up. */
export function binderOperations({
  binders,
  clients,
}: Pick<Administration, 'binders' | 'clients'>): readonly Operation[] {
  const operation = operationsOf('LDAP binders')

  async function named(params: z.output<typeof name>): Promise<ShownBinder> {
    const wanted = params.name.toLowerCase()
    const found = (await binders.list()).find((one) => one.name.toLowerCase() === wanted)
    if (found === undefined) throw new HttpProblem(404, 'There is no such binder, or not any more.')
    return found
  }

  return [
    operation({
      method: 'GET',
      path: '/binders',
      id: 'listBinders',
      summary: 'Service accounts of LDAP clients.',
      permission: 'look',
      answer: z.array(binder),
      handle: () => binders.list(),
    }),
    operation({
      method: 'POST',
      path: '/binders',
      id: 'addBinder',
      summary: 'Adds a binder. Its secret is told once.',
      permission: 'binders',
      body: description.extend({ name: binderSchema.shape.name }),
      answer: secret,
      handle: async ({ body: { name, ...described } }, { by }) => ({ secret: await binders.add(name, described, by) }),
    }),
    operation({
      method: 'GET',
      path: '/binders/{name}',
      id: 'getBinder',
      summary: 'One binder.',
      permission: 'look',
      params: name,
      answer: binder,
      handle: ({ params }) => named(params),
    }),
    operation({
      method: 'PUT',
      path: '/binders/{name}',
      id: 'editBinder',
      summary: 'What it may do from now on, on open connections too; its secrets stay.',
      permission: 'binders',
      params: name,
      body: description,
      answer: binder,
      async handle({ params, body }, { by }) {
        await binders.edit((await named(params)).name, body, by)
        return await named(params)
      },
    }),
    operation({
      method: 'POST',
      path: '/binders/{name}/secret',
      id: 'rotateBinder',
      summary: 'A new secret, told once.',
      permission: 'binders',
      params: name,
      body: z.strictObject({
        overlapDays: z.int().min(0).max(365).describe('Days in which the secret before works on; 0: it ends at once.'),
      }),
      answer: secret,
      async handle({ params, body }, { by }) {
        return { secret: await binders.rotate((await named(params)).name, body.overlapDays, by) }
      },
    }),
    operation({
      method: 'DELETE',
      path: '/binders/{name}',
      id: 'removeBinder',
      summary: 'Removes a binder; its connections read no more.',
      permission: 'binders',
      params: name,
      handle: async ({ params }, { by }) => await binders.remove((await named(params)).name, by),
    }),
    operation({
      method: 'GET',
      path: '/binders/{name}/clients',
      id: 'listClientSetups',
      summary: 'Ready set-ups of clients that bind as it; the secret has to be put in its place.',
      permission: 'look',
      params: name,
      query: z.strictObject({ server: setupsQuery.shape.server, group: setupsQuery.shape.group }),
      answer: z.array(setup),
      handle: async ({ params, query }) => clients.setups(await named(params), query),
    }),
    operation({
      method: 'GET',
      path: '/binders/{name}/host-script',
      id: 'getHostScript',
      summary: 'The script that sets up a Linux host; it asks for the secret.',
      permission: 'look',
      params: name,
      query: z.strictObject(hostQuery.omit({ ready: true }).shape),
      answer: z.object({ script: z.string() }),
      async handle({ params, query: { server, login, sudo } }) {
        return { script: clients.hostScript(await named(params), { server, group: login, sudo }) }
      },
    }),
  ]
}
