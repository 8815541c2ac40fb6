import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { idsExportCommand, idsImportCommand, type IdsImportInput } from '../../server/commands/ids-command.ts'
import { formatLdifRecord } from '../../server/protocol/ldif.ts'
import { csvOf } from '../../sync/identities/identity-export.ts'
import { entraGroupId, entraUserId, fillSmallTenants, oktaUserId } from './small-tenants.ts'
import { entraSettings, oktaSettings, openSync, type SyncFixture, startTrustedTenants, values } from './sync-fixture.ts'

let tenants: SimulatedTenants
let sync: SyncFixture
beforeEach(async () => {
  tenants = await startTrustedTenants({ data: 'empty' })
  fillSmallTenants(tenants)
  sync = await openSync({ providers: [entraSettings(tenants)] })
})
afterEach(() => tenants.close())

const workspace = (fixture = sync) => ({ ...fixture, [Symbol.asyncDispose]: async () => undefined })
const never = new AbortController().signal
const run = (id = 'contoso', fixture = sync) => fixture.engine.run(id, { trigger: 'test' })
const exported = async (fixture = sync) =>
  csvOf(await idsExportCommand.execute(workspace(fixture), {}, () => undefined, never))
const importIds = async (text: string, changes: Partial<IdsImportInput> = {}, fixture = sync) =>
  await idsImportCommand.execute(
    workspace(fixture),
    { text, format: 'getent', match: 'username', dryRun: false, skipConflicts: false, by: 'root', ...changes },
    () => undefined,
    never,
  )
const person = (n: number) => sync.directory.entryByUuid(entraUserId(n))
const uidNumber = (n: number) => values(person(n), 'uidNumber')[0]
const numbersOf = (fixture: SyncFixture) =>
  [...fixture.directory.entries()]
    .map((e) => [e.entryUUID, e.dn, values(e, 'uidNumber')[0], values(e, 'gidNumber')[0]].join(' '))
    .sort()
const actions = (report: Awaited<ReturnType<typeof importIds>>) => report.results.map(({ action }) => action)
const passwd = (name: string, number: number) => `${name}:x:${number}:100:Somebody:/home/${name}:/bin/bash`

describe('the exported ledger', () => {
  test('gives a rebuilt store every entryUUID, number and name back, linked people included', async () => {
    const providers = [entraSettings(tenants), oktaSettings(tenants, { linkDomains: ['contoso.example'] })]
    const { directory: entra } = tenants.entra.tenant
    const { directory: okta } = tenants.okta.tenant
    sync = await openSync({ providers })
    okta.updateProfile(oktaUserId(1), { email: 'person1@contoso.example' })
    okta.updateProfile(oktaUserId(2), { login: 'person2@acme.example' })
    for (const id of ['acme', 'contoso']) await run(id)
    // Renames and departures: what a rebuild alone would do otherwise.
    entra.updateUser(entraUserId(3), { userPrincipalName: 'renamed@contoso.example' })
    entra.removeUser(entraUserId(4))
    for (const id of ['acme', 'contoso']) await run(id)
    const before = await exported()
    const rebuilt = await openSync({ providers })
    const report = await importIds(before, { format: 'csv' }, rebuilt)
    expect(new Set(actions(report))).toEqual(new Set(['restore']))
    for (const id of ['contoso', 'acme']) await run(id, rebuilt)
    expect(numbersOf(rebuilt)).toEqual(numbersOf(sync))
    expect((await exported(rebuilt)).split('\n').sort()).toEqual(before.split('\n').sort())
    expect(new Set(actions(await importIds(before, { format: 'csv' }, rebuilt)))).toEqual(new Set(['keep']))
  })

  test('is refused where somebody has other ids by now, and nothing of it is written', async () => {
    await run()
    const csv = (await exported()).replaceAll(uidNumber(1) ?? '', '4711')
    const report = await importIds(csv, { format: 'csv' })
    expect(report.written).toBe(false)
    expect(report.results.filter(({ action }) => action === 'conflict')).toMatchObject([
      { reason: expect.stringContaining(`has number ${uidNumber(1)} and entryUUID`) },
    ])
  })
})

