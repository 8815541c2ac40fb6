import { describe, expect, test } from 'vitest'
import { compileFilter, False, True, Undefined } from '../../../server/directory/filter-match.ts'
import type { AttributeValue, Entry } from '../../../server/directory/entry.ts'
import type { Filter } from '../../../server/protocol/filter.ts'
import { parseFilter } from '../../../server/protocol/filter-string.ts'
import { anEntry, candidatesOf, readsAllBut, search, viewOf } from '../../builders/directory-view.ts'

const base = 'dc=example,dc=com'
const access = readsAllBut('userPassword')

async function truthOf(filter: string | Filter, entry: Entry) {
  const view = await viewOf([entry])
  return compileFilter(typeof filter === 'string' ? parseFilter(filter) : filter, view, access).test(0)
}

const truths = { T: True, F: False, U: Undefined } as const
/** A filter of that truth for an entry with `cn: a`. */
const literal = { T: '(cn=a)', F: '(cn=b)', U: '(unknown=a)' } as const
type Letter = keyof typeof truths

describe('three truth values (RFC 4511 §4.5.1.7)', () => {
  const entry = anEntry('cn=a', { cn: ['a'] })
  const filterOf = (operator: string, letters: string) =>
    `(${operator}${Array.from(letters, (letter) => literal[letter as Letter]).join('')})`

  test.each<[string, string, Letter]>([
    ['&', '', 'T'],
    ['|', '', 'F'],
    ['!', 'T', 'F'],
    ['!', 'F', 'T'],
    ['!', 'U', 'U'],
    ['&', 'TT', 'T'],
    ['&', 'TF', 'F'],
    ['&', 'TU', 'U'],
    ['&', 'UT', 'U'],
    ['&', 'FU', 'F'],
    ['&', 'UF', 'F'],
    ['&', 'UU', 'U'],
    ['&', 'U', 'U'],
    ['|', 'FF', 'F'],
    ['|', 'TF', 'T'],
    ['|', 'TU', 'T'],
    ['|', 'UT', 'T'],
    ['|', 'FU', 'U'],
    ['|', 'UF', 'U'],
    ['|', 'UU', 'U'],
    ['|', 'U', 'U'],
    ['&', 'TTU', 'U'],
    ['&', 'TUF', 'F'],
    ['|', 'FUT', 'T'],
  ])('%s of "%s" is %s', async (operator, letters, expected) => {
    expect(await truthOf(filterOf(operator, letters), entry)).toBe(truths[expected])
  })

  test('what is Undefined is not found, and neither is its negation', async () => {
    const view = await viewOf([entry])
    expect(search(view, literal.U)).toEqual([])
    expect(search(view, `(!${literal.U})`)).toEqual([])
    expect(search(view, `(|(!${literal.U})${literal.T})`)).toEqual(['cn=a'])
    expect(search(view, '(&)')).toEqual(['cn=a'])
    expect(search(view, '(|)')).toEqual([])
    expect(search(view, '(!(|))')).toEqual(['cn=a'])
  })
})

describe('is Undefined', () => {
  const entry = anEntry('cn=a', {
    objectClass: ['top', 'person'],
    cn: ['a'],
    uidNumber: ['5'],
    jpegPhoto: ['x'],
    userPassword: ['secret'],
    member: ['cn=a'],
  })

  test.each([
    ['an unknown attribute', '(unknown=*)'],
    ['an unknown object class', '(objectClass=unknown)'],
    ['an unknown structural object class', '(structuralObjectClass=unknown)'],
    ['an unknown attribute in an extensible match', '(unknown:caseIgnoreMatch:=a)'],
    ['an attribute that may not be read', '(userPassword=*)'],
    ['the value of an attribute that may not be read', '(userPassword=secret)'],
    ['an attribute that may not be read, by its OID', '(2.5.4.35>=a)'],
    ['an attribute that may not be read, in an extensible match', '(userPassword:octetStringMatch:=secret)'],
    ['an assertion that is not of the syntax', '(uidNumber=five)'],
    ['an order of an assertion that is not of the syntax', '(uidNumber>=five)'],
    ['equality without a rule for it', '(jpegPhoto=x)'],
    ['order without a rule for it', '(member>=cn=a)'],
    ['substrings without a rule for it', '(uidNumber=5*)'],
    ['substrings of a DN', '(member=cn=*)'],
    ['a DN that is none', '(member=nobody)'],
    ['a rule nobody knows', '(cn:1.2.3:=a)'],
    ['an ordering rule in an extensible match', '(uidNumber:integerOrderingMatch:=5)'],
    ['a rule that is not for the attribute', '(cn:integerMatch:=5)'],
    ['an object class nobody knows, in an extensible match', '(objectClass:=unknown)'],
    ['a bit mask that is no number', '(uidNumber:1.2.840.113556.1.4.803:=x)'],
    ['a chain of what has none', '(cn:1.2.840.113556.1.4.1941:=cn=a)'],
    ['equality with octets that are no text', '(cn=\\ff)'],
    ['substrings with octets that are no text', '(cn=\\ff*)'],
  ])('%s', async (_, filter) => {
    expect(await truthOf(filter, entry)).toBe(Undefined)
    expect(await truthOf(`(!${filter})`, entry)).toBe(Undefined)
  })

  test('a filter choice nobody knows', async () => {
    expect(await truthOf({ type: 'unrecognized' }, entry)).toBe(Undefined)
  })
})

