import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import type { Json, RecordChange } from '../../server/directory/directory-store.ts'
import { type SignInQuery, signInFacts } from '../../sync/sign-in/sign-in-facts.ts'
import { type Finding, signInFindings } from '../../sync/sign-in/sign-in-findings.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'
import { fillSmallTenants, oktaGroupId, oktaUserId, unlimited } from './small-tenants.ts'
import { oktaSettings, openSync, startTrustedTenants, type SyncFixture } from './sync-fixture.ts'

/*
 * "Why can't X sign in?": every cause has a sentence of its own, and the sentence names it.
 */

let tenants: SimulatedTenants
let clock: FakeClock
let folder: string
beforeEach(async () => {
  clock = fakeClock()
  tenants = await startTrustedTenants({ data: 'empty', now: () => clock.now() })
  unlimited(tenants)
  fillSmallTenants(tenants)
  for (let n = 1; n <= 5; n++) tenants.okta.tenant.directory.setPassword(oktaUserId(n), `right ${n}`)
  clock.advance(1000)
  folder = await mkdtemp(join(tmpdir(), 'rosterd-explain-'))
  await writeFile(join(folder, 'people.ldif'), people)
})
afterEach(async () => {
  await tenants.close()
  await rm(folder, { recursive: true })
})

const people = `
dn: uid=ada,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
uid: ada
cn: Ada
sn: L
mail: ada@example.com
mail: countess@example.com
userPassword: {SSHA}S+Qx9DGDdJJ6iQMo+G/1aQRBlyZzYWx0c2FsdA==

dn: uid=twin,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
uid: twin
cn: Twin
sn: T
mail: ada@example.com

dn: uid=gone,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
objectClass: shadowAccount
uid: gone
cn: Gone
sn: G
shadowExpire: 1
userPassword: {SSHA}S+Qx9DGDdJJ6iQMo+G/1aQRBlyZzYWx0c2FsdA==
`

interface Explained extends SyncFixture {
  readonly explain: (name: string, query?: Partial<SignInQuery>) => Promise<readonly Finding[]>
  /** The texts of what stops. */
  readonly stops: (name: string, query?: Partial<SignInQuery>) => Promise<readonly string[]>
  readonly notes: (name: string, query?: Partial<SignInQuery>) => Promise<readonly string[]>
}

async function open(settings: object = {}, okta: object = {}): Promise<Explained> {
  const file = { id: 'seed', type: 'ldif', name: 'Seed', path: join(folder, 'people.ldif') }
  const fixture = await openSync({
    providers: [oktaSettings(tenants, { passThroughBind: true, ...okta }), file],
    settings,
    clock,
  })
  for (const { id } of fixture.providers) await fixture.engine.run(id, { trigger: 'test' })
  const explain = async (name: string, query: Partial<SignInQuery> = {}) => {
    const explained = (text: string) => fixture.engine.explain(text)
    const wanted = { name, address: undefined, binder: undefined, ...query }
    return signInFindings(await signInFacts(wanted, { ...fixture, explain: explained }))
  }
  const texts = (findings: readonly Finding[], effect: Finding['effect']) =>
    findings.filter((finding) => finding.effect === effect).map(({ text }) => text)
  return {
    ...fixture,
    explain,
    stops: async (name, query) => texts(await explain(name, query), 'stops'),
    notes: async (name, query) => texts(await explain(name, query), 'note'),
  }
}

const worker1 = 'uid=worker1,ou=people,dc=example,dc=com'

async function checked({ directory, passThrough }: SyncFixture, password: string): Promise<void> {
  const entryUUID = directory.entryByDn(worker1)?.entryUUID ?? ''
  await passThrough.checkAtProvider({ entryUUID, password, address: '192.0.2.7', requestId: 'of a test' })
}

describe('the name', () => {
  test('nobody, several, and who is known and not served', async () => {
    const { stops } = await open({}, { filters: { denyUsersInGroups: ['Board'] } })
    expect(await stops('nobody')).toEqual(['nobody is called "nobody" here or at any provider'])
    expect(await stops('ada@example.com')).toEqual([
      '"ada@example.com" means 2 people; bind as one of uid=ada,ou=people,dc=example,dc=com; uid=twin,ou=people,dc=example,dc=com',
    ])
    expect(await stops('worker5@acme.example')).toEqual([
      expect.stringMatching(/^00u0+5 \(acme:00u0+5\) is not served: inactive: .*Board/),
    ])
  })

  test('before every provider was read it says so', async () => {
    const fixture = await openSync({ providers: [oktaSettings(tenants)], clock })
    const explain = (text: string) => fixture.engine.explain(text)
    const facts = await signInFacts({ name: 'x', address: undefined, binder: undefined }, { ...fixture, explain })
    expect(signInFindings(facts).at(-1)?.text).toMatch(/^not every provider has been read yet/)
  })

  test('a name that explain finds and a bind does not is pointed out', async () => {
    const { explain, notes } = await open()
    expect(await notes('Worker 1')).toContain(
      `"Worker 1" is no name to bind with; clients have to send the DN ${worker1} or worker1 or worker1@acme.example`,
    )
    for (const name of ['worker1', 'WORKER1@acme.example', worker1])
      expect(await explain(name)).toContainEqual({ step: 'name', effect: 'fine', text: `the name means ${worker1}` })
    const byDn = await open({ ldap: { bindByName: false } })
    expect(await byDn.notes('worker1')).toContain(
      `clients have to bind with the DN ${worker1} (ldap.bindByName is off)`,
    )
  })
})

