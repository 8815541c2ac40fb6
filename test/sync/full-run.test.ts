import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EntraUser } from '../../demo/entra/objects.ts'
import type { OktaUser } from '../../demo/okta/objects.ts'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { Schema } from '../../server/directory/schema/schema.ts'
import type { Entry } from '../../server/directory/entry.ts'
import { entraSettings, oktaSettings, openSync, type SyncFixture, startTrustedTenants, values } from './sync-fixture.ts'

/*
 * What is served, compared one by one with what the tenants hold. What should be there is computed here from the
 * tenants' own objects in the plainest way, apart from the code under test.
 */

let tenants: SimulatedTenants
let sync: SyncFixture
beforeAll(async () => {
  tenants = await startTrustedTenants({ pageSize: 17 })
  sync = await openSync({ providers: [entraSettings(tenants), oktaSettings(tenants)] })
  for (const id of ['contoso', 'acme'])
    expect(await sync.engine.run(id, { trigger: 'test' })).toMatchObject({ outcome: 'applied', error: null })
})
afterAll(() => tenants.close())

interface Person {
  readonly source: string
  readonly localPart: string
  readonly created: string
  readonly displayName: string
  readonly mails: readonly string[]
  readonly principalName: string
  readonly title: string | null
  readonly department: string | null
}

interface Group {
  readonly source: string
  readonly name: string
  readonly created: string
  readonly members: ReadonlySet<string>
}

function entraPerson(user: EntraUser): Person {
  const aliases = user.proxyAddresses.filter((a) => /^smtp:/i.test(a)).map((a) => a.slice(5))
  return {
    source: `contoso:${user.id}`,
    localPart: user.userPrincipalName.split('@')[0] ?? '',
    created: user.createdDateTime,
    displayName: user.displayName?.trim() ?? '',
    mails: [...new Set([...(user.mail === null ? [] : [user.mail]), ...aliases].map((m) => m.toLowerCase()))],
    principalName: user.userPrincipalName,
    title: user.jobTitle,
    department: user.department,
  }
}

function oktaPerson(user: OktaUser): Person {
  const { profile } = user
  const text = (name: string) => (typeof profile[name] === 'string' && profile[name] !== '' ? profile[name] : null)
  const principalName = text('userPrincipalName') ?? profile.login
  return {
    source: `acme:${user.id}`,
    localPart: principalName.split('@')[0] ?? '',
    created: user.created,
    displayName: text('displayName') ?? [text('firstName'), text('lastName')].filter((p) => p !== null).join(' '),
    mails: [profile.email.toLowerCase()],
    principalName,
    title: text('title'),
    department: text('department'),
  }
}

const activeInOkta = new Set(['ACTIVE', 'PROVISIONED', 'RECOVERY', 'PASSWORD_EXPIRED', 'LOCKED_OUT'])

function peopleOf(provider: 'contoso' | 'acme'): readonly Person[] {
  if (provider === 'contoso')
    return [...tenants.entra.tenant.directory.users.values()]
      .filter((user) => user.accountEnabled && user.userType !== 'Guest')
      .map(entraPerson)
  return [...tenants.okta.tenant.directory.users.values()]
    .filter((user) => activeInOkta.has(user.status) && !isHeld(user))
    .map(oktaPerson)
}

/** Somebody of Entra has the address, and nobody says that acme may vouch for it. */
function isHeld({ profile }: OktaUser): boolean {
  return peopleOf('contoso').some(({ mails }) => mails.includes(profile.email.toLowerCase()))
}

function groupsOf(provider: 'contoso' | 'acme'): readonly Group[] {
  if (provider === 'contoso') {
    const { directory } = tenants.entra.tenant
    return [...directory.groups.values()]
      .filter((group) => group.mail !== null)
      .map((group) => ({
        source: `contoso:${group.id}`,
        name: group.displayName,
        created: '',
        members: new Set([...directory.transitiveMembers(group.id)].map((id) => `contoso:${id}`)),
      }))
  }
  const { directory } = tenants.okta.tenant
  return [...directory.groups.values()]
    .filter((group) => group.profile.name !== 'Everyone')
    .map((group) => ({
      source: `acme:${group.id}`,
      name: group.profile.name,
      created: group.created,
      members: new Set([...directory.members(group.id)].map((id) => `acme:${id}`)),
    }))
}

