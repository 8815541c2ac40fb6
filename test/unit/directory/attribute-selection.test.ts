import { describe, expect, test } from 'vitest'
import { publicAccess } from '../../../server/directory/access-control.ts'
import { selectAttributes } from '../../../server/directory/attribute-selection.ts'
import { writeSearchEntry } from '../../../server/directory/search-entry.ts'
import { BerWriter } from '../../../server/protocol/ber-writer.ts'
import { anEntry, readsAllBut, viewOf } from '../../builders/directory-view.ts'
import { readSearchEntry } from '../../builders/ldap-messages.ts'

const base = 'dc=example,dc=com'
const ada = anEntry(`uid=ada,${base}`, {
  objectClass: ['top', 'person', 'inetOrgPerson'],
  uid: ['ada'],
  cn: ['Ada Lovelace', 'Ada'],
  'cn;lang-fr': ['Adèle'],
  'userCertificate;binary': ['x'],
  sn: ['Lovelace'],
  userPassword: ['secret'],
  createTimestamp: ['20260101000000Z'],
})
const group = anEntry(`cn=g,${base}`, { objectClass: ['groupOfNames'], cn: ['g'], member: [ada.dn, 'uid=bob'] })
const parent = anEntry(base, { objectClass: ['domain'], dc: ['example'], 'x-own': ['a'] })
const directory = viewOf([ada, group, parent])
const access = readsAllBut('userPassword')

async function sent(
  slot: number,
  requested: readonly string[],
  { typesOnly = false, as = access }: { readonly typesOnly?: boolean; readonly as?: typeof access } = {},
) {
  const view = await directory
  const writer = new BerWriter(1)
  writeSearchEntry(
    writer,
    77,
    { view, access: as, selection: selectAttributes(requested, view.schema), typesOnly },
    slot,
  )
  return readSearchEntry(writer.take())
}
const names = async (slot: number, ...requested: readonly string[]) =>
  (await sent(slot, requested)).attributes.map(([name]) => name)

const user = ['objectClass', 'uid', 'cn', 'cn;lang-fr', 'userCertificate;binary', 'sn']
const operational = [
  'createTimestamp',
  'structuralObjectClass',
  'entryUUID',
  'entryDN',
  'subschemaSubentry',
  'memberOf',
  'hasSubordinates',
]

describe('a search that asks for', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['nothing gets all user attributes', [], user],
    ['* gets all user attributes', ['*'], user],
    ['+ gets all operational attributes', ['+'], operational],
    ['* and + gets everything', ['*', '+'], [...user, ...operational]],
    ['1.1 gets no attributes', ['1.1'], []],
    ['1.1 and another gets the other', ['1.1', 'sn'], ['sn']],
    ['a name gets it with every option', ['CN'], ['cn', 'cn;lang-fr']],
    ['an alias gets the attribute by its own name', ['surname'], ['sn']],
    ['an OID gets the attribute by its own name', ['2.5.4.4'], ['sn']],
    ['an option gets what has it', ['cn;LANG-FR'], ['cn;lang-fr']],
    ['a name without the option it is stored with gets it', ['userCertificate'], ['userCertificate;binary']],
    ['a superior gets its subtypes', ['name'], ['cn', 'cn;lang-fr', 'sn']],
    ['a superior with an option gets the subtypes that have it', ['name;lang-fr'], ['cn;lang-fr']],
    ['a name twice gets it once', ['sn', 'SN', 'surname', '2.5.4.4'], ['sn']],
    ['* and a name gets it once', ['*', 'sn'], user],
    ['* and an operational attribute gets both', ['*', 'entryUUID'], [...user, 'entryUUID']],
    ['a class gets its attributes and those of its superiors', ['@person'], ['objectClass', 'cn', 'cn;lang-fr', 'sn']],
    ['a class nobody knows gets nothing', ['@nothing'], []],
    ['a name nobody knows gets nothing', ['nothing', '', 'cn;'], []],
    ['a name nobody knows beside another gets the other', ['nothing', 'uid'], ['uid']],
    ['what the entry does not have gets nothing', ['mail'], []],
    ['what may not be read gets nothing', ['userPassword'], []],
    ['memberOf by another case gets it', ['MEMBEROF'], ['memberOf']],
    ['memberOf with an option gets nothing', ['memberOf;x-a'], []],
    ['hasSubordinates gets it', ['hasSubordinates'], ['hasSubordinates']],
  ])('%s', async (_, requested, expected) => {
    expect(await names(0, ...requested)).toEqual(expected)
  })
})

test('the entry that is sent reads back whole', async () => {
  expect(await sent(0, ['cn', 'memberOf', 'hasSubordinates', 'entryDN'])).toEqual({
    messageId: 77,
    dn: ada.dn,
    attributes: [
      ['cn', ['Ada Lovelace', 'Ada']],
      ['cn;lang-fr', ['Adèle']],
      ['entryDN', [ada.dn]],
      ['memberOf', [group.dn]],
      ['hasSubordinates', ['FALSE']],
    ],
  })
  expect((await sent(2, ['hasSubordinates'])).attributes).toEqual([['hasSubordinates', ['TRUE']]])
})

test('typesOnly sends the same attributes without values', async () => {
  for (const requested of [['*', '+'], ['cn'], ['1.1'], ['uniqueMember', 'cn']]) {
    for (const slot of [0, 1, 2]) {
      const whole = await sent(slot, requested)
      const types = await sent(slot, requested, { typesOnly: true })
      expect(types).toEqual({ ...whole, attributes: whole.attributes.map(([name]) => [name, []]) })
    }
  }
})

describe('uniqueMember', () => {
  test('is sent only when asked for by name, with the values of member', async () => {
    expect(await names(1, '*', '+')).not.toContain('uniqueMember')
    expect((await sent(1, ['uniqueMember'])).attributes).toEqual([['uniqueMember', [ada.dn, 'uid=bob']]])
    expect(await names(1, 'member', 'UNIQUEMEMBER')).toEqual(['member', 'uniqueMember'])
    expect(await names(1, '@groupOfUniqueNames')).toContain('uniqueMember')
    expect(await names(0, 'uniqueMember')).toEqual([])
  })

  test('is the entry’s own where it has one', async () => {
    const view = await viewOf([anEntry('cn=g', { member: ['cn=a'], uniqueMember: ['cn=b'] })])
    const writer = new BerWriter()
    writeSearchEntry(
      writer,
      1,
      { view, access, selection: selectAttributes(['uniqueMember'], view.schema), typesOnly: false },
      0,
    )
    expect(readSearchEntry(writer.take()).attributes).toEqual([['uniqueMember', ['cn=b']]])
  })
})

test('memberOf names no group that may not be read', async () => {
  const slot = (await directory).slotOfUuid(group.entryUUID)
  const as = { ...access, canRead: (other: number) => other !== slot }
  expect((await sent(0, ['memberOf'], { as })).attributes).toEqual([])
})

test('one selection serves entries of every shape and readers of every kind', async () => {
  const view = await directory
  const selection = selectAttributes(['*'], view.schema)
  const read = (slot: number, as: typeof access) => {
    const writer = new BerWriter()
    writeSearchEntry(writer, 1, { view, access: as, selection, typesOnly: false }, slot)
    return readSearchEntry(writer.take()).attributes.map(([name]) => name)
  }
  expect(read(2, access)).toEqual(['objectClass', 'dc', 'x-own'])
  expect(read(0, access)).not.toContain('userPassword')
  expect(read(0, publicAccess)).toContain('userPassword')
  expect(read(0, access)).not.toContain('userPassword')
})
