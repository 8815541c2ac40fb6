import { describe, expect, test } from 'vitest'
import {
  anonymous,
  createAccessControl,
  type Identity,
  type UsersMayRead,
} from '../../../server/directory/access-control.ts'
import type { DirectoryView } from '../../../server/directory/directory-view.ts'
import { normalizeDn } from '../../../server/protocol/distinguished-name.ts'
import { anEntry, search, viewOf } from '../../builders/directory-view.ts'

const base = 'dc=example,dc=com'
const people = `ou=people,${base}`
const groups = `ou=groups,${base}`
const suffix = anEntry(base, { objectClass: ['domain'] })
const ada = anEntry(`uid=ada,${people}`, {
  uid: ['ada'],
  userPassword: ['{SHA}x'],
  sambaNTPassword: ['0123'],
  memberOf: [`cn=nested,${groups}`],
})
const bob = anEntry(`uid=bob,${people}`, { uid: ['bob'] })
const entries = [
  suffix,
  anEntry(people, { ou: ['people'] }),
  anEntry(groups, { ou: ['groups'] }),
  ada,
  bob,
  anEntry(`cn=adas,${groups}`, { cn: ['adas'], member: [ada.dn] }),
  anEntry(`cn=bobs,${groups}`, { cn: ['bobs'], member: [bob.dn, ''] }),
  anEntry(`cn=nested,${groups}`, { cn: ['nested'], member: [`cn=adas,${groups}`] }),
  anEntry(`cn=hidden,${groups}`, { cn: ['hidden'], member: [`cn=nested,${groups}`] }),
  anEntry(`ou=deep,${people}`, { ou: ['deep'] }),
]
const services = anEntry(`ou=services,${base}`, { ou: ['services'] })
const service = anEntry(`cn=backup,ou=services,${base}`, { cn: ['backup'], userPassword: ['{SHA}x'] })
const colleague = anEntry(`uid=carol,${people}`, {
  uid: ['carol'],
  telephoneNumber: ['1'],
  mobile: ['2'],
  employeeNumber: ['3'],
  rosterdSource: ['contoso:1'],
  pwdChangedTime: ['20260101000000Z'],
  userPassword: ['{SHA}x'],
})
const directory = viewOf(entries)
const user = ({ entryUUID, dn }: typeof ada): Identity => ({ kind: 'user', entryUUID, dn })
const binder: Identity = { kind: 'binder', name: 'svc', dn: `cn=svc,ou=services,${base}` }

const rights = { name: 'svc', scope: 'tree', attributes: '*', ntHash: false, mayNotSearch: false } as const

const accessOf = (identity: Identity, view: DirectoryView, usersMayRead?: UsersMayRead) =>
  createAccessControl(view.schema, normalizeDn(base), { rights: () => rights }, usersMayRead).accessFor(
    identity,
    view,
    {
      isProtected: true,
    },
  )
async function found(identity: Identity, filter: string, usersMayRead?: UsersMayRead) {
  const view = await directory
  return search(view, { filter, access: accessOf(identity, view, usersMayRead) })
}

describe('reads', () => {
  test('anonymous the base entry alone', async () => {
    expect(await found(anonymous, '(&)')).toEqual([base])
  })

  test('a binder everything', async () => {
    expect(await found(binder, '(&)')).toEqual(entries.map(({ dn }) => dn))
  })

  test('a user the containers, the own entry and the own groups, nested ones too', async () => {
    expect(await found(user(ada), '(&)')).toEqual([
      base,
      people,
      groups,
      ada.dn,
      `cn=adas,${groups}`,
      `cn=nested,${groups}`,
    ])
  })

  test('a user everybody, where that is set, but for service accounts and what is sensitive', async () => {
    const view = await viewOf([...entries, services, service, colleague])
    const as = (identity: Identity, filter: string) => search(view, { filter, access: accessOf(identity, view, 'all') })
    expect(as(user(ada), '(&)')).toEqual([...entries, services, colleague].map(({ dn }) => dn))
    expect(as(user(ada), '(telephoneNumber=1)')).toEqual([colleague.dn])
    for (const filter of [
      '(mobile=2)',
      '(employeeNumber=3)',
      '(rosterdSource=*)',
      '(pwdChangedTime=*)',
      '(userPassword=*)',
    ])
      expect(as(user(ada), filter)).toEqual([])
    expect(as(user(service), '(&)')).toEqual([base, people, groups, services.dn, service.dn])
    expect(as({ ...user(ada), entryUUID: 'gone' } as Identity, '(uid=*)')).toEqual([])
  })

  test('a user whose entry is gone no more than the containers', async () => {
    const gone = anEntry(`uid=gone,${people}`)
    expect(await found(user(gone), '(&)')).toEqual([base, people, groups])
  })
})

describe('what may not be read is not there to be tested', () => {
  test.each([
    '(userPassword=*)',
    '(userPassword={SHA}x)',
    '(sambaNTPassword=0*)',
    '(2.5.4.35=*)',
    '(:octetStringMatch:={SHA}x)',
  ])('a password: %s', async (filter) => {
    for (const identity of [binder, user(ada)]) {
      expect(await found(identity, filter)).toEqual([])
      if (!filter.startsWith('(:')) expect(await found(identity, `(!${filter})`)).toEqual([])
    }
  })

  test('another entry', async () => {
    expect(await found(user(ada), '(uid=bob)')).toEqual([])
    expect(await found(user(ada), '(member=uid=bob,ou=people,dc=example,dc=com)')).toEqual([])
  })

  test('a group above, through the memberOf of one that may be read', async () => {
    const hidden = `cn=hidden,${groups}`
    expect(await found(binder, `(memberOf=${hidden})`)).toEqual([`cn=nested,${groups}`])
    expect(await found(user(ada), `(memberOf=${hidden})`)).toEqual([])
    expect(await found(user(ada), `(memberOf:1.2.840.113556.1.4.1941:=${hidden})`)).toEqual([])
    expect(await found(user(ada), `(&(cn=nested)(memberOf=*))`)).toEqual([])
  })
})

test('a member that may not be read is in no group, however it is asked for', async () => {
  const team = `cn=team,${groups}`
  const view = await viewOf([suffix, ada, bob, anEntry(team, { cn: ['team'], member: [ada.dn, bob.dn] })])
  const access = accessOf(user(ada), view)
  for (const ask of ['member=', 'uniqueMember=', 'member:1.2.840.113556.1.4.1941:=', 'member:2.5.13.1:=']) {
    expect(search(view, { filter: `(${ask}${ada.dn})`, access })).toEqual([team])
    expect(search(view, { filter: `(${ask}${bob.dn})`, access })).toEqual([])
  }
})

test('a password is not among the attributes of anybody', async () => {
  const view = await directory
  for (const identity of [anonymous, binder, user(ada)]) {
    const { attributes } = accessOf(identity, view)
    for (const [name, expected] of [
      ['userPassword', false],
      ['sambaNTPassword', false],
      ['uid', true],
    ] as const) {
      const type = view.schema.attributeType(name)
      expect(type && attributes.allows(type)).toBe(expected)
    }
  }
})