describe('the account', () => {
  test('one that a file ends', async () => {
    const { stops } = await open()
    expect(await stops('gone')).toEqual(['the account has expired'])
  })

  test('one that is served as inactive names the reason of the provider', async () => {
    const { stops, engine } = await open({ directory: { showInactive: true } })
    tenants.okta.tenant.directory.setStatus(oktaUserId(1), 'SUSPENDED')
    await engine.run('acme', { trigger: 'test' })
    expect(await stops('worker1')).toEqual([
      expect.stringMatching(/^the account is disabled; acme:00u0+1 is inactive: /),
    ])
  })

  test('a block, with who, why and how long', async () => {
    const { stops, accounts, directory } = await open()
    const entryUUID = directory.entryByDn(worker1)?.entryUUID ?? ''
    await accounts.incidents.block(entryUUID, { reason: 'laptop stolen' }, { kind: 'admin', id: 'ada' })
    expect(await stops('worker1')).toEqual([
      'sign-in is blocked here by ada since 2026-03-01T08:00:01.000Z, until it is lifted: laptop stolen',
    ])
  })
})

describe('the password', () => {
  test('its own go first, and say so', async () => {
    const { explain, stops } = await open()
    expect(await stops('ada')).toEqual([])
    const findings = await explain('ada')
    expect(findings).toContainEqual({ step: 'password', effect: 'fine', text: '1 password of an LDIF file' })
    expect(findings).toContainEqual({
      step: 'provider',
      effect: 'note',
      text: 'the password here counts; no provider is asked',
    })
    expect(await stops('twin')).toEqual([
      'no password is set, and no provider is asked: no cloud provider has the person',
    ])
  })

  test('a provider that may not be asked is named with its setting', async () => {
    const { stops } = await open({}, { passThroughBind: false })
    expect(await stops('worker1')).toEqual([
      'no password is set, and no provider is asked: passThroughBind of acme is off',
    ])
  })

  test('what the provider said last, and when', async () => {
    const opened = await open({ passwords: { cachedPassThroughHours: 1, bcryptCost: 8 } })
    const { explain, stops, notes, passThrough } = opened
    expect(await notes('worker1')).toContain('acme was not asked lately')
    await checked(opened, 'right 1')
    await passThrough.idle()
    clock.advance(5 * 60_000)
    const findings = await explain('worker1')
    expect(findings).toContainEqual({
      step: 'provider',
      effect: 'fine',
      text: 'the last answer, 5 min ago (2026-03-01T08:00:01.000Z): the password was right',
    })
    tenants.okta.tenant.faults.add({ kind: 'reset', path: '/authn' })
    await checked(opened, 'right 1')
    const outage = await notes('worker1')
    expect(outage).toContainEqual(expect.stringMatching(/^the last answer, just now .*: acme: no answer from Okta$/))
    expect(outage).toContainEqual(expect.stringMatching(/^a password that was right 5 min ago .* is kept/))
    await checked(opened, 'other')
    expect(await stops('worker1')).toEqual([])
    expect(await notes('worker1')).toContainEqual(expect.stringMatching(/wrong password, or the account is locked/))
    tenants.okta.tenant.directory.credentials(oktaUserId(1)).signIn = 'mfa-required'
    await checked(opened, 'right 1')
    expect(await stops('worker1')).toEqual([expect.stringMatching(/multi-factor authentication is demanded/)])
  })

  test('app passwords with their ends and networks, and the second factor', async () => {
    const { explain, notes, stops, accounts, directory } = await open({}, { passThroughBind: false })
    const entryUUID = directory.entryByDn(worker1)?.entryUUID ?? ''
    const admin = { kind: 'admin', id: 'ada' } as const
    await accounts.appPasswords.add(entryUUID, { name: 'phone', networks: ['10.0.0.0/8'] }, admin)
    expect(await stops('worker1', { address: '192.0.2.7' })).toEqual([])
    expect(await notes('worker1', { address: '192.0.2.7' })).toContain(
      'the app password "phone" may not be used from 192.0.2.7: its networks are 10.0.0.0/8',
    )
    expect(await explain('worker1', { address: '10.1.2.3' })).toContainEqual({
      step: 'password',
      effect: 'fine',
      text: 'the app password "phone" may be used',
    })
  })
})

