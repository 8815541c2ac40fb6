import * as z from 'zod'
import { managedProviderSchema } from '../../../server/runtime/config-schema.ts'
import type { Administration } from '../../admin/administration.ts'
import type { ShownProvider } from '../../admin/providers/services.ts'
import { HttpProblem } from '../../http-problem.ts'
import { type Operation, operationsOf } from '../operation.ts'
import { pageOf, pageQuery, time } from '../schemas.ts'

const id = z.object({ id: z.string().describe('Short name of the provider.') })

const settings = managedProviderSchema.meta({
  id: 'ProviderSettings',
  description:
    'As an object of `providers` in the configuration file. A secret is the text itself when it is written, and `{ "sealed": … }` when it is read; sent back, that keeps it.',
})

const credential = z.object({
  name: z.string(),
  kind: z.string(),
  purposes: z.array(z.string()),
  authorizedBy: z.string().nullable(),
  lastSuccess: time.nullable(),
  ok: z.boolean(),
  problem: z.string().nullable(),
  expires: time.nullable(),
})

const provider = z
  .object({
    id: z.string(),
    name: z.string(),
    type: z.string(),
    isManaged: z.boolean().describe('Managed here; otherwise by the configuration file.'),
    isAdopted: z.boolean().describe('A copy is kept here for when the file has it no more.'),
    isStale: z.boolean(),
    lastSuccess: time.nullable(),
    pause: z.object({ kind: z.string(), reason: z.string() }).nullable(),
    held: z.int().describe('Changes that wait for approval.'),
    credentials: z.array(credential),
    settings,
  })
  .meta({ id: 'Provider' })

const kind = z.object({
  served: z.int(),
  leftOut: z.array(z.object({ status: z.string(), rule: z.string(), reason: z.string(), count: z.int() })),
})
const change = z.object({ action: z.string(), dn: z.string(), reason: z.string() })
const preview = z
  .object({
    providers: z.array(z.object({ provider: z.string(), users: kind, groups: kind, caveats: z.array(z.string()) })),
    changes: z.array(change).describe('Applied at once. 1,000 at most.'),
    changeCount: z.int(),
    held: z.array(z.object({ provider: z.string(), reasons: z.array(z.string()), changeCount: z.int() })),
    waitingCount: z.int().describe('Changes that wait because their provider is paused.'),
    about: z
      .object({ isServed: z.boolean(), status: z.string().nullable(), reason: z.string().nullable() })
      .nullable()
      .describe('The person or group that was asked for.'),
  })
  .meta({ id: 'Preview' })

const changesAtMost = 1000

