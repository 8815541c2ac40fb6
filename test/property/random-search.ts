import fc from 'fast-check'
import type { AttributeValue, Entry } from '../../server/directory/entry.ts'
import type { Filter } from '../../server/protocol/filter.ts'
import { suffix } from '../builders/running-ldap-server.ts'
import type { SearchAsked } from './answer-oracle.ts'

/*
 * A directory of people and groups that changes, and searches of it: of names and values that are there, that are nearly there and that
 * are not, in every spelling.
 */

export const people = `ou=people,${suffix}`
export const groups = `ou=groups,${suffix}`
const units = [people, `ou=Linux,${people}`, `ou=Zürich,${people}`, groups]
export const adaDn = `uid=ada,${people}`
const lastPerson = 60
const lastGroup = 16

const words = [
  'Ada',
  'ada lovelace',
  'Grace Hopper',
  'Zoë',
  'x',
  'abab',
  'a-b (c)*',
  'Boss',
  'tab\\le',
  'Ünal, Jr.',
  '日本',
]
const word = fc.constantFrom(...words)
const phone = fc.constantFrom('+1 408 555-0100', '0800 1', '555')
const number = fc.constantFrom('0', '7', '10', '512', '10001', '4294967296', '-3')
const name = (n: number) =>
  fc.constantFrom(`uid=p${n},${people}`, `uid=P${n},${units[1]}`, `cn=Ada+uid=p${n},${units[2]}`)
const anyName = fc.oneof(
  fc.constantFrom(...units, adaDn, suffix),
  fc.nat(lastPerson).chain(name),
  fc.nat(lastGroup).map((n) => `cn=g${n},${groups}`),
)
const some = <T>(value: fc.Arbitrary<T>, most = 2) =>
  fc.option(fc.uniqueArray(value, { minLength: 1, maxLength: most }), { nil: [] as T[] })
const one = <T>(value: fc.Arbitrary<T>) => some(value, 1)
const time = fc.constantFrom('20260101000000Z', '20261122211500Z')

const uuid = (n: number) => `00000000-0000-4000-9000-${n.toString(16).padStart(12, '0')}`
const entryOf = (dn: string, n: number, attributes: Record<string, readonly AttributeValue[]>): Entry => ({
  dn,
  entryUUID: uuid(n),
  attributes: new Map(Object.entries(attributes).filter(([, values]) => values.length > 0)),
})

/** A person with this number, under one of its names; `n` counts incarnations. */
const person = (number_: number, incarnation: number): fc.Arbitrary<Entry> =>
  fc
    .record({
      dn: name(number_),
      cn: fc.uniqueArray(word, { minLength: 1, maxLength: 2 }),
      'cn;lang-de': one(word),
      sn: fc.array(word, { minLength: 1, maxLength: 1 }),
      givenName: some(word),
      description: some(word),
      title: one(word),
      displayName: one(word),
      mail: some(fc.constantFrom(`p${number_}@example.com`, 'info@example.com')),
      telephoneNumber: some(phone),
      employeeNumber: one(number),
      labeledURI: some(fc.constantFrom('https://example.com/Ada', 'https://example.com/ada')),
      manager: some(anyName),
      seeAlso: one(anyName.map((dn) => dn.toUpperCase().replaceAll(',', ', '))),
      jpegPhoto: one(fc.constantFrom(Uint8Array.of(0xff, 0xd8, 1), Uint8Array.of(0xff, 0xd8, 2))),
      uidNumber: number.map((text) => [text]),
      timestamp: time,
    })
    .map(({ dn, timestamp, ...attributes }) =>
      entryOf(dn, number_ + incarnation * 1000, {
        objectClass: ['top', 'person', 'organizationalPerson', 'inetOrgPerson', 'posixAccount'],
        ...(dn.startsWith('cn=Ada+') ? { ...attributes, cn: [...new Set(['Ada', ...attributes.cn])] } : attributes),
        uid: [dn.includes('uid=P') ? `P${number_}` : `p${number_}`],
        gidNumber: ['20000'],
        homeDirectory: [`/home/P${number_ % 3}`],
        createTimestamp: [timestamp],
        modifyTimestamp: ['20260101000000Z'],
      }),
    )