describe('one attribute', () => {
  const holds = async (filter: string, attributes: Record<string, readonly AttributeValue[]>) =>
    (await truthOf(filter, anEntry('cn=a', attributes))) === True

  test.each([
    ['by another case', '(CN=ADA)', { cn: ['Ada'] }],
    ['by another of its names', '(commonName=ada)', { cn: ['Ada'] }],
    ['by its OID', '(2.5.4.3=ada)', { cn: ['Ada'] }],
    ['by its superior', '(name=ada)', { cn: ['Ada'] }],
    ['present by its superior', '(name=*)', { givenName: ['Ada'] }],
    ['with an option, asked for without', '(cn=ada)', { 'cn;lang-de': ['Ada'] }],
    ['with an option, asked for with it', '(cn;LANG-DE=ada)', { 'cn;lang-de': ['Ada'] }],
    ['with two options, asked for with one', '(cn;b=ada)', { 'cn;a;b': ['Ada'] }],
    ['approximately', '(cn~=ADA)', { cn: ['Ada'] }],
    ['object class by a superior', '(objectClass=person)', { objectClass: ['inetOrgPerson'] }],
    ['object class by its OID', '(objectClass=2.5.6.6)', { objectClass: ['inetOrgPerson'] }],
    ['object class by its OID, extensible', '(objectClass:=2.5.6.6)', { objectClass: ['person'] }],
    ['object class by rule', '(objectClass:objectIdentifierMatch:=TOP)', { objectClass: ['person'] }],
    ['object class nobody defined', '(objectClass=X-Class)', { objectClass: ['x-class'] }],
    ['computed from the entry', '(entryDN=CN=A)', {}],
    ['computed from its place', '(hasSubordinates=false)', {}],
    ['group members by the name of another type', '(uniqueMember=cn=x)', { member: ['cn=x'] }],
    ['another rule', '(cn:caseExactMatch:=Ada)', { cn: ['Ada'] }],
    ['another rule, by OID', '(cn:2.5.13.5:=Ada)', { cn: ['Ada'] }],
    ['any attribute', '(:caseExactMatch:=Ada)', { sn: ['Ada'] }],
    ['any attribute, its own rule', '(:integerMatch:=5)', { uidNumber: ['5'] }],
    ['order of numbers', '(uidNumber>=9)', { uidNumber: ['10'] }],
    ['order includes equality', '(uidNumber<=10)', { uidNumber: ['10'] }],
    ['order of times across zones', '(sudoNotAfter>=20260101000000Z)', { sudoNotAfter: ['20260101010000+0100'] }],
    ['order of text without a rule of its own', '(uid>=M)', { uid: ['zoe'] }],
    ['order by any of several values', '(sudoOrder>=7)', { sudoOrder: ['1', '9'] }],
    ['all bits', '(userAccountControl:1.2.840.113556.1.4.803:=514)', { userAccountControl: ['514'] }],
    ['no bits at all', '(userAccountControl:1.2.840.113556.1.4.803:=0)', { userAccountControl: ['512'] }],
    ['any bit', '(userAccountControl:1.2.840.113556.1.4.804:=3)', { userAccountControl: ['514'] }],
    [
      'bits of a negative number',
      '(userAccountControl:1.2.840.113556.1.4.803:=2147483648)',
      { userAccountControl: ['-2147483646'] },
    ],
    ['telephone number, however written', '(telephoneNumber=+1-408 555)', { telephoneNumber: ['+1 408555'] }],
    ['part of a telephone number', '(telephoneNumber=*8-55*)', { telephoneNumber: ['+1 408 555'] }],
  ])('holds: %s', async (_, filter, attributes) => {
    expect(await holds(filter, attributes)).toBe(true)
  })

  test.each([
    ['its superior is another', '(cn=ada)', { sn: ['Ada'] }],
    ['an option it does not have', '(cn;lang-de=ada)', { cn: ['Ada'] }],
    ['memberOf with an option', '(memberOf;x-a=cn=g)', { memberOf: ['cn=g'] }],
    ['presence with an option it does not have', '(cn;lang-de=*)', { cn: ['Ada'] }],
    ['presence of what is computed, with an option', '(hasSubordinates;x-a=*)', {}],
    ['case where the rule minds it', '(cn:caseExactMatch:=ada)', { cn: ['Ada'] }],
    ['a class below', '(objectClass=inetOrgPerson)', { objectClass: ['person', 'x-a'] }],
    ['one bit missing', '(userAccountControl:1.2.840.113556.1.4.803:=514)', { userAccountControl: ['512'] }],
    ['no bit', '(userAccountControl:1.2.840.113556.1.4.804:=3)', { userAccountControl: ['512'] }],
    ['any bit of none', '(userAccountControl:1.2.840.113556.1.4.804:=0)', { userAccountControl: ['512'] }],
    ['a stored value that is not of the syntax', '(uidNumber=5)', { uidNumber: ['five'] }],
    ['an order of one', '(uidNumber>=1)', { uidNumber: ['five'] }],
    ['its own uniqueMember comes before member', '(uniqueMember=cn=x)', { member: ['cn=x'], uniqueMember: ['cn=y'] }],
    ['no attribute has it', '(:caseExactMatch:=ada)', { sn: ['Ada'] }],
  ])('does not hold: %s', async (_, filter, attributes) => {
    expect(await truthOf(filter, anEntry('cn=a', attributes))).toBe(False)
  })
})

