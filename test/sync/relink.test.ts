import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { idsExportCommand } from '../../server/commands/ids-command.ts'
import { relinkCommand, type RelinkInput, relinkUndoCommand } from '../../server/commands/relink-command.ts'
import { csvOf } from '../../sync/identities/identity-export.ts'
import { entraGroupId, entraUserId, oktaGroupId, oktaUserId } from './small-tenants.ts'
import { entraSettings, oktaSettings, openSync, type SyncFixture, startTrustedTenants, values } from './sync-fixture.ts'

/* A company moves from Entra to Okta: everybody is there anew, under other immutable ids. */

let tenants: SimulatedTenants
let sync: SyncFixture
const count = 4
beforeEach(async () => {
  tenants = await startTrustedTenants({ data: 'empty' })
  const { directory: entra } = tenants.entra.tenant
  const { directory: okta } = tenants.okta.tenant
  for (let n = 1; n <= count; n++) {
    const mail = `person${n}@contoso.example`
    const common = { displayName: `Person ${n}` }
    entra.addUser({ id: entraUserId(n), userPrincipalName: mail, mail, employeeId: `E${n}`, ...common })
    okta.addUser({
      id: oktaUserId(n),
      profile: { login: `person${n}@acme.example`, email: mail, employeeNumber: `E${n}`, ...common },
    })
  }
  entra.addGroup({ id: entraGroupId(1), displayName: 'Staff', mail: 'staff@contoso.example' }, [entraUserId(1)])
  okta.addGroup({ id: oktaGroupId(1), profile: { name: 'Staff', description: null } }, [oktaUserId(1)])
  sync = await openSync({ providers: [entraSettings(tenants)] })
  await run('contoso')
})
afterEach(() => tenants.close())

const never = new AbortController().signal
const workspace = () => ({ ...sync, [Symbol.asyncDispose]: async () => undefined })
const relink = (changes: Partial<RelinkInput> = {}) =>
  relinkCommand.execute(
    workspace(),
    { from: 'contoso', to: 'acme', match: 'mail', dryRun: false, by: 'root', ...changes },
    () => undefined,
    never,
  )
const undo = () => relinkUndoCommand.execute(workspace(), { by: 'root' }, () => undefined, never)
async function run(id: string, outcome?: string) {
  const report = await sync.engine.run(id, { trigger: 'test' })
  expect(report).toMatchObject({ error: null, ...(outcome === undefined ? {} : { outcome }) })
}
async function reopen(...providers: readonly object[]): Promise<void> {
  sync = await openSync({ providers, store: sync.directory.store, clock: sync.clock })
}
const both = () => reopen(entraSettings(tenants), oktaSettings(tenants))
/** What must never change, by DN. */
const ids = () =>
  [...sync.directory.entries()]
    .map((e) => [e.dn, e.entryUUID, values(e, 'uidNumber')[0], values(e, 'gidNumber')[0]].join(' '))
    .sort()
const exported = async () =>
  csvOf(await idsExportCommand.execute(workspace(), {}, () => undefined, never))
    .split('\n')
    .sort()

describe.each(['mail', 'username', 'employeeId'] as const)('a relink by %s', (match) => {
  test('keeps every entryUUID, number and DN, with the old provider and without it', async () => {
    const before = ids()
    await both()
    await run('acme')
    const plan = await relink({ match, dryRun: true })
    expect(plan).toMatchObject({ written: false, left: [] })
    expect(plan.moves).toHaveLength(count + 1)
    const report = await relink({ match })
    expect(report).toEqual({ ...plan, written: true })
    expect(relinkCommand.text(report)).toContain(`${entraUserId(1)} -> ${oktaUserId(1)}`)
    await run('contoso')
    for (const plan of await sync.engine.plan.show()) await sync.engine.plan.approve(plan.hash, 'root')
    expect(ids()).toEqual(before)
    await reopen(oktaSettings(tenants))
    await run('acme')
    expect(ids()).toEqual(before)
    expect(await sync.engine.plan.show()).toEqual([])
    expect((await sync.engine.explain(oktaUserId(1)))[0]?.authentication).toMatchObject({
      allowed: true,
      provider: 'acme',
    })
    expect(values(sync.directory.entryByUuid(entraGroupId(1)), 'memberUid')).toEqual(['person1'])
  })
})