const group = (number_: number, incarnation: number): fc.Arbitrary<Entry> =>
  fc
    .record({
      member: fc.uniqueArray(anyName, { maxLength: 8 }),
      memberUid: fc.uniqueArray(
        fc.nat(lastPerson).map((n) => `p${n}`),
        { maxLength: 3 },
      ),
      memberOf: one(fc.nat(lastGroup).map((n) => `cn=g${n},${groups}`)),
      description: some(word),
    })
    .map((attributes) =>
      entryOf(`cn=g${number_},${groups}`, 500 + number_ + incarnation * 1000, {
        objectClass: ['top', 'groupOfNames', 'posixGroup'],
        cn: [`g${number_}`],
        gidNumber: [`${number_}`],
        createTimestamp: ['20260101000000Z'],
        modifyTimestamp: ['20260101000000Z'],
        ...attributes,
      }),
    )

/** What becomes of one person or group: another entry, under another name maybe, or none. Names never clash. */
export interface Happening {
  readonly isGroup: boolean
  readonly number: number
  /** undefined: it goes. */
  readonly entry: Entry | undefined
}
export const happening: fc.Arbitrary<Happening> = fc
  .tuple(
    fc.nat(3).map((n) => n === 0),
    fc.nat(lastPerson),
    fc.nat(2),
    fc.nat(4),
  )
  .chain(([isGroup, n, incarnation, fate]) => {
    const number = isGroup ? n % (lastGroup + 1) : n
    const entry =
      fate === 0 ? fc.constant(undefined) : isGroup ? group(number, incarnation) : person(number, incarnation)
    return entry.map((made) => ({ isGroup, number, entry: made }))
  })

// Searches

const spelled = (text: fc.Arbitrary<string>) =>
  fc
    .tuple(text, fc.constantFrom('as is', 'as is', 'upper', 'lower', 'spaces', 'decomposed'))
    .map(([value, how]) =>
      how === 'upper'
        ? value.toUpperCase()
        : how === 'lower'
          ? value.toLowerCase()
          : how === 'spaces'
            ? ` ${value.replaceAll(' ', '   ')} `
            : how === 'decomposed'
              ? value.normalize('NFD')
              : value,
    )
const spelledName = spelled(anyName).map((dn) =>
  dn.replaceAll(',', ' , ').replace('uid=', '0.9.2342.19200300.100.1.1='),
)
const texts = fc.oneof(
  spelled(word),
  fc.nat(lastPerson).map((n) => `p${n}`),
  fc.constantFrom(
    'people',
    'linux',
    'zürich',
    'info@example.com',
    'HTTPS://example.com/Ada',
    '/home/P1',
    '/HOME/p1',
    'g3',
  ),
  phone,
)
const kinds: readonly (readonly [names: readonly string[], values: fc.Arbitrary<string>])[] = [
  [
    [
      'cn',
      'CN',
      'commonName',
      '2.5.4.3',
      'sn',
      'surname',
      'gn',
      'description',
      'title',
      'name',
      'NAME',
      'cn;lang-de',
      'name;LANG-DE',
      'cn;x',
    ],
    texts,
  ],
  [
    [
      'uid',
      'userid',
      'uid',
      'mail',
      'ou',
      'displayName',
      'memberUid',
      'labeledURI',
      'homeDirectory',
      'telephoneNumber',
      'employeeNumber',
      'jpegPhoto',
    ],
    texts,
  ],
  [['uidNumber', 'gidNumber', '1.3.6.1.1.1.1.0'], number],
  [
    ['member', 'manager', 'seeAlso', 'memberOf', 'uniqueMember', 'entryDN', 'distinguishedName', 'subschemaSubentry'],
    fc.oneof(anyName, spelledName),
  ],
  [
    ['objectClass', 'structuralObjectClass', 'objectclass'],
    fc.constantFrom('person', 'TOP', 'inetOrgPerson', '2.5.6.6', 'groupOfNames', 'posixGroup', 'noSuchClass'),
  ],
  [['createTimestamp', 'modifyTimestamp'], fc.constantFrom('20260101000000Z', '20260101010000+0100', '202611222115Z')],
  [['entryUUID'], fc.constantFrom(uuid(3), uuid(1003).toUpperCase(), uuid(501))],
  [['hasSubordinates'], fc.constantFrom('TRUE', 'FALSE')],
  [['noSuchAttribute', 'userPassword', 'sambaNTPassword', '1.2.3.4'], texts],
]
const attributeNames = kinds.flatMap(([names]) => names)
const odd = fc.constantFrom<AttributeValue[]>(
  '',
  ' ',
  Uint8Array.of(0xff),
  Uint8Array.of(0xc3, 0x28),
  'no such value',
  suffix,
)
const octets = (value: AttributeValue): Buffer => Buffer.from(value as string)
const aPart = fc.oneof(
  fc.constantFrom('a', 'A', 'ad', 'b', 'p1', 'ab', 'love', 'Hop', 'e h', ' ', 'ë', 'EXAMPLE', '555', '-', '日'),
  spelled(fc.constantFrom('da l', 'Ada', 'abab')),
)
const rule = fc.constantFrom(
  'caseExactMatch',
  'caseIgnoreMatch',
  '2.5.13.2',
  'integerMatch',
  'distinguishedNameMatch',
  '1.2.840.113556.1.4.803',
  '1.2.840.113556.1.4.804',
  '1.2.840.113556.1.4.1941',
  'noSuchRule',
)

