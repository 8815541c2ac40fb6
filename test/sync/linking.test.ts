import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { EntraUser } from '../../demo/entra/objects.ts'
import type { OktaUserProfile } from '../../demo/okta/objects.ts'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import type { Entry } from '../../server/directory/entry.ts'
import { confirmLink, type LinkContext, listLinks, separateLink } from '../../sync/identities/link-administration.ts'
import { entraGroupId, entraUserId, oktaGroupId, oktaUserId } from './small-tenants.ts'
import { entraSettings, oktaSettings, openSync, type SyncFixture, startTrustedTenants, values } from './sync-fixture.ts'

/* Who of one tenant is somebody of the other, and who only looks like it: docs/identities.md has the table. */

const vouching = { linkDomains: ['contoso.example'] }

let tenants: SimulatedTenants
let sync: SyncFixture
beforeEach(async () => {
  tenants = await startTrustedTenants({ data: 'empty' })
  sync = await openSync({ providers: [entraSettings(tenants), oktaSettings(tenants, vouching)] })
})
afterEach(() => tenants.close())

const entra = () => tenants.entra.tenant.directory
const okta = () => tenants.okta.tenant.directory

function addEntra(n: number, changes: Partial<EntraUser> = {}): void {
  entra().addUser({
    id: entraUserId(n),
    userPrincipalName: `ada${n}@contoso.example`,
    mail: 'ada@contoso.example',
    displayName: 'Ada Entra',
    ...changes,
  })
}

function addOkta(n: number, email = 'ada@contoso.example', profile: Partial<OktaUserProfile> = {}): void {
  okta().addUser({
    id: oktaUserId(n),
    profile: { login: `ada.okta${n}@acme.example`, email, firstName: 'Ada', lastName: 'Okta', ...profile },
  })
}

async function run(fixture = sync, ids: readonly string[] = ['contoso', 'acme']): Promise<void> {
  for (const id of ids)
    expect(await fixture.engine.run(id, { trigger: 'test' })).toMatchObject({ error: null, held: [] })
}

function reopen(providers: readonly object[]): Promise<SyncFixture> {
  return openSync({ providers, store: sync.directory.store, clock: sync.clock })
}

const people = (fixture = sync) => [...fixture.directory.entries()].filter((entry) => entry.dn.startsWith('uid='))
const onlyPerson = (fixture = sync): Entry => {
  const [only, another] = people(fixture)
  expect(another).toBeUndefined()
  if (only === undefined) throw new Error('nobody is served')
  return only
}
const sources = (fixture = sync) =>
  people(fixture)
    .map((entry) => values(entry, 'rosterdSource'))
    .sort()
const idsOf = (entry: Entry) => [entry.entryUUID, values(entry, 'uidNumber')[0], values(entry, 'uid')[0]]
const decision = async (id: string, fixture = sync) => (await fixture.engine.explain(id))[0]?.decision
const authentication = async (id: string, fixture = sync) => (await fixture.engine.explain(id))[0]?.authentication
const ada = `contoso:${entraUserId(1)}`
const twin = `acme:${oktaUserId(1)}`

function context(fixture = sync): LinkContext {
  const tenantNames = new Map([
    ['contoso', tenants.entra.tenantId.toLowerCase()],
    ['acme', new URL(tenants.okta.orgUrl).host],
  ])
  return { store: fixture.directory.store, config: fixture.config, tenants: tenantNames, now: fixture.clock.now() }
}
async function administer(decide: (context: LinkContext) => ReturnType<typeof separateLink>, fixture = sync) {
  const records = await decide(context(fixture))
  await fixture.directory.commit({ cause: { kind: 'admin', id: 'root' }, entries: [], records })
}
const confirm = (source: string, to: string, retires = false) =>
  administer((about) => confirmLink(source, to, retires, about))
const separate = (source: string) => administer((about) => separateLink(source, about))