describe('numbers of people nobody has seen yet', () => {
  test.each([
    ['getent passwd', 'getent', 'username', passwd('person1', 5001)],
    ['CSV, by username', 'csv', 'username', 'uid,uidNumber\nperson1,5001\n'],
    ['CSV, by mail', 'csv', 'mail', 'email,number\nPERSON1@Contoso.example,5001\n'],
    [
      'LDIF',
      'ldif',
      'mail',
      formatLdifRecord('uid=x,dc=old', [
        ['objectClass', ['posixAccount']],
        ['uid', ['x']],
        ['uidNumber', ['5001']],
        ['mail', ['person1@contoso.example']],
      ]),
    ],
  ] as const)('of %s are kept for them and used with their first entry', async (_, format, match, text) => {
    expect(await importIds(text, { format, match })).toMatchObject({
      written: true,
      results: [{ action: 'reserve', number: 5001 }],
    })
    expect(await exported()).toContain('reserved,')
    await run()
    expect(uidNumber(1)).toBe('5001')
    expect(await exported()).not.toContain('reserved,')
    expect(await run()).toMatchObject({ outcome: 'unchanged' })
  })

  test('and groups, by employee number, and kept over an export', async () => {
    tenants.entra.tenant.directory.updateUser(entraUserId(2), { employeeId: 'E-7' })
    await importIds('employeeNumber,uidNumber\nE-7,5002\n', { format: 'csv', match: 'employeeId' })
    await importIds('Outer:x:6001:ada,grace')
    const csv = await exported()
    sync = await openSync({ providers: [entraSettings(tenants)] })
    await importIds(csv, { format: 'csv' })
    await run()
    expect(uidNumber(2)).toBe('5002')
    expect(values(sync.directory.entryByUuid(entraGroupId(2)), 'gidNumber')).toEqual(['6001'])
  })

  test('are taken by the very record that a proposal names, and refused once it has another number', async () => {
    const csv = `tenant,id,kind,number\nreserved,user/source/${tenants.entra.tenantId}/${entraUserId(1)},user,5001\n`
    expect(await importIds(csv, { format: 'csv' })).toMatchObject({ written: true, results: [{ action: 'reserve' }] })
    await run()
    expect(uidNumber(1)).toBe('5001')
    expect(actions(await importIds(csv, { format: 'csv' }))).toEqual(['keep'])
    expect(await importIds(csv.replace('5001', '5002'), { format: 'csv' })).toMatchObject({
      written: false,
      results: [{ action: 'conflict', reason: expect.stringContaining('has number 5001 already, which was served') }],
    })
  })

  test('are given to nobody else', async () => {
    sync = await openSync({ providers: [entraSettings(tenants, { attributes: { uidNumber: 'employeeId' } })] })
    tenants.entra.tenant.directory.updateUser(entraUserId(2), { employeeId: '5001' })
    await importIds(passwd('somebody', 5001))
    await run()
    expect(uidNumber(2)).not.toBe('5001')
  })

  test('go to nobody when two answer to them', async () => {
    tenants.entra.tenant.directory.updateUser(entraUserId(2), { mail: 'person1@contoso.example' })
    await importIds('mail,uidNumber\nperson1@contoso.example,5001\n', { format: 'csv', match: 'mail' })
    await run()
    expect([uidNumber(1), uidNumber(2)]).not.toContain('5001')
  })
})

