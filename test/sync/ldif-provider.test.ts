import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { createBcryptPool } from '../../server/directory/authentication/bcrypt-pool.ts'
import { createImportUpgrades } from '../../server/directory/credentials/imported-passwords.ts'
import { explainCommand } from '../../server/commands/explain-command.ts'
import { entraGroupId, entraUserId } from './small-tenants.ts'
import { entraSettings, openSync, startTrustedTenants, type SyncFixture, values } from './sync-fixture.ts'

let folder: string
let path: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rosterd-ldif-'))
  path = join(folder, 'people.ldif')
})
afterAll(() => rm(folder, { recursive: true }))

const people = `dn: dc=example,dc=com
objectClass: top
objectClass: dcObject
objectClass: organization
dc: example
o: Example
description: from the file

dn: ou=Hosts,dc=example,dc=com
objectClass: organizationalUnit
ou: Hosts

dn: uid=Ada+cn=Ada Lovelace,ou=people,dc=example,dc=com
objectClass: top
objectClass: inetOrgPerson
objectClass: posixAccount
UID: Ada
cn: Ada Lovelace
sn: Lovelace
uidNumber: 10001
gidNumber: 10000
homeDirectory: /home/ada
jpegPhoto:: /9j/4AAQ
userPassword: {SSHA}abc
userPassword: secret
memberOf: cn=lies,dc=example,dc=com
entryUUID: AAAAAAAA-0000-4000-8000-000000000001
modifyTimestamp: 19990101000000Z

dn: cn=inner,ou=groups,dc=example,dc=com
objectClass: groupOfNames
cn: inner
member: uid=Ada+cn=Ada Lovelace,ou=people,dc=example,dc=com

dn: cn=outer,ou=groups,dc=example,dc=com
objectClass: groupOfNames
cn: outer
member: cn=inner,ou=groups,dc=example,dc=com
member: cn=outer,ou=groups,dc=example,dc=com
`

const adaUuid = 'aaaaaaaa-0000-4000-8000-000000000001'

async function open(text: string, settings: object = {}, before?: SyncFixture): Promise<SyncFixture> {
  await writeFile(path, text)
  const provider = { id: 'seed', type: 'ldif', name: 'Seed', path, ...settings }
  const kept = before === undefined ? {} : { store: before.directory.store, clock: before.clock }
  return await openSync({ providers: [provider], ...kept })
}

const run = (sync: SyncFixture) => sync.engine.run('seed', { trigger: 'test' })

/** What is kept of the second password of Ada's, in clear text in the file. */
function digestOf(password: string): string {
  const salt = createHash('sha256').update(`${adaUuid}\u{0}1`).digest().subarray(0, 16)
  const digest = createHash('sha512').update(password).update(salt).digest()
  return `{SSHA512}${Buffer.concat([digest, salt]).toString('base64')}`
}

async function credentialsOf(sync: SyncFixture, entryUUID: string) {
  const found: unknown[] = []
  for await (const { key, value } of sync.directory.store.list('credential', [entryUUID])) found.push([key[1], value])
  return found
}