describe('two records that are one person beyond doubt', () => {
  test('are one entry with one number, the sources in provider order', async () => {
    addEntra(1)
    addOkta(1)
    await run()
    expect(sources()).toEqual([[ada, twin]])
    expect(await decision(oktaUserId(1))).toMatchObject({ status: 'skipped', reason: `served as ${ada}` })
    const before = onlyPerson()
    await run()
    expect(onlyPerson()).toEqual(before)
    expect(await listLinks(context())).toMatchObject({
      links: [
        {
          entryUUID: entraUserId(1),
          sources: [
            { source: ada, linked: null },
            { source: twin, linked: 'automatic' },
          ],
        },
      ],
      held: [],
    })
  })

  test('the first provider says what it knows, the other fills gaps', async () => {
    addEntra(1, { jobTitle: 'Countess', department: null })
    addOkta(1, 'ada@contoso.example', { title: 'Contractor', department: 'Engines', employeeNumber: '42' })
    await run()
    const entry = onlyPerson()
    expect(values(entry, 'title')).toEqual(['Countess'])
    expect(values(entry, 'displayName')).toEqual(['Ada Entra'])
    expect(values(entry, 'departmentNumber')).toEqual(['Engines'])
    expect(values(entry, 'employeeNumber')).toEqual(['42'])
  })

  test('are members of the groups of both, and a manager in both', async () => {
    addEntra(1)
    addOkta(1)
    addOkta(2, 'grace@acme.example', { managerId: oktaUserId(1) })
    entra().addGroup({ id: entraGroupId(1), displayName: 'Poets', mail: 'poets@contoso.example' }, [entraUserId(1)])
    okta().addGroup({ id: oktaGroupId(1), profile: { name: 'Engines', description: null } }, [oktaUserId(1)])
    await run()
    const dn = 'uid=ada1,ou=people,dc=example,dc=com'
    for (const group of ['Poets', 'Engines'])
      expect(values(sync.directory.entryByDn(`cn=${group},ou=groups,dc=example,dc=com`), 'member')).toEqual([dn])
    const grace = people().find((entry) => entry.dn.startsWith('uid=ada.okta2'))
    expect(values(grace, 'manager')).toEqual([dn])
  })

  test('are compared without case and in the ASCII form of the domain', async () => {
    const providers = [
      entraSettings(tenants, { linkDomains: ['bücher.example'] }),
      oktaSettings(tenants, { linkDomains: ['XN--BCHER-KVA.example'] }),
    ]
    addEntra(1, { mail: 'Ada@BÜCHER.example' })
    addOkta(1, 'aDA@xn--bcher-kva.example')
    sync = await reopen(providers)
    await run()
    expect(sources()).toEqual([[ada, twin]])
  })

  test('may be recognized by their user name', async () => {
    sync = await reopen([
      entraSettings(tenants),
      oktaSettings(tenants, { linkDomains: ['contoso.example'], uniqueField: 'username' }),
    ])
    addEntra(1)
    addOkta(1, 'lovelace@contoso.example', { login: 'ada1@acme.example' })
    await run()
    expect(sources()).toEqual([[ada, twin]])
  })

  test('stay one person when the address of one of them changes', async () => {
    addEntra(1)
    addOkta(1)
    await run()
    const ids = idsOf(onlyPerson())
    okta().updateProfile(oktaUserId(1), { email: 'somebody.else@contoso.example' })
    await run()
    expect(sources()).toEqual([[ada, twin]])
    expect(idsOf(onlyPerson())).toEqual(ids)
  })

  test('keep their ids when the order of providers is swapped, and the password stays where it was', async () => {
    addEntra(1)
    addOkta(1)
    await run()
    const [uuid, number] = idsOf(onlyPerson())
    sync = await reopen([oktaSettings(tenants, vouching), entraSettings(tenants)])
    await run()
    expect(sources()).toEqual([[twin, ada]])
    expect(idsOf(onlyPerson())).toEqual([uuid, number, 'ada.okta1'])
    expect(await authentication(oktaUserId(1))).toEqual({ allowed: true, provider: 'contoso', id: entraUserId(1) })
  })

  test('of whom the later provider was read first have the ids of that one, and the password of the first', async () => {
    addOkta(1)
    await run(sync, ['acme'])
    const ids = idsOf(onlyPerson())
    addEntra(1)
    await run()
    expect(sources()).toEqual([[ada, twin]])
    expect(idsOf(onlyPerson()).slice(0, 2)).toEqual(ids.slice(0, 2))
    expect(await authentication(entraUserId(1))).toMatchObject({ allowed: true, provider: 'contoso' })
  })

  test('are refused when the first provider says so, not when a later one does', async () => {
    addEntra(1)
    addOkta(1)
    await run()
    const ids = idsOf(onlyPerson())
    okta().setStatus(oktaUserId(1), 'SUSPENDED')
    await run()
    expect(idsOf(onlyPerson())).toEqual(ids)
    okta().setStatus(oktaUserId(1), 'ACTIVE')
    entra().updateUser(entraUserId(1), { accountEnabled: false })
    await run()
    expect(people()).toEqual([])
    expect(await decision(entraUserId(1))).toMatchObject({ status: 'inactive', rule: 'signInBlocked', evidence: true })
    entra().updateUser(entraUserId(1), { accountEnabled: true })
    await run()
    expect(idsOf(onlyPerson())).toEqual(ids)
  })

  test('count in the groups of a provider only while that provider serves them', async () => {
    addEntra(1)
    addOkta(1)
    okta().addGroup({ id: oktaGroupId(1), profile: { name: 'Engines', description: null } }, [oktaUserId(1)])
    await run()
    okta().setStatus(oktaUserId(1), 'SUSPENDED')
    await run()
    expect(values(sync.directory.entryByDn('cn=Engines,ou=groups,dc=example,dc=com'), 'member')).toEqual([])
  })
})