describe('an import with conflicts', () => {
  const file = [
    passwd('person1', 5001),
    passwd('nobody-here', 5002),
    passwd('person2', 5003),
    passwd('newcomer', 999),
    passwd('second', 5005),
    passwd('newcomer', 5004),
  ].join('\n')

  beforeEach(async () => {
    await run()
    const { directory } = tenants.entra.tenant
    // Seen, but not served: they have no ids yet.
    for (const [n, name] of [
      [6, 'newcomer'],
      [7, 'twin'],
      [8, 'Twin'],
      [9, 'second'],
    ] as const)
      directory.addUser({ id: entraUserId(n), userPrincipalName: `${name}@contoso.example`, accountEnabled: false })
    await run()
  })

  test('writes nothing and says why, line by line', async () => {
    const report = await importIds(`${file}\n${passwd('twin', 5006)}\n${passwd('second', 5007)}`)
    expect(report.written).toBe(false)
    expect(report.results.map(({ line, action }) => [line, action])).toEqual([
      [1, 'conflict'],
      [2, 'conflict'],
      [3, 'conflict'],
      [4, 'conflict'],
      [5, 'reserve'],
      [6, 'conflict'],
      [7, 'conflict'],
      [8, 'conflict'],
    ])
    expect(report.results.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('already, which was served'),
      'nobody has the username "nobody-here"',
      expect.stringContaining('already, which was served'),
      'number 999 is not in posix.acceptRange',
      expect.stringContaining('kept for'),
      'newcomer has number 999 in this file too',
      expect.stringContaining('2 have the username "twin"'),
      'second has number 5005 in this file too',
    ])
    expect(await exported()).not.toContain('reserved')
    expect(idsImportCommand.exitCode(report)).toBe(1)
    expect(idsImportCommand.text(report)).toContain('conflict in line 2: nobody-here: nobody has the username')
  })

  test('writes the rest when told to; a dry run never does', async () => {
    expect(await importIds(file, { skipConflicts: true, dryRun: true })).toMatchObject({ written: false })
    expect(await importIds(file, { skipConflicts: true })).toMatchObject({ written: true })
    tenants.entra.tenant.directory.updateUser(entraUserId(9), { accountEnabled: true })
    await run()
    expect(uidNumber(9)).toBe('5005')
  })

  test('refuses a number that another identity or an entry of a file has', async () => {
    const report = await importIds(passwd('newcomer', Number(uidNumber(1))))
    expect(report.results).toMatchObject([{ reason: expect.stringContaining(`number ${uidNumber(1)} belongs to`) }])
  })

  test('asks whose people are meant when there are several providers', async () => {
    const both = await openSync({ providers: [entraSettings(tenants), oktaSettings(tenants)] })
    expect(await importIds(passwd('worker1', 5001), {}, both)).toMatchObject({
      results: [{ reason: expect.stringContaining('--provider') }],
    })
    expect(await importIds(passwd('worker1', 5001), { provider: 'acme' }, both)).toMatchObject({ written: true })
    await expect(importIds(passwd('worker1', 5001), { provider: 'nowhere' }, both)).rejects.toThrow(
      'configured are contoso, acme',
    )
  })

  test('names the line that makes no sense', async () => {
    await expect(importIds(`${passwd('newcomer', 5001)}\nhello`)).rejects.toThrow('line 2: is not a line of')
    await expect(importIds('uid,uidNumber\nnewcomer,many\n', { format: 'csv' })).rejects.toThrow(
      'line 2: "many" is not a number',
    )
  })
})

describe('a number that the provider gives', () => {
  const mapped = () => openSync({ providers: [entraSettings(tenants, { attributes: { uidNumber: 'employeeId' } })] })
  const note = async (n: number) => (await sync.engine.explain(entraUserId(n)))[0]?.decision?.note

  test('is used at first and stays; a later change is reported', async () => {
    tenants.entra.tenant.directory.updateUser(entraUserId(1), { employeeId: '5001' })
    sync = await mapped()
    await run()
    expect([uidNumber(1), await note(1)]).toEqual(['5001', null])
    tenants.entra.tenant.directory.updateUser(entraUserId(1), { employeeId: '5002' })
    await run()
    expect([uidNumber(1), await note(1)]).toEqual([
      '5001',
      'the number 5002 of the record is not used: 5001 was given before, and numbers never change',
    ])
  })

  test('that two people claim goes to one; the other is told, and so is who brings one out of range', async () => {
    for (const n of [1, 2]) tenants.entra.tenant.directory.updateUser(entraUserId(n), { employeeId: '5001' })
    tenants.entra.tenant.directory.updateUser(entraUserId(3), { employeeId: '7' })
    sync = await mapped()
    await run()
    expect(uidNumber(1)).toBe('5001')
    expect(uidNumber(2)).not.toBe('5001')
    expect(await note(2)).toBe('the number 5001 of the record belongs to somebody else')
    expect(await note(3)).toBe('the number 7 of the record is not in posix.acceptRange')
  })
})