describe('failed binds', () => {
  const until = '2026-03-01T08:10:00.000Z'
  const failures = (count: number, blockedUntil: string | null) => ({
    count,
    lastAt: clock.now().toISOString(),
    blockedUntil,
  })

  test('guessing that is slowed down stops from that address, and is told of elsewhere', async () => {
    const { directory, stops, notes } = await open()
    const entryUUID = directory.entryByDn(worker1)?.entryUUID ?? ''
    const record = (key: string[], value: Json) => ({ collection: 'throttle', key, value }) as const
    const commit = (...records: RecordChange[]) =>
      directory.commit({ cause: { kind: 'server', id: 'test' }, entries: [], records })
    await commit(
      record(['pair', 'person', entryUUID, '192.0.2.7'], failures(11, until)),
      record(['pair', 'person', entryUUID, '192.0.2.8'], failures(1, null)),
      record(['address', '192.0.2.7'], failures(60, until)),
    )
    expect(await stops('worker1', { address: '192.0.2.7' })).toEqual([
      expect.stringMatching(
        /^11 wrong passwords from 192\.0\.2\.7, the last just now .*; refused unread until .*08:10/,
      ),
    ])
    expect(await notes('worker1', { address: '192.0.2.7' })).toContainEqual(
      expect.stringMatching(/^60 accounts failed from 192\.0\.2\.7; who has not signed in from there lately/),
    )
    expect(await stops('worker1', { address: '192.0.2.8' })).toEqual([])
    expect(await notes('worker1', { address: '192.0.2.8' })).toContainEqual(
      expect.stringMatching(/^1 wrong password from 192\.0\.2\.8/),
    )
    clock.advance(10 * 60_000)
    expect(await stops('worker1', { address: '192.0.2.7' })).toEqual([])
  })

  test('failures all over stop where the person has not signed in before, and the last sign-in is told', async () => {
    const { directory, stops, explain } = await open()
    const entryUUID = directory.entryByDn(worker1)?.entryUUID ?? ''
    const use = { credential: 'provider', address: '192.0.2.8', binder: 'svc-vpn', at: clock.now().toISOString() }
    await directory.commit({
      cause: { kind: 'server', id: 'test' },
      entries: [],
      records: [
        { collection: 'throttle', key: ['account', 'person', entryUUID], value: failures(101, until) },
        { collection: 'activity', key: ['person', entryUUID], value: { uses: [use] } },
      ],
    })
    expect(await stops('worker1', { address: '192.0.2.7' })).toEqual([
      expect.stringMatching(/^101 wrong passwords from all addresses/),
    ])
    expect(await stops('worker1', { address: '192.0.2.8' })).toEqual([])
    expect(await explain('worker1')).toContainEqual({
      step: 'use',
      effect: 'fine',
      text: `signed in just now (${use.at}) from 192.0.2.8, through the binder svc-vpn`,
    })
  })
})

describe('the way of the client', () => {
  const binder = (settings: object) => ({ name: 'svc-vpn', password: 'svc-vpn-secret-1', ...settings })

  test('a connection without TLS', async () => {
    const { notes, explain } = await open()
    expect(await notes('worker1', { address: '192.0.2.7' })).toContain(
      'without TLS a bind from 192.0.2.7 is refused with confidentialityRequired (13): use ldaps:// or StartTLS',
    )
    expect(await explain('worker1', { address: '::1' })).toContainEqual({
      step: 'connection',
      effect: 'fine',
      text: 'from ::1 passwords may come without TLS',
    })
  })

  test.each([
    [{ networks: ['10.0.0.0/8'] }, 'the binder svc-vpn may not come from 192.0.2.7: its networks are 10.0.0.0/8'],
    [{ grants: ['mayNotSearch'] }, 'the binder svc-vpn may not search, so it finds nobody'],
    [
      { scope: { subtrees: ['ou=groups,dc=example,dc=com'] } },
      'the person is outside of the scope of the binder svc-vpn',
    ],
    [
      {
        scope: { subtrees: ['ou=people,dc=example,dc=com'], filter: '(memberOf=cn=board,ou=groups,dc=example,dc=com)' },
      },
      'the person is outside of the scope of the binder svc-vpn',
    ],
  ])('a binder with %o', async (settings, text) => {
    const { stops, explain } = await open({ binders: [binder(settings)] }, { filters: { groupsWithoutEmail: true } })
    expect(await stops('worker1', { address: '192.0.2.7', binder: 'svc-vpn' })).toEqual([text])
    const isScope = 'scope' in settings && 'filter' in settings.scope
    // Who is in the group is seen.
    if (isScope) {
      expect(tenants.okta.tenant.directory.members(oktaGroupId(2))).toContain(oktaUserId(5))
      expect(await explain('worker5', { binder: 'svc-vpn' })).toContainEqual({
        step: 'binder',
        effect: 'fine',
        text: 'the binder svc-vpn finds the person',
      })
    }
  })

  test('attributes that the binder does not see, TLS that it needs, and a binder that is not there', async () => {
    const { notes, stops } = await open({ binders: [binder({ attributes: ['uid', 'cn'], requireTls: true })] })
    const found = await notes('worker1', { binder: 'svc-vpn' })
    expect(found).toContain('the binder svc-vpn does not see memberOf')
    expect(found).toContain('the binder svc-vpn needs TLS')
    expect(await stops('worker1', { binder: 'svc-typo' })).toEqual(['there is no binder "svc-typo"; there are svc-vpn'])
  })
})