describe('a newcomer of the second tenant that only looks like somebody of the first is held', () => {
  const expectHeld = async (words: string, id = oktaUserId(1)) => {
    await run()
    await run()
    expect(await decision(id)).toMatchObject({
      status: 'inactive',
      rule: 'uniqueField',
      reason: expect.stringContaining(words),
      evidence: false,
    })
    expect(await decision(id)).toMatchObject({ reason: expect.stringContaining(ada) })
    expect(sources().flat()).not.toContain(`acme:${id}`)
    expect((await listLinks(context())).held.map(({ source }) => source)).toContain(`acme:${id}`)
  }

  test('foreign mail: its provider does not vouch for the domain', async () => {
    sync = await reopen([entraSettings(tenants), oktaSettings(tenants, { linkDomains: ['acme.example'] })])
    addEntra(1)
    addOkta(1)
    await expectHeld('acme does not vouch for contoso.example (linkDomains)')
    expect(await decision(entraUserId(1))).toMatchObject({ status: 'active', note: expect.stringContaining(twin) })
  })

  test('without linkDomains Okta vouches for nothing, and the domains of the tenant are not even read', async () => {
    sync = await reopen([entraSettings(tenants), oktaSettings(tenants)])
    addEntra(1)
    addOkta(1)
    await expectHeld('does not vouch')
    expect(tenants.entra.tenant.calls.filter(({ path }) => path.endsWith('/domains'))).toEqual([])
  })

  test('unverified domain: the tenant claims it, and nobody has confirmed that', async () => {
    entra().domains.push({
      id: 'claimed.example',
      isDefault: false,
      isInitial: false,
      isVerified: false,
      authenticationType: 'Managed',
    })
    sync = await reopen([entraSettings(tenants), oktaSettings(tenants, { linkDomains: ['claimed.example'] })])
    addEntra(1, { mail: 'ada@claimed.example' })
    addOkta(1, 'ada@claimed.example')
    await expectHeld('contoso does not vouch for claimed.example')
  })

  test('alias: the address is not the primary one of the other', async () => {
    addEntra(1, {
      mail: 'countess@contoso.example',
      proxyAddresses: ['SMTP:countess@contoso.example', 'smtp:ada@contoso.example'],
    })
    addOkta(1)
    await expectHeld('an alias is no proof')
  })

  test('guest: the other is one', async () => {
    sync = await reopen([entraSettings(tenants, { filters: { guests: true } }), oktaSettings(tenants, vouching)])
    addEntra(1, { userType: 'Guest' })
    addOkta(1)
    await expectHeld(`${ada} is a guest`)
  })

  test('two people of one provider with one address', async () => {
    addEntra(1)
    addOkta(1)
    addOkta(2)
    await expectHeld('several people of acme have it')
    await expectHeld('several people of acme have it', oktaUserId(2))
  })

  test('inactive owner: the other is blocked', async () => {
    addEntra(1, { accountEnabled: false })
    addOkta(1)
    await expectHeld(`${ada} is inactive`)
  })

  test('somebody of its own tenant belongs to that person already', async () => {
    addEntra(1)
    addOkta(2)
    await run()
    okta().updateProfile(oktaUserId(2), { email: 'gone@acme.example' })
    addOkta(1)
    await expectHeld('another record of acme belongs to that person')
  })

  test('the same user name under another domain', async () => {
    sync = await reopen([entraSettings(tenants), oktaSettings(tenants, { ...vouching, uniqueField: 'username' })])
    addEntra(1)
    addOkta(1, 'ada1@acme.example', { login: 'ada1@acme.example' })
    await expectHeld('does not vouch for acme.example')
  })

  test('also while inactive people are shown', async () => {
    sync = await openSync({
      providers: [entraSettings(tenants), oktaSettings(tenants)],
      settings: { directory: { showInactive: true } },
      store: sync.directory.store,
      clock: sync.clock,
    })
    addEntra(1)
    addOkta(1)
    await expectHeld('does not vouch')
  })
})

test('a guest that is not served stands in nobody’s way', async () => {
  addEntra(1, { userType: 'Guest' })
  addOkta(1)
  await run()
  expect(sources()).toEqual([[twin]])
})

test('two that were known before are not linked by themselves; both are told', async () => {
  addEntra(1)
  addOkta(1, 'ada@acme.example')
  await run()
  const before = people().map(idsOf)
  okta().updateProfile(oktaUserId(1), { email: 'ada@contoso.example' })
  await run()
  expect(people().map(idsOf)).toEqual(before)
  for (const id of [entraUserId(1), oktaUserId(1)])
    expect(await decision(id)).toMatchObject({ status: 'active', note: expect.stringContaining('ids of their own') })
})

