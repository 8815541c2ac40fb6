import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { idsExportCommand } from '../../server/commands/ids-command.ts'
import { linkConfirmCommand } from '../../server/commands/link-command.ts'
import { relinkCommand } from '../../server/commands/relink-command.ts'
import { userRevokeCommand, userShowCommand } from '../../server/commands/user-command.ts'
import { userResetPasswordCommand } from '../../server/commands/user-password-command.ts'
import { csvOf } from '../../sync/identities/identity-export.ts'
import { entraUserId } from './small-tenants.ts'
import { entraSettings, openSync, type SyncFixture, startTrustedTenants, values } from './sync-fixture.ts'

let tenants: SimulatedTenants
let sync: SyncFixture
const dayMs = 86_400_000
const ada = { userPrincipalName: 'ada@contoso.example', mail: 'ada@contoso.example', employeeId: 'E1' }
beforeEach(async () => {
  tenants = await startTrustedTenants({ data: 'empty' })
  truth().addUser({ id: entraUserId(1), ...ada })
  for (const n of [8, 9]) truth().addUser({ id: entraUserId(n), userPrincipalName: `colleague${n}@contoso.example` })
  sync = await openSync({ providers: [entraSettings(tenants)] })
  await run()
})
afterEach(() => tenants.close())

const truth = () => tenants.entra.tenant.directory
const never = new AbortController().signal
const workspace = () => ({ ...sync, [Symbol.asyncDispose]: async () => undefined })
async function run(): Promise<void> {
  expect(await sync.engine.run('contoso', { trigger: 'test' })).toMatchObject({ error: null, held: [] })
}
/** entryUUID, number and user name of whoever the source is served as. */
function idsOf(n: number) {
  const source = `contoso:${entraUserId(n)}`
  const entry = [...sync.directory.entries()].find((one) => values(one, 'rosterdSource').includes(source))
  return entry && [entry.entryUUID, values(entry, 'uidNumber')[0], values(entry, 'uid')[0]]
}
const exported = async () => csvOf(await idsExportCommand.execute(workspace(), {}, () => undefined, never))
const names = async () => {
  const found: string[] = []
  for await (const { key } of sync.directory.store.list('name', ['user'])) found.push(key[1] ?? '')
  return found
}

describe('somebody who was deleted and created anew', () => {
  beforeEach(async () => {
    truth().removeUser(entraUserId(1), 'deleted')
    await run()
    truth().addUser({ id: entraUserId(2), ...ada })
    await run()
  })

  test('is somebody else by default: other ids, and the name is not free yet', async () => {
    const [uuid, number, name] = idsOf(2) ?? []
    expect([uuid, name]).toEqual([entraUserId(2), 'ada-2'])
    expect(await exported()).not.toContain(`${entraUserId(1)},${number}`)
  })

  test.each([
    [
      'link confirm',
      (old: string) =>
        linkConfirmCommand.execute(
          workspace(),
          { source: `contoso:${entraUserId(2)}`, to: old, retireIds: true, by: 'root' },
          () => undefined,
          never,
        ),
    ],
    [
      'ids relink with a CSV file',
      (old: string) =>
        relinkCommand.execute(
          workspace(),
          {
            from: 'contoso',
            to: 'contoso',
            match: { csv: `from,to\n${old},${entraUserId(2)}\n` },
            dryRun: false,
            by: 'root',
          },
          () => undefined,
          never,
        ),
    ],
  ])('gets everything back by %s, also after the old id was forgotten', async (_, giveBack) => {
    for (const days of [0, 40]) {
      sync.clock.advance(days * dayMs)
      await run()
    }
    const before = await exported()
    const [, , , , , , number] =
      before
        .split('\n')
        .find((line) => line.includes(`,${entraUserId(1)},`))
        ?.split(',') ?? []
    await giveBack(entraUserId(1))
    await run()
    expect(idsOf(2)).toEqual([entraUserId(1), number, 'ada'])
    expect((await sync.engine.explain(entraUserId(2)))[0]?.authentication).toMatchObject({ allowed: true })
    await run()
    expect(idsOf(2)).toEqual([entraUserId(1), number, 'ada'])
  })
})

describe('the same immutable id that comes back', () => {
  test.each([1, 29, 31, 170])('after %i days gets everything back', async (days) => {
    const before = idsOf(1)
    truth().removeUser(entraUserId(1))
    await run()
    sync.clock.advance(days * dayMs)
    await run()
    await run()
    truth().restoreUser(entraUserId(1))
    await run()
    expect(idsOf(1)).toEqual(before)
    await run()
    expect(await exported()).not.toContain('sha256-')
  })

  test('gets the ids and another name when the name is not free any more', async () => {
    const before = idsOf(1)
    truth().removeUser(entraUserId(1))
    await run()
    sync.clock.advance(200 * dayMs)
    truth().addUser({ id: entraUserId(3), ...ada })
    await run()
    expect(idsOf(3)?.[2]).toBe('ada')
    truth().restoreUser(entraUserId(1))
    await run()
    expect(idsOf(1)).toEqual([before?.[0], before?.[1], 'ada-2'])
  })
})