describe('substrings', () => {
  test.each([
    ['(cn=A*)', true],
    ['(cn=*LACE)', true],
    ['(cn=*love*)', true],
    ['(cn=a*l*e)', true],
    ['(cn=Ada   Love*)', true],
    ['(cn=Ada \\20*)', true],
    ['(cn=ada *lovelace)', true],
    ['(cn=ada * lovelace)', true],
    ['(cn=ada*ada*)', false],
    ['(cn=*e*e*e*)', false],
    ['(cn=lovelace*)', false],
    ['(cn=adal*)', false],
    ['(cn=ada lovelace*lace)', false],
  ])('%s of "Ada  Lovelace": %j', async (filter, expected) => {
    for (const name of ['cn', 'displayName']) {
      const entry = anEntry('uid=a', { [name]: ['Ada  Lovelace'] })
      expect(await truthOf(filter.replace('cn', name), entry)).toBe(expected ? True : False)
      expect(search(await viewOf([entry]), filter.replace('cn', name))).toHaveLength(expected ? 1 : 0)
    }
  })

  test('with regard to case where the attribute has it', async () => {
    const entry = anEntry('cn=g', { memberUid: ['Ada'] })
    expect(await truthOf('(memberUid=A*)', entry)).toBe(True)
    expect(await truthOf('(memberUid=a*)', entry)).toBe(False)
  })
})

describe(':dn', () => {
  const entry = anEntry(`uid=ada+cn=Ada,ou=People,${base}`, { sn: ['Lovelace'] })

  test.each([
    ['(ou:dn:=people)', True],
    ['(ou:=people)', False],
    ['(organizationalUnitName:dn:=PEOPLE)', True],
    ['(cn:dn:=ada)', True],
    ['(name:dn:=people)', True],
    ['(cn:dn:caseExactMatch:=Ada)', True],
    ['(cn:dn:caseExactMatch:=ada)', False],
    ['(:dn:caseIgnoreMatch:=people)', True],
    ['(:dn:caseIgnoreMatch:=lovelace)', True],
    ['(:dn:caseIgnoreMatch:=nothing)', False],
    ['(dc:dn:=example)', True],
    ['(sn:dn:=people)', False],
    ['(unknown:dn:=people)', Undefined],
  ])('%s is %d', async (filter, expected) => {
    expect(await truthOf(filter, entry)).toBe(expected)
  })

  test('does not show a name that may not be read', async () => {
    const view = await viewOf([entry])
    expect(search(view, { filter: '(:dn:caseIgnoreMatch:=people)', access: readsAllBut('ou') })).toEqual([])
  })
})