describe('entries of a file', () => {
  test('are served verbatim but for operational attributes and passwords', async () => {
    const sync = await open(people)
    expect(await run(sync)).toMatchObject({ outcome: 'applied', error: null, read: { entries: 5 } })
    const ada = sync.directory.entryByUuid(adaUuid)
    expect(ada?.dn).toBe('uid=Ada+cn=Ada Lovelace,ou=people,dc=example,dc=com')
    const { createTimestamp, modifyTimestamp, ...attributes } = Object.fromEntries(ada?.attributes ?? [])
    expect(attributes).toEqual({
      objectClass: ['top', 'inetOrgPerson', 'posixAccount'],
      UID: ['Ada'],
      cn: ['Ada Lovelace'],
      sn: ['Lovelace'],
      uidNumber: ['10001'],
      gidNumber: ['10000'],
      homeDirectory: ['/home/ada'],
      jpegPhoto: [new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 0x10])],
      rosterdSource: [`seed:${adaUuid}`],
    })
    expect([createTimestamp, modifyTimestamp]).toEqual([['20260301080000Z'], ['20260301080000Z']])
    expect(await run(sync)).toMatchObject({ outcome: 'unchanged', changes: [] })
  })

  test('have their passwords as credentials, which follow the file', async () => {
    const sync = await open(people)
    await run(sync)
    expect(await credentialsOf(sync, adaUuid)).toEqual([
      ['ldif:0', { kind: 'imported', hash: '{SSHA}abc' }],
      ['ldif:1', { kind: 'imported', hash: digestOf('secret') }],
    ])
    const later = await open(people.replace('userPassword: secret\n', '').replace('{SSHA}abc', '{SSHA}def'), {}, sync)
    expect(await run(later)).toMatchObject({ outcome: 'unchanged' })
    expect(await credentialsOf(later, adaUuid)).toEqual([['ldif:0', { kind: 'imported', hash: '{SSHA}def' }]])
    const without = people.slice(0, people.indexOf('dn: uid=')) + people.slice(people.indexOf('dn: cn=inner'))
    const gone = await open(without.replace(/member: uid.*\n/, ''), {}, later)
    await run(gone)
    // The only person of the file: the guard asks first, and her password stays as long as she does.
    expect(await credentialsOf(gone, adaUuid)).toHaveLength(1)
    await gone.engine.plan.approve('latest', 'root')
    expect(gone.directory.entryByUuid(adaUuid)).toBeUndefined()
    expect(await credentialsOf(gone, adaUuid)).toEqual([])
  })

  test('keep a password that was upgraded, until the file has another', async () => {
    const sync = await open(people)
    await run(sync)
    const bcrypt = createBcryptPool(1)
    await using upgrades = createImportUpgrades({ ...sync, bcrypt, bcryptCost: () => 4, onProblem: () => undefined })
    upgrades.upgrade({ entryUUID: adaUuid, id: 'ldif:1', stored: digestOf('secret'), password: 'secret' })
    await upgrades.idle()
    await bcrypt[Symbol.asyncDispose]()
    const upgraded = await credentialsOf(sync, adaUuid)
    expect(upgraded[1]).toEqual([
      'ldif:1',
      { kind: 'imported', hash: expect.stringMatching(/^\$2/), of: expect.any(String) },
    ])
    const renamed = await open(people.replace('sn: Lovelace', 'sn: King'), {}, sync)
    expect(await run(renamed)).toMatchObject({ outcome: 'applied' })
    expect(await credentialsOf(renamed, adaUuid)).toEqual(upgraded)
    const changed = await open(people.replace('userPassword: secret', 'userPassword: another'), {}, renamed)
    await run(changed)
    expect((await credentialsOf(changed, adaUuid))[1]).toEqual([
      'ldif:1',
      { kind: 'imported', hash: digestOf('another') },
    ])
  })

  test('for the suffix and the containers merge with ours', async () => {
    const sync = await open(people)
    await run(sync)
    const suffix = sync.directory.entryByDn('dc=example,dc=com')
    expect(values(suffix, 'objectClass')).toEqual(['top', 'dcObject', 'organization'])
    expect(values(suffix, 'o')).toEqual(['Example'])
    expect(values(suffix, 'description')).toEqual(['from the file'])
    expect(sync.directory.entryByDn('ou=sudoers,dc=example,dc=com')).toBeDefined()
  })

  test('without entryUUID get one that depends on provider and DN alone', async () => {
    const text = people.replace(/entryUUID.*\n/, '')
    const uuidOf = (sync: SyncFixture) => sync.directory.entryByDn('cn=inner,ou=groups,dc=example,dc=com')?.entryUUID
    const one = await open(text)
    await run(one)
    const two = await open(text.replace('dn: cn=inner,ou=groups', 'dn: CN=Inner , OU=Groups'))
    await run(two)
    expect(uuidOf(one)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5/)
    expect(uuidOf(two)).toBe(uuidOf(one))
  })

  test('nest as the file says, or are flattened when the provider says so', async () => {
    const plain = await open(people)
    await run(plain)
    const members = (sync: SyncFixture, cn: string) =>
      values(sync.directory.entryByDn(`cn=${cn},ou=groups,dc=example,dc=com`), 'member')
    expect(members(plain, 'outer')).toEqual([
      'cn=inner,ou=groups,dc=example,dc=com',
      'cn=outer,ou=groups,dc=example,dc=com',
    ])
    const flat = await open(people, { flattenGroups: true })
    await run(flat)
    expect(members(flat, 'outer')).toEqual(['uid=Ada+cn=Ada Lovelace,ou=people,dc=example,dc=com'])
    expect(values(flat.directory.entryByDn('cn=inner,ou=groups,dc=example,dc=com'), 'memberOf')).toEqual([
      'cn=outer,ou=groups,dc=example,dc=com',
    ])
  })
})