test('an address that is freed and given to somebody else brings that one nothing', async () => {
  addEntra(1)
  addOkta(1)
  await run()
  const [uuid, number] = idsOf(onlyPerson())
  entra().updateUser(entraUserId(1), { mail: 'countess@contoso.example' })
  okta().updateProfile(oktaUserId(1), { email: 'countess@contoso.example' })
  addEntra(2)
  await run()
  expect(sources()).toEqual([[ada, twin], [`contoso:${entraUserId(2)}`]])
  expect(idsOf(people().find((entry) => entry.entryUUID === uuid) as Entry).slice(0, 2)).toEqual([uuid, number])
})

test('a person whose first record is deleted stays the same person, and nobody may check the password until confirmed', async () => {
  addEntra(1)
  addOkta(1)
  await run()
  const [uuid, number] = idsOf(onlyPerson())
  entra().removeUser(entraUserId(1), 'deleted')
  await run()
  expect(sources()).toEqual([[twin]])
  expect(idsOf(onlyPerson()).slice(0, 2)).toEqual([uuid, number])
  expect(await authentication(oktaUserId(1))).toMatchObject({
    allowed: false,
    reason: expect.stringContaining(`${ada} is gone`),
  })
  await confirm(twin, onlyPerson().entryUUID)
  expect(await authentication(oktaUserId(1))).toEqual({ allowed: true, provider: 'acme', id: oktaUserId(1) })
})

test('a blocked sign-in is not got round by a confirmed source', async () => {
  addEntra(1)
  addOkta(1)
  await run()
  await confirm(twin, ada)
  entra().updateUser(entraUserId(1), { accountEnabled: false })
  await run()
  expect(await authentication(entraUserId(1))).toEqual({
    allowed: false,
    reason: `${ada}: sign-in blocked in Entra ID`,
  })
})

describe('an administrator', () => {
  test('links what was held, by user name', async () => {
    sync = await reopen([entraSettings(tenants), oktaSettings(tenants)])
    addEntra(1)
    addOkta(1)
    await run()
    const ids = idsOf(onlyPerson())
    await confirm(twin, 'ada1')
    await run()
    expect(sources()).toEqual([[ada, twin]])
    expect(idsOf(onlyPerson())).toEqual(ids)
  })

  test('links two with ids of their own only by giving up those of one, for ever', async () => {
    addEntra(1)
    addOkta(1, 'other@acme.example')
    addOkta(2, 'another@acme.example')
    await run()
    const kept = idsOf(people().find((entry) => entry.entryUUID === entraUserId(1)) as Entry)
    await expect(confirm(twin, ada)).rejects.toThrow('with --retire-ids it gives them up for ever')
    const retired = idsOf(people().find((entry) => values(entry, 'rosterdSource')[0] === twin) as Entry)
    await confirm(twin, ada, true)
    await run()
    expect(sources()).toEqual([[`acme:${oktaUserId(2)}`], [ada, twin]])
    expect(idsOf(people().find((entry) => entry.entryUUID === entraUserId(1)) as Entry)).toEqual(kept)
    await separate(twin)
    await run()
    const again = idsOf(people().find((entry) => values(entry, 'rosterdSource')[0] === twin) as Entry)
    expect([...kept, ...retired]).not.toContain(again[0])
    expect([...kept, ...retired]).not.toContain(again[1])
  })

  test('sets apart what was linked: a new person, and the old one keeps its ids', async () => {
    addOkta(1)
    await run(sync, ['acme'])
    addEntra(1)
    await run()
    const before = idsOf(onlyPerson())
    await separate(twin)
    await run()
    expect(sources()).toEqual([[twin], [ada]])
    const first = people().find((entry) => values(entry, 'rosterdSource')[0] === ada) as Entry
    expect(idsOf(first)).toEqual(before)
    await run()
    expect(sources()).toEqual([[twin], [ada]])
  })

  test('is told what cannot be done', async () => {
    addEntra(1)
    addOkta(1)
    await run()
    await expect(separate(ada)).rejects.toThrow(`is the first source of that person; separate the others: ${twin}`)
    await expect(confirm(ada, 'ada1')).rejects.toThrow('may authenticate it already')
    await expect(confirm('acme:nobody', 'ada1')).rejects.toThrow('acme has no user with the id "nobody"')
    await expect(confirm(twin, 'nobody')).rejects.toThrow('nobody has or had the user name "nobody"')
    await expect(confirm('ada1', ada)).rejects.toThrow('write it as PROVIDER:ID')
  })
})
