import * as z from 'zod'
import { readinesses } from '../../../sync/roster/roster-filter.ts'
import type { Administration } from '../../admin/administration.ts'
import { testMailForm } from '../../admin/settings/inputs.ts'
import { type Operation, operationsOf } from '../operation.ts'
import { time } from '../schemas.ts'

const status = z
  .object({
    isReady: z.boolean().describe('LDAP answers as it should.'),
    reasons: z.array(z.string()).describe('Why it does not.'),
    writeProblem: z.string().nullable().describe('Why nothing can be changed, such as a full disk; null: it can.'),
    people: z.int(),
    groups: z.int(),
    notServed: z.int().describe('Users and groups that a rule or their provider keeps out.'),
    readiness: z.record(z.enum(readinesses), z.int()).describe('People by what they could sign in with.'),
    certificate: z
      .object({ names: z.array(z.string()), issuer: z.string(), expires: time, isRenewed: z.boolean() })
      .nullable()
      .describe('That LDAP clients see.'),
  })
  .meta({ id: 'Status' })

const setting = z
  .object({
    path: z.string(),
    value: z.string().describe('JSON; of a secret, only where it comes from.'),
    default: z.string().nullable().describe('JSON.'),
    isDefault: z.boolean(),
    description: z.string(),
  })
  .meta({ id: 'Setting' })

const masterKey = z
  .object({
    id: z.string(),
    from: z.string().describe('Where it was found.'),
    isOwn: z.boolean().describe('Made by the server.'),
    older: z.array(z.string()).describe('Ids of keys that it takes the place of.'),
  })
  .meta({ id: 'MasterKey' })

const failedBinds = z
  .object({
    account: z.string().nullable().describe('DN of a person, name of a binder; null: of all accounts.'),
    network: z.string().nullable().describe('null: all addresses where the account has not signed in before.'),
    count: z.int().describe('Wrong passwords; of all accounts, how many of them failed.'),
    lastAt: time,
    blockedUntil: time.nullable().describe('Binds are refused unread until then.'),
  })
  .meta({ id: 'FailedBinds' })

/** How the server fares, what it is set to, and whom it slows down. */
export function serverOperations(services: Administration): readonly Operation[] {
  const { settings, throttle } = services
  const operation = operationsOf('Server')
  const look = { permission: 'look', method: 'GET' } as const
  return [
    operation({
      ...look,
      path: '/status',
      id: 'getStatus',
      summary: 'Whether LDAP answers, and what is served.',
      answer: status,
      async handle() {
        const reasons = services.notReady()
        return {
          isReady: reasons.length === 0,
          reasons,
          writeProblem: services.writeProblem() ?? null,
          ...(await services.figures()),
          readiness: await services.readiness(),
          certificate: services.certificate() ?? null,
        }
      },
    }),
    operation({
      ...look,
      path: '/status/figures',
      id: 'listFigures',
      summary: 'People and groups over time, oldest first.',
      answer: z.array(z.object({ at: time, people: z.int(), groups: z.int() })),
      handle: () => services.figuresOverTime(),
    }),
    operation({
      ...look,
      path: '/status/binds',
      id: 'listBindRates',
      summary: 'Binds a minute in the last hours, oldest first.',
      answer: z.array(z.object({ at: time, accepted: z.number(), refused: z.number() })),
      handle: async () => services.bindRates(),
    }),
    operation({
      ...look,
      path: '/throttle',
      id: 'listFailedBinds',
      summary: 'Failed binds that still count, those that are refused now first.',
      answer: z.array(failedBinds),
      handle: () => throttle.list(),
    }),
    operation({
      method: 'POST',
      path: '/throttle/clear',
      id: 'clearFailedBinds',
      summary: 'Forgets failed binds, so that the next one is looked at.',
      permission: 'users',
      body: z.strictObject({
        of: z.string().min(1).max(300).nullable().describe('User name, address or name of a binder; null: everybody.'),
      }),
      answer: z.object({ cleared: z.int() }),
      handle: async ({ body }, { by }) => ({ cleared: await throttle.clear(body.of, by) }),
    }),
    operation({
      ...look,
      path: '/settings',
      id: 'listSettings',
      summary: 'The configuration in use.',
      answer: z.array(setting),
      handle: async () => settings.list(),
    }),
    operation({
      method: 'POST',
      path: '/settings/test-mail',
      id: 'sendTestMail',
      summary: 'Sends a test mail.',
      permission: 'settings',
      body: z.strictObject(testMailForm.shape),
      handle: ({ body }, { by }) => settings.sendTestMail(body.to, by),
    }),
    operation({
      ...look,
      path: '/settings/master-key',
      id: 'getMasterKey',
      summary: 'The key that secrets of the store are encrypted with; not the key itself.',
      answer: z.object({
        key: masterKey.nullable(),
        problem: z.string().nullable().describe('Why it cannot be used.'),
      }),
      async handle() {
        const found = await settings.masterKey()
        return typeof found === 'string' ? { key: null, problem: found } : { key: found ?? null, problem: null }
      },
    }),
    operation({
      method: 'POST',
      path: '/settings/master-key/rotate',
      id: 'rotateMasterKey',
      summary: 'Encrypts every secret of the store with another master key.',
      permission: 'settings',
      answer: z.object({
        keyId: z.string(),
        secrets: z.int().describe('That were encrypted anew.'),
        olderKeysIn: z.string().nullable().describe('Where older keys still stand that nothing needs any more.'),
      }),
      handle: (_input, { by }) => settings.rotateKey(by),
    }),
  ]
}