test('of somebody gone for 30 days only the ids and a hash are kept, and the name until others may have it', async () => {
  const [, number] = idsOf(1) ?? []
  truth().removeUser(entraUserId(1))
  await run()
  sync.clock.advance(29 * dayMs)
  await run()
  expect(await exported()).toContain(`,${entraUserId(1)},user,`)
  sync.clock.advance(2 * dayMs)
  await run()
  const csv = await exported()
  expect(csv).not.toContain(`,${entraUserId(1)},user,`)
  expect(csv).toMatch(new RegExp(`,sha256-[0-9a-f]{64},user,ada,ada,${entraUserId(1)},${number},`))
  expect(await names()).toContain('ada')
  sync.clock.advance(150 * dayMs)
  await run()
  expect(await names()).toEqual(['colleague8', 'colleague9'])
  expect(await exported()).toMatch(new RegExp(`,sha256-[0-9a-f]{64},user,,,${entraUserId(1)},${number},`))
})

describe('what somebody signs in with here', () => {
  const admin = { kind: 'admin', id: 'root' } as const
  const collections = ['credential', 'account', 'audit', 'sealed', 'activity', 'throttle'] as const
  async function keptOf(entryUUID: string): Promise<readonly string[]> {
    const kept: string[] = []
    for (const collection of collections)
      for await (const { key } of sync.directory.store.list(collection))
        if (key.includes(entryUUID)) kept.push([collection, ...key].join('/'))
    return kept
  }
  beforeEach(async () => {
    for (const n of [1, 8]) {
      const [entryUUID = ''] = idsOf(n)?.map(String) ?? []
      await sync.accounts.passwords.set(entryUUID, 'quiet otter paints seven violins', {}, admin)
      await sync.accounts.appPasswords.add(entryUUID, { name: 'phone' }, admin)
      await sync.accounts.secondFactors.begin(entryUUID, admin)
      await sync.accounts.incidents.block(entryUUID, { reason: 'left' }, admin)
      const failures = { count: 1, lastAt: 'then', blockedUntil: null }
      await sync.directory.commit({
        cause: { kind: 'server', id: 'test' },
        entries: [],
        records: [
          { collection: 'activity', key: ['person', entryUUID], value: { uses: [] } },
          { collection: 'throttle', key: ['account', 'person', entryUUID], value: failures },
          { collection: 'throttle', key: ['pair', 'person', entryUUID, '192.0.2.1'], value: failures },
        ],
      })
    }
    truth().removeUser(entraUserId(1))
    await run()
  })

  test('is kept for 30 days, for those who come back', async () => {
    const before = await keptOf(entraUserId(1))
    expect(before).toHaveLength(12)
    sync.clock.advance(29 * dayMs)
    await run()
    truth().restoreUser(entraUserId(1))
    await run()
    expect(await keptOf(entraUserId(1))).toEqual(before)
  })

  test('is forgotten after that, with what was done to it; a block stays, and nobody else loses anything', async () => {
    const colleague = await keptOf(entraUserId(8))
    sync.clock.advance(31 * dayMs)
    await run()
    expect(await keptOf(entraUserId(1))).toEqual([`account/${entraUserId(1)}`])
    expect(await keptOf(entraUserId(8))).toEqual(colleague)
    truth().restoreUser(entraUserId(1))
    await run()
    expect(idsOf(1)?.[0]).toBe(entraUserId(1))
    const account = await sync.directory.store.get('account', [entraUserId(1)])
    expect(account).toEqual({ block: expect.objectContaining({ reason: 'left' }), passThrough: null })
  })

  test('is shown and taken away while they are gone, and nothing is given to them', async () => {
    const user = entraUserId(1)
    const of = { user, by: 'root' }
    expect(await userShowCommand.execute(workspace(), of, () => undefined, never)).toMatchObject({ status: 'deleted' })
    await sync.webSessions.set('one', { session: { person: { entryUUID: user } } })
    await sync.webSessions.set('another', { session: { person: { entryUUID: 'another' } } })
    const revoke = () => userRevokeCommand.execute(workspace(), { ...of, secondFactor: true }, () => undefined, never)
    expect(await revoke()).toMatchObject({ sessions: 1, revoked: { appPasswords: 1, directoryPassword: true } })
    expect(await sync.webSessions.get('one')).toBeUndefined()
    expect(await sync.webSessions.get('another')).toBeDefined()
    const before = await keptOf(user)
    await expect(userResetPasswordCommand.execute(workspace(), of, () => undefined, never)).rejects.toThrow(
      'is at no provider any more',
    )
    expect(await keptOf(user)).toEqual(before)
  })
})