function servedBySource(): ReadonlyMap<string, Entry> {
  return new Map([...sync.directory.entries()].map((entry) => [values(entry, 'rosterdSource')[0] ?? '', entry]))
}

/** Those of one kind from a provider, so that nothing too much is served either. */
function servedSources(provider: string, kind: 'people' | 'groups'): readonly string[] {
  return [...sync.directory.entries()]
    .filter((entry) => entry.dn.includes(`,ou=${kind},`))
    .flatMap((entry) => values(entry, 'rosterdSource'))
    .filter((source) => source.startsWith(`${provider}:`))
    .sort()
}

const providers = ['contoso', 'acme'] as const

describe.each(providers)('%s', (provider) => {
  test('exactly the active people are served', () => {
    const expected = peopleOf(provider).map((person) => person.source)
    expect(expected.length).toBeGreaterThan(80)
    expect(servedSources(provider, 'people')).toEqual([...expected].sort())
  })

  test('every person has the names, addresses and numbers of the source', () => {
    const served = servedBySource()
    for (const person of peopleOf(provider)) {
      const entry = served.get(person.source)
      const [uid = ''] = values(entry, 'uid')
      expect(uid).toMatch(/^[a-z_][a-z0-9_.-]{0,31}$/)
      expect(entry?.dn).toBe(`uid=${uid},ou=people,dc=example,dc=com`)
      expect(values(entry, 'displayName')).toEqual([person.displayName])
      expect(values(entry, 'mail').map((mail) => mail.toLowerCase())).toEqual(person.mails)
      expect(values(entry, 'userPrincipalName')).toEqual([person.principalName])
      expect(values(entry, 'title')).toEqual(person.title === null ? [] : [person.title])
      expect(values(entry, 'departmentNumber')).toEqual(person.department === null ? [] : [person.department])
      expect(values(entry, 'homeDirectory')).toEqual([`/home/${uid}`])
      expect(values(entry, 'userAccountControl')).toEqual(['512'])
      expect(values(entry, 'gecos')[0]).toMatch(/^[ -~]+$/)
      expect(Number(values(entry, 'uidNumber')[0])).toBeGreaterThanOrEqual(1_879_048_192)
    }
  })

  test('exactly the groups that the rules let through are served, with exactly their active members', () => {
    const served = servedBySource()
    const active = new Set(peopleOf(provider).map((person) => person.source))
    const expected = groupsOf(provider)
    expect(expected.length).toBeGreaterThan(5)
    expect(servedSources(provider, 'groups')).toEqual(expected.map((group) => group.source).sort())
    for (const group of expected) {
      const entry = served.get(group.source)
      const members = [...group.members].filter((source) => active.has(source)).map((source) => served.get(source))
      const shown = {
        name: values(entry, 'displayName'),
        member: values(entry, 'member'),
        uid: values(entry, 'memberUid'),
      }
      expect(shown).toEqual({
        name: [group.name.trim()],
        member: members.map((member) => member?.dn ?? '').sort(),
        uid: members.map((member) => values(member, 'uid')[0] ?? '').sort(),
      })
    }
  })
})

test('user names are the plain local parts but for clashes, which the older account wins', () => {
  const served = servedBySource()
  const taken = new Set<string>()
  for (const provider of providers) {
    const people = [...peopleOf(provider)].sort(
      (a, b) => a.created.localeCompare(b.created) || (a.source < b.source ? -1 : 1),
    )
    for (const person of people) {
      const plain = person.localPart.toLowerCase()
      const [uid = ''] = values(served.get(person.source), 'uid')
      // Only names that are POSIX-safe as they are have an obvious expectation.
      if (!/^[a-z][a-z0-9_.-]{0,30}[a-z0-9]$/.test(plain)) continue
      if (plain === 'root') {
        expect(uid).toBe('root-2')
        continue
      }
      expect(uid).toMatch(new RegExp(`^${plain.replaceAll('.', '\\.')}(-\\d+)?$`))
      if (!taken.has(plain) && uid !== plain)
        expect({ source: person.source, uid }).toEqual({ source: person.source, uid: plain })
      taken.add(uid)
    }
  }
})