describe('groups', () => {
  const group = (name: string, member: readonly string[], more: Record<string, string[]> = {}) =>
    anEntry(`cn=${name},${base}`, { objectClass: ['groupOfNames'], cn: [name], member, ...more })
  const dn = (name: string) => `cn=${name},${base}`
  const ada = anEntry(`uid=ada,${base}`, { objectClass: ['person'], memberOf: [dn('stored'), dn('gone')] })
  const directory = viewOf([
    ada,
    group('direct', [ada.dn.toUpperCase()]),
    group('stored', []),
    group('above', [dn('direct'), dn('loop')]),
    group('loop', [dn('above')]),
    group('other', ['uid=stranger,dc=elsewhere']),
  ])
  const names = async (filter: string) =>
    search(await directory, filter).map((found) => found.slice(found.indexOf('=') + 1, found.indexOf(',')))
  const chain = '1.2.840.113556.1.4.1941'

  test('memberOf holds for members and for those that store it', async () => {
    expect(await names(`(memberOf=${dn('direct')})`)).toEqual(['ada'])
    expect(await names(`(memberOf=${dn('STORED')})`)).toEqual(['ada'])
    expect(await names(`(memberOf=${dn('above')})`)).toEqual(['direct', 'loop'])
    expect(await names('(memberOf=*)')).toEqual(['ada', 'direct', 'above', 'loop'])
  })

  test('memberOf of a group that is not there does not hold, stored or not', async () => {
    expect(await names(`(memberOf=${dn('gone')})`)).toEqual([])
    expect(await names(`(&(uid=*)(!(memberOf=${dn('gone')})))`)).toEqual([])
    expect(await names(`(!(memberOf=${dn('gone')}))`)).toHaveLength(6)
  })

  test('member and uniqueMember name people, and strangers too', async () => {
    expect(await names(`(member=${ada.dn})`)).toEqual(['direct'])
    expect(await names('(uniqueMember=UID=Stranger, dc=elsewhere)')).toEqual(['other'])
  })

  test('a chain upwards ends where it began (1941)', async () => {
    expect(await names(`(member:${chain}:=${ada.dn})`)).toEqual(['direct', 'stored', 'above', 'loop'])
    expect(await names(`(member:${chain}:=${dn('loop')})`)).toEqual(['above', 'loop'])
    expect(await names(`(member:${chain}:=uid=stranger,dc=elsewhere)`)).toEqual(['other'])
    expect(await names(`(memberOf:${chain}:=${dn('above')})`)).toEqual(['ada', 'direct', 'above', 'loop'])
    expect(await names(`(memberOf:${chain}:=${dn('gone')})`)).toEqual([])
  })

  test('a group that may not be read is in no memberOf and no chain', async () => {
    const view = await directory
    const hidden = view.slotOfUuid((await directory).entry(1)?.entryUUID ?? '')
    const access = { ...readsAllBut(), canRead: (slot: number) => slot !== hidden }
    const found = (filter: string) => search(view, { filter, access })
    expect(found(`(memberOf=${dn('direct')})`)).toEqual([])
    expect(found(`(memberOf:distinguishedNameMatch:=${dn('direct')})`)).toEqual([])
    expect(found(`(memberOf:${chain}:=${dn('above')})`)).not.toContain(ada.dn)
    expect(found(`(member:${chain}:=${ada.dn})`)).toEqual([dn('stored')])
  })
})

describe('an index narrows down', () => {
  const entries = Array.from({ length: 20 }, (_, n) =>
    anEntry(`uid=u${n},${base}`, { uid: [`u${n}`], cn: [`User ${n % 3}`], sn: ['x'] }),
  )

  test.each([
    ['(uid=u3)', 1],
    ['(&(cn=User 1)(uid=u4))', 1],
    ['(|(uid=u1)(uid=u2)(uid=u1))', 2],
    ['(&(sn=x)(uid=u3))', 1],
    ['(&(uid=u3)(unknown=x))', 0],
    ['(cn=user*)', 20],
  ])('%s to %d', async (filter, count) => {
    const matcher = compileFilter(parseFilter(filter), await viewOf(entries), access)
    expect(candidatesOf(matcher)).toHaveLength(count)
  })

  test.each(['(sn=x)', '(!(uid=u3))', '(|(uid=u3)(sn=x))', '(&)', '(uid=*)', '(uid>=u3)'])(
    'not: %s',
    async (filter) => {
      const matcher = compileFilter(parseFilter(filter), await viewOf(entries), access)
      expect(matcher.candidates).toBeUndefined()
    },
  )
})