describe('a file with a mistake fails the run, naming file and line, and the last good entries stay', () => {
  test.each([
    ['outside the suffix', 'dn: uid=x,dc=other\nobjectClass: account\nuid: x\n', 'is not below the suffix'],
    ['doubled DN', 'dn: OU=hosts,dc=example,dc=com\nobjectClass: organizationalUnit\nou: hosts\n', 'at line 9'],
    ['missing parent', 'dn: uid=x,ou=no,dc=example,dc=com\nobjectClass: account\nuid: x\n', 'the parent of'],
    ['not a DN', 'dn: nonsense\nobjectClass: account\nuid: x\n', 'is not a DN'],
    ['doubled id', `dn: uid=x,dc=example,dc=com\nobjectClass: account\nuid: x\nentryUUID: ${adaUuid}\n`, 'is taken by'],
    ['bad line', 'dn: uid=x,dc=example,dc=com\nobjectClass account\n', 'RFC 2849'],
  ])('%s', async (_, text, message) => {
    const sync = await open(people)
    await run(sync)
    const bad = await open(`${people}\n${text}`, {}, sync)
    const report = await run(bad)
    expect(report).toMatchObject({ outcome: 'failed', error: expect.stringContaining(message) })
    expect(report.error).toMatch(/people\.ldif:4\d: /)
    expect(bad.directory.entryByUuid(adaUuid)).toBeDefined()
  })

  test('a missing file', async () => {
    const sync = await open(people, { path: join(folder, 'nowhere.ldif') })
    expect(await run(sync)).toMatchObject({ outcome: 'failed', error: expect.stringContaining('nowhere.ldif') })
  })
})

test('a configured binder owns its DN: the password of the file does not count', async () => {
  await writeFile(
    path,
    'dn: cn=svc-reader,ou=services,dc=example,dc=com\nobjectClass: organizationalRole\ncn: svc-reader\nuserPassword: x\n',
  )
  const sync = await openSync({
    providers: [{ id: 'seed', type: 'ldif', name: 'Seed', path }],
    settings: { binders: [{ name: 'svc-reader', password: 'y' }] },
  })
  await run(sync)
  const entry = sync.directory.entryByDn('cn=svc-reader,ou=services,dc=example,dc=com')
  expect(await credentialsOf(sync, entry?.entryUUID ?? '')).toEqual([])
})

describe('a number of a cloud identity in a file', () => {
  let tenants: SimulatedTenants
  let sync: SyncFixture
  beforeAll(async () => {
    tenants = await startTrustedTenants({ data: 'empty' })
    tenants.entra.tenant.directory.addUser({ id: entraUserId(1), userPrincipalName: 'bob@contoso.example' })
    const providers = [entraSettings(tenants), { id: 'seed', type: 'ldif', name: 'Seed', path }]
    sync = await openSync({ providers })
    await sync.engine.run('contoso', { trigger: 'test' })
  })
  afterAll(() => tenants.close())

  const bobDn = 'uid=bob,ou=people,dc=example,dc=com'
  const adaDn = 'uid=Ada+cn=Ada Lovelace,ou=people,dc=example,dc=com'
  const uidNumber = (dn: string) => values(sync.directory.entryByDn(dn), 'uidNumber')[0] ?? ''
  async function explained(name: string): Promise<string> {
    const workspace = { ...sync, [Symbol.asyncDispose]: async () => undefined }
    const input = [workspace, { name }, () => undefined, new AbortController().signal] as const
    return explainCommand.text(await explainCommand.execute(...input))
  }

  test('is served in both, and told by the runs and of both entries until the file is changed', async () => {
    const number = uidNumber(bobDn)
    await writeFile(path, people.replace('uidNumber: 10001', `uidNumber: ${number}`))
    const notices = [expect.stringContaining(`${adaDn} has ${number} of ${bobDn}`)]
    expect(await run(sync)).toMatchObject({ outcome: 'applied', notices })
    expect([uidNumber(bobDn), uidNumber(adaDn)]).toEqual([number, number])
    tenants.entra.tenant.directory.updateUser(entraUserId(1), { displayName: 'Bob' })
    expect(await sync.engine.run('contoso', { trigger: 'test' })).toMatchObject({ outcome: 'applied', notices })
    expect(await explained('bob')).toContain(`note: the number ${number} stands in ${adaDn} too`)
    expect(await explained('ada')).toContain(`note: its number ${number} belongs to ${bobDn}, who keeps it`)

    await writeFile(path, people)
    expect(await run(sync)).toMatchObject({ outcome: 'applied', notices: [] })
    expect([uidNumber(bobDn), uidNumber(adaDn)]).toEqual([number, '10001'])
    for (const name of ['bob', 'ada']) expect(await explained(name)).not.toContain('note:')
  })

  test('is none where a person of the file belongs to a group of the cloud', async () => {
    tenants.entra.tenant.directory.addGroup(
      { id: entraGroupId(1), displayName: 'Crew', mail: 'crew@contoso.example' },
      [],
    )
    expect(await sync.engine.run('contoso', { trigger: 'test', full: true })).toMatchObject({ outcome: 'applied' })
    const [gidNumber] = values(sync.directory.entryByDn('cn=Crew,ou=groups,dc=example,dc=com'), 'gidNumber')
    expect(gidNumber).toMatch(/^[0-9]+$/)
    await writeFile(path, people.replace('gidNumber: 10000', `gidNumber: ${gidNumber}`))
    expect(await run(sync)).toMatchObject({ outcome: 'applied', notices: [] })
  })
})