const item: fc.Arbitrary<Filter> = fc.constantFrom(...kinds).chain(([names, values]) => {
  const attribute = fc.constantFrom(...names)
  const value = fc.oneof({ weight: 9, arbitrary: values }, { weight: 1, arbitrary: odd }).map(octets)
  const asserted = (...types: ('equality' | 'approx' | 'greaterOrEqual' | 'lessOrEqual')[]) =>
    fc.record({ type: fc.constantFrom(...types), attribute, value })
  return fc.oneof<fc.Arbitrary<Filter>[]>(
    asserted('equality'),
    asserted('equality'),
    asserted('approx'),
    asserted('greaterOrEqual', 'lessOrEqual'),
    fc.record({ type: fc.constant('present' as const), attribute }),
    fc
      .record({
        type: fc.constant('substrings' as const),
        attribute,
        initial: fc.option(aPart.map(octets), { nil: undefined }),
        any: fc.array(aPart.map(octets), { maxLength: 2 }),
        final: fc.option(aPart.map(octets), { nil: undefined }),
      })
      .map((made) => (made.initial || made.final || made.any.length > 0 ? made : { ...made, any: [Buffer.from('a')] })),
    fc
      .record({
        type: fc.constant('extensible' as const),
        rule: fc.option(rule, { nil: undefined }),
        attribute: fc.option(attribute, { nil: undefined, freq: 3 }),
        value,
        dnAttributes: fc.boolean(),
      })
      .map((made) => (made.rule === undefined ? { ...made, attribute: made.attribute ?? 'ou' } : made)),
    fc.record({
      type: fc.constant('extensible' as const),
      rule: fc.constant('1.2.840.113556.1.4.1941'),
      attribute: fc.constantFrom('member', 'memberOf'),
      value: anyName.map(octets),
      dnAttributes: fc.constant(false),
    }),
  )
})
const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3 },
    { weight: 6, arbitrary: item },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('objectClass', 'uid', 'member', 'title')
        .map((attribute) => ({ type: 'present' as const, attribute })),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constantFrom('and' as const, 'or' as const),
        filters: fc.array(tie('filter'), { maxLength: 4 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('not' as const), filter: tie('filter') }) },
  ),
}))

export const search: fc.Arbitrary<SearchAsked> = fc.record({
  base: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(suffix, suffix, people, groups, ...units) },
    { weight: 3, arbitrary: fc.oneof(anyName, spelledName) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        `cn=none,uid=none,${people}`,
        `ou=nowhere,${suffix}`,
        'dc=other',
        'no name',
        `=x,${suffix}`,
      ),
    },
  ),
  scope: fc.constantFrom(0, 1, 2, 2, 2, 2, 2, 3),
  filter,
  attributes: fc.oneof(
    fc.constantFrom<string[][]>(
      [],
      ['*'],
      ['+'],
      ['*', '+'],
      ['1.1'],
      ['@inetOrgPerson'],
      ['@posixGroup', 'cn'],
      ['@noSuchClass'],
      ['uniqueMember', 'member'],
    ),
    fc.array(fc.constantFrom('*', '1.1', '@person', ...attributeNames, ...attributeNames), {
      minLength: 1,
      maxLength: 5,
    }),
  ),
  typesOnly: fc.nat(5).map((n) => n === 0),
  sizeLimit: fc.constantFrom(0, 0, 0, 1, 5),
})