/** Providers: the connected tenants, orgs and files. */
export function providerOperations({
  providerAdministration: providers,
}: Pick<Administration, 'providerAdministration'>): readonly Operation[] {
  const operation = operationsOf('Providers')

  async function find(wanted: string): Promise<ShownProvider> {
    const found = (await providers.list()).find((one) => one.id === wanted)
    if (found === undefined) throw new HttpProblem(404, `There is no provider "${wanted}".`)
    return found
  }

  return [
    operation({
      method: 'GET',
      path: '/providers',
      id: 'listProviders',
      summary: 'Every provider, with its state, credentials and settings.',
      permission: 'look',
      answer: z.array(provider),
      handle: async () => (await providers.list()).map(shown),
    }),
    operation({
      method: 'POST',
      path: '/providers',
      id: 'addProvider',
      summary: 'Connects a provider. It is read at once, and served once its first plan was accepted.',
      permission: 'directory sync',
      body: settings,
      answer: settings,
      handle: ({ body }, { by }) => providers.add(body, by),
    }),
    operation({
      method: 'GET',
      path: '/providers/{id}',
      id: 'getProvider',
      summary: 'One provider.',
      permission: 'look',
      params: id,
      answer: provider,
      handle: async ({ params }) => shown(await find(params.id)),
    }),
    operation({
      method: 'PUT',
      path: '/providers/{id}',
      id: 'editProvider',
      summary: 'Replaces the settings of a provider that is managed here.',
      permission: 'directory sync',
      params: id,
      body: settings,
      answer: settings,
      async handle({ params, body }, { by }) {
        await find(params.id)
        return await providers.edit(params.id, body, by)
      },
    }),
    operation({
      method: 'DELETE',
      path: '/providers/{id}',
      id: 'removeProvider',
      summary: 'Removes a provider that is managed here, and its people with it, without asking again.',
      permission: 'remove providers',
      params: id,
      async handle({ params }, { by }) {
        await find(params.id)
        await providers.remove(params.id, by)
      },
    }),
    operation({
      method: 'GET',
      path: '/providers/{id}/removal',
      id: 'previewRemoval',
      summary: 'What would change without the provider.',
      permission: 'look',
      params: id,
      answer: preview,
      async handle({ params }) {
        await find(params.id)
        return shownPreview(await providers.previewRemoval(params.id))
      },
    }),
    operation({
      method: 'POST',
      path: '/previews/provider',
      id: 'previewProvider',
      summary: 'What settings would change, from what was last read. Nothing is kept.',
      permission: 'directory sync',
      query: z.strictObject({ about: z.string().optional().describe('A person or group to look at.') }),
      body: settings,
      answer: preview,
      handle: async ({ body, query }) => shownPreview(await providers.preview(body, query.about)),
    }),
    operation({
      method: 'POST',
      path: '/providers/{id}/accept',
      id: 'acceptFirstPlan',
      summary: 'Applies what the first run of a new provider would do.',
      permission: 'directory sync',
      params: id,
      async handle({ params }, { by }) {
        await find(params.id)
        await providers.accept(params.id, by)
      },
    }),
    operation({
      method: 'GET',
      path: '/providers/{id}/acceptance',
      id: 'previewAcceptance',
      summary: 'What accepting the first plan of a new provider would change.',
      permission: 'look',
      params: id,
      answer: preview,
      async handle({ params }) {
        await find(params.id)
        return shownPreview(await providers.previewAcceptance(params.id))
      },
    }),
    operation({
      method: 'POST',
      path: '/providers/{id}/adopt',
      id: 'adoptProvider',
      summary: 'Keeps a copy of a provider of the configuration file, for when the file has it no more.',
      permission: 'directory sync',
      params: id,
      async handle({ params }, { by }) {
        await find(params.id)
        await providers.adopt(params.id, by)
      },
    }),
    operation({
      method: 'POST',
      path: '/providers/{id}/test',
      id: 'testProvider',
      summary: 'Tries each permission apart, with each credential.',
      permission: 'directory sync',
      params: id,
      answer: z.array(z.object({ name: z.string(), ok: z.boolean(), message: z.string() })),
      async handle({ params }, { gone }) {
        await find(params.id)
        const signal = AbortSignal.any([gone, AbortSignal.timeout(60_000)])
        return await providers.test(params.id, signal)
      },
    }),
    operation({
      method: 'POST',
      path: '/providers/{id}/authorize',
      id: 'authorizeAccount',
      summary: 'A one-time link with which an administrator authorizes an account.',
      permission: 'directory sync',
      params: id,
      body: z.strictObject({ purposes: z.array(z.enum(['users', 'groups'])).min(1) }),
      answer: z.object({ url: z.string(), expires: time, redirectUri: z.string() }),
      async handle({ params, body }, { by }) {
        const { takesAccounts } = await find(params.id)
        if (!takesAccounts) throw new HttpProblem(422, `${params.id} takes no accounts of administrators.`)
        return await providers.authorize(params.id, body.purposes, by)
      },
    }),
    operation({
      method: 'DELETE',
      path: '/providers/{id}/authorizations/{authorization}',
      id: 'forgetAccount',
      summary: 'Forgets an account that was authorized.',
      permission: 'directory sync',
      params: z.object({ ...id.shape, authorization: z.string().describe('Name of the credential.') }),
      async handle({ params }, { by }) {
        await find(params.id)
        await providers.forget(params.id, params.authorization, by)
      },
    }),
    operation({
      method: 'POST',
      path: '/providers/{id}/move',
      id: 'moveProvider',
      summary: 'One place earlier or later among those that are managed here.',
      permission: 'directory sync',
      params: id,
      body: z.strictObject({ where: z.enum(['earlier', 'later']) }),
      handle: ({ params, body }, { by }) => providers.move(params.id, body.where, by),
    }),
    operation({
      method: 'GET',
      path: '/providers/{id}/groups',
      id: 'listSourceGroups',
      summary: 'Groups of the provider, and whether they are synced.',
      permission: 'look',
      params: id,
      query: z.strictObject(pageQuery),
      answer: pageOf(
        z.object({
          id: z.string(),
          name: z.string(),
          mail: z.string().nullable(),
          members: z.int(),
          verdict: z.object({ status: z.string(), reason: z.string() }).nullable(),
        }),
      ),
      async handle({ params, query: { search, page, pageSize } }) {
        await find(params.id)
        const { found, total } = await providers.groups(params.id, search, page * pageSize)
        return { items: found.slice((page - 1) * pageSize), total, page, pageSize }
      },
    }),
  ]
}

function shown(one: ShownProvider) {
  return { ...one, pause: one.pause ?? null, settings: withoutFileSecrets(one.settings) }
}

/** A literal secret of the configuration file is shown to nobody. */
function withoutFileSecrets(value: ShownProvider['settings']): ShownProvider['settings'] {
  const secrets = new Set(['clientSecret', 'apiToken', 'secret'])
  return JSON.parse(
    JSON.stringify(value, (key, one: unknown) =>
      secrets.has(key) && typeof one === 'string' ? { sealed: 'file' } : one,
    ),
  ) as ShownProvider['settings'] // the same with other secrets
}

function shownPreview(found: Awaited<ReturnType<Administration['providerAdministration']['preview']>>) {
  const { providers, changes, held, waiting, person } = found
  return {
    providers,
    changes: changes.slice(0, changesAtMost),
    changeCount: changes.length,
    held: held.map((one) => ({ provider: one.provider, reasons: one.reasons, changeCount: one.changes.length })),
    waitingCount: waiting.length,
    about:
      person === undefined
        ? null
        : {
            isServed: person.after !== undefined,
            status: person.decision?.status ?? null,
            reason: person.decision?.reason ?? null,
          },
  }
}