test('a CSV file names the pairs, also before the new provider was ever read', async () => {
  const before = ids()
  await both()
  const lines = Array.from({ length: count }, (_, n) => `${entraUserId(n + 1)},${oktaUserId(n + 1)}`)
  const csv = ['from,to', ...lines, `${entraGroupId(1)},${oktaGroupId(1)}`, 'nobody,00u1'].join('\n')
  const { moves, left } = await relink({ match: { csv } })
  expect(moves).toHaveLength(count + 1)
  expect(left).toEqual([{ id: 'nobody', reason: 'has no ids' }])
  await reopen(oktaSettings(tenants))
  await run('acme', 'applied')
  expect(ids()).toEqual(before)
  await expect(relink({ match: { csv: 'from,to\na,\n' } })).rejects.toThrow('needs both columns')
})

test('the old provider may have left the configuration before', async () => {
  const before = ids()
  await reopen(oktaSettings(tenants))
  await run('acme', 'held')
  expect((await relink()).moves).toHaveLength(count + 1)
  await run('acme')
  for (const plan of await sync.engine.plan.show()) await sync.engine.plan.approve(plan.hash, 'root')
  expect(ids()).toEqual(before)
  await expect(relink({ from: 'nowhere' })).rejects.toThrow('there is no cloud provider "nowhere", now or earlier')
})

test('who is not one to one is listed and keeps what they have', async () => {
  tenants.okta.tenant.directory.updateProfile(oktaUserId(1), { email: 'other@acme.example' })
  tenants.okta.tenant.directory.updateProfile(oktaUserId(3), { email: 'person2@contoso.example' })
  await both()
  await run('acme')
  expect(await relink()).toMatchObject({
    moves: [{ from: entraUserId(4) }, { from: entraGroupId(1) }],
    left: [
      { id: entraUserId(1), reason: 'nobody has user/person1@contoso.example' },
      { id: entraUserId(2), reason: 'user/person2@contoso.example is not one to one' },
      { id: entraUserId(3), reason: 'nobody has user/person3@contoso.example' },
    ],
  })
})

describe('undoing a relink', () => {
  test('restores the ledger exactly, what was given up included', async () => {
    await reopen(entraSettings(tenants), oktaSettings(tenants, { uniqueField: 'email' }))
    for (let n = 1; n <= count; n++)
      tenants.okta.tenant.directory.updateProfile(oktaUserId(n), { email: `person${n}@acme.example` })
    for (const id of ['acme', 'contoso']) await run(id)
    const [before, servedBefore] = [await exported(), ids()]
    const report = await relink({ match: 'employeeId' })
    expect(report.moves.every(({ retires }) => retires !== null)).toBe(true)
    expect(await exported()).not.toEqual(before)
    expect(await undo()).toMatchObject({ problems: [] })
    expect(await exported()).toEqual(before)
    for (const id of ['acme', 'contoso']) await run(id, 'unchanged')
    expect(ids()).toEqual(servedBefore)
    await expect(undo()).rejects.toThrow('there is no relink to undo')
  })

  test('is possible after runs, and the people are as before', async () => {
    const before = ids()
    await both()
    await run('acme')
    await relink()
    for (const id of ['acme', 'contoso']) await run(id)
    expect(await undo()).toMatchObject({ problems: [] })
    for (const id of ['acme', 'contoso']) await run(id)
    expect(ids()).toEqual(expect.arrayContaining(before))
  })

  test('is refused when something of it was changed since, and nothing is undone', async () => {
    await both()
    await run('acme')
    await relink()
    await sync.directory.commit({
      cause: { kind: 'admin', id: 'root' },
      entries: [],
      records: [
        { collection: 'identity', key: [tenants.entra.tenantId.toLowerCase(), entraUserId(1)], value: undefined },
      ],
    })
    const between = await exported()
    const { problems } = await undo()
    expect(problems).toEqual([`identity ${tenants.entra.tenantId.toLowerCase()}/${entraUserId(1)} was changed since`])
    expect(await exported()).toEqual(between)
    expect(relinkUndoCommand.text({ time: 'then', problems })).toContain('cannot be undone')
  })
})