test('uids, cns, numbers and entryUUIDs are all different', () => {
  const entries = [...sync.directory.entries()]
  for (const attribute of ['uid', 'uidNumber']) {
    const all = entries.flatMap((entry) => values(entry, attribute))
    expect(new Set(all).size).toBe(all.length)
  }
  const groupNames = entries.filter((e) => e.dn.startsWith('cn=')).map((e) => values(e, 'cn')[0]?.toLowerCase())
  expect(new Set(groupNames).size).toBe(groupNames.length)
  expect(new Set(entries.map((entry) => entry.entryUUID)).size).toBe(entries.length)
})

test('a group called sudo is served under another name, with the reason', async () => {
  const [explanation] = (await sync.engine.explain('sudo')).filter(({ decision }) => decision?.status === 'active')
  expect(explanation?.decision).toMatchObject({ name: 'sudo-2', note: expect.stringContaining('reserved') })
})

test('a person of the second tenant with an address of the first is held, with the reason', async () => {
  const [held] = [...tenants.okta.tenant.directory.users.values()].filter(isHeld)
  expect(held).toBeDefined()
  const found = await sync.engine.explain(held?.id ?? '')
  expect(found).toMatchObject([{ decision: { status: 'inactive', rule: 'uniqueField' }, entry: undefined }])
})

test('skipped people are explained too', async () => {
  const guest = [...tenants.entra.tenant.directory.users.values()].find((user) => user.userType === 'Guest')
  const blocked = [...tenants.okta.tenant.directory.users.values()].find((user) => user.status === 'SUSPENDED')
  expect(await sync.engine.explain(guest?.userPrincipalName ?? '')).toMatchObject([
    { provider: 'contoso', decision: { status: 'skipped', rule: 'guests' }, entry: undefined },
  ])
  expect(await sync.engine.explain(blocked?.profile.login ?? '')).toMatchObject([
    { provider: 'acme', decision: { status: 'inactive', reason: 'suspended in Okta (SUSPENDED)' }, entry: undefined },
  ])
})

test('the suffix, the containers and the shared primary group are there', () => {
  const dns = new Map([...sync.directory.entries()].map((entry) => [entry.dn, entry]))
  expect(values(dns.get('dc=example,dc=com'), 'objectClass')).toEqual(['top', 'dcObject', 'organization'])
  for (const name of ['people', 'groups', 'services', 'sudoers'])
    expect(values(dns.get(`ou=${name},dc=example,dc=com`), 'objectClass')).toEqual(['top', 'organizationalUnit'])
  const primary = dns.get('cn=directory-users,ou=groups,dc=example,dc=com')
  expect(values(primary, 'objectClass')).toContain('posixGroup')
  const somebody = [...dns.values()].find((entry) => entry.dn.startsWith('uid='))
  expect(values(somebody, 'gidNumber')).toEqual(values(primary, 'gidNumber'))
})

test('every attribute served belongs to a class of its entry, and what a class demands is there', () => {
  const schema = new Schema()
  for (const entry of sync.directory.entries()) {
    const classes = values(entry, 'objectClass').map((name) => schema.objectClass(name))
    expect(classes).not.toContain(undefined)
    const known = classes.filter((found) => found !== undefined)
    const allowed = new Set(known.flatMap((found) => [...schema.attributesOfClass(found)]))
    for (const name of entry.attributes.keys()) {
      const type = schema.attributeType(name)
      const isAllowed = type !== undefined && (type.isOperational || allowed.has(type))
      expect({ dn: entry.dn, name, isAllowed }).toEqual({ dn: entry.dn, name, isAllowed: true })
    }
    for (const name of known.flatMap((found) => found.must))
      expect([entry.dn, ...entry.attributes.keys()]).toContain(name)
  }
})

test('nothing is written to a provider: but for tokens, every call of every run only reads', async () => {
  for (const id of ['contoso', 'acme']) await sync.engine.run(id, { trigger: 'test', full: true })
  for (const { calls } of [tenants.entra.tenant, tenants.okta.tenant]) {
    const others = calls.filter(({ method, path }) => method !== 'GET' && !/\/token(\?|$)/.test(path))
    expect(calls.length).toBeGreaterThan(10)
    expect(others).toEqual([])
  }
})
