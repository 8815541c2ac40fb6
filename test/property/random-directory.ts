import fc from 'fast-check'
import type { AttributeValue, Entry } from '../../server/directory/entry.ts'
import type { Filter } from '../../server/protocol/filter.ts'
import type { Scope } from '../../server/protocol/request-decoder.ts'
import { uuid } from '../builders/directory-view.ts'

const base = 'dc=x'
export const dns = [
  base,
  `ou=people,${base}`,
  `ou=groups,${base}`,
  ...['a', 'b', 'c', 'd'].map((name) => `uid=${name},ou=people,${base}`),
  ...['g', 'h', 'i', 'j'].map((name) => `cn=${name},ou=groups,${base}`),
  `cn=key,uid=a,ou=people,${base}`,
  `cn=Ada+sn=B,ou=people,${base}`,
]
const aDn = fc.oneof(
  fc.constantFrom(...dns),
  fc.constantFrom(...dns).map((dn) => dn.toUpperCase().replaceAll(',', ' , ')),
  fc.constant('cn=stranger'),
)
const aText = fc.constantFrom('Ada', 'ada', 'ab', 'a b', 'A  B', 'b', 'abab', 'g', 'people', 'ß', 'SS', '')
const aNumber = fc.constantFrom('0', '1', '2', '10', '512', '514', '-3', 'x')
const aClass = fc.constantFrom(
  'top',
  'person',
  'inetOrgPerson',
  'groupOfNames',
  'posixAccount',
  'X-Class',
  'PERSON',
  '2.5.6.6',
)
const aTime = fc.constantFrom('20260101000000Z', '20260101010000+0100', '20250101000000Z', 'never')
const octets = fc.constantFrom<AttributeValue[]>(Uint8Array.of(0xff), Uint8Array.of(0, 1), 'Ada')

const valuesByAttribute: readonly (readonly [string, fc.Arbitrary<AttributeValue>])[] = [
  ['objectClass', aClass],
  ['cn', aText],
  ['cn;lang-de', aText],
  ['sn', aText],
  ['uid', aText],
  ['displayName', aText],
  ['mail', aText],
  ['memberUid', aText],
  ['x-attr', aText],
  ['uidNumber', aNumber],
  ['userAccountControl', aNumber],
  ['member', aDn],
  ['member;x-a', aDn],
  ['uniqueMember', aDn],
  ['memberOf', aDn],
  ['manager', aDn],
  ['sudoNotAfter', aTime],
  ['sshPublicKey', octets],
  ['jpegPhoto', octets],
  ['userPassword', octets],
]
const anAttribute = fc
  .constantFrom(...valuesByAttribute)
  .chain(([name, value]) => fc.tuple(fc.constant(name), fc.array(value, { minLength: 1, maxLength: 3 })))
const attributes = fc
  .uniqueArray(anAttribute, { maxLength: 8, selector: ([name]) => name })
  .map((pairs) => new Map(pairs))

export const anEntryNumber = (n: number, dn: string): fc.Arbitrary<Entry> =>
  attributes.map((values) => ({ dn, entryUUID: uuid(n), attributes: values }))

/** Entries of distinct DNs; not every one has its parent. */
export const directory: fc.Arbitrary<readonly Entry[]> = fc
  .shuffledSubarray(dns, { minLength: 1 })
  .chain((chosen) => fc.tuple(...chosen.map((dn, n) => anEntryNumber(n, dn))))

const descriptions = fc.constantFrom(
  ...valuesByAttribute.map(([name]) => name),
  'commonName',
  '2.5.4.3',
  'NAME',
  'distinguishedName',
  'UID',
  'cn;LANG-DE',
  'memberOf;x-a',
  'uniqueMember;x-a',
  'entryDN',
  'entryUUID',
  'hasSubordinates',
  'structuralObjectClass',
  'subschemaSubentry',
  'unknown',
  'givenName',
)
const valueFor = (description: string): fc.Arbitrary<AttributeValue> => {
  const own = valuesByAttribute.find(([name]) => name === description)?.[1]
  const any = fc.oneof(aText, aDn, aNumber, aClass, aTime, octets, fc.constantFrom('TRUE', 'nobody', uuid(1)))
  if (own) return fc.oneof({ weight: 4, arbitrary: own }, { weight: 1, arbitrary: any })
  return /^(?:distinguishedName|entryDN|memberOf|uniqueMember)/.test(description)
    ? fc.oneof({ weight: 3, arbitrary: aDn }, any)
    : any
}
const asserted = (value: AttributeValue) => Buffer.from(value as string)
const part = fc.constantFrom('a', 'A', ' ', 'b', 'da', ' b', 'a ', 'ss').map(asserted)
const rule = fc.constantFrom(
  'caseExactMatch',
  '2.5.13.2',
  'integerMatch',
  'distinguishedNameMatch',
  'objectIdentifierMatch',
  'octetStringMatch',
  '1.2.840.113556.1.4.803',
  '1.2.840.113556.1.4.804',
  '1.2.840.113556.1.4.1941',
  'integerOrderingMatch',
  '1.2.3',
)

const substringsOf = (attribute: string) =>
  fc
    .record({
      type: fc.constant('substrings' as const),
      attribute: fc.constant(attribute),
      initial: fc.option(part, { nil: undefined }),
      any: fc.array(part, { maxLength: 2 }),
      final: fc.option(part, { nil: undefined }),
    })
    .filter(({ initial, any, final }) => initial !== undefined || final !== undefined || any.length > 0)

const extensibleOf = (
  attribute: fc.Arbitrary<string | undefined>,
  rule: fc.Arbitrary<string | undefined>,
  value: fc.Arbitrary<AttributeValue>,
) =>
  fc
    .record({
      type: fc.constant('extensible' as const),
      rule,
      attribute,
      value: value.map(asserted),
      dnAttributes: fc.boolean(),
    })
    .filter(({ rule, attribute }) => rule !== undefined || attribute !== undefined)

const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const anyItem: fc.Arbitrary<Filter> = descriptions.chain((attribute) =>
  fc.oneof(
    fc.constant<Filter>({ type: 'present', attribute }),
    fc.record({
      type: fc.constantFrom('equality' as const, 'equality' as const, 'approx' as const),
      attribute: fc.constant(attribute),
      value: valueFor(attribute).map(asserted),
    }),
    fc.record({
      type: fc.constantFrom('greaterOrEqual' as const, 'lessOrEqual' as const),
      attribute: fc.constant(attribute),
      value: valueFor(attribute).map(asserted),
    }),
    substringsOf(attribute),
    extensibleOf(optional(fc.constant(attribute)), optional(rule), valueFor(attribute)),
  ),
)
/** Items that are seldom True when attribute, rule and value are drawn apart from each other. */
const fittingItem: fc.Arbitrary<Filter> = fc.oneof(
  fc.constantFrom('cn', 'uid', 'mail', 'memberUid', 'displayName', 'name', 'x-attr').chain(substringsOf),
  extensibleOf(fc.constantFrom('member', 'memberOf'), fc.constant('1.2.840.113556.1.4.1941'), aDn),
  extensibleOf(
    fc.constantFrom('userAccountControl', 'uidNumber'),
    fc.constantFrom('1.2.840.113556.1.4.803', '1.2.840.113556.1.4.804'),
    aNumber,
  ),
  extensibleOf(
    optional(fc.constantFrom('cn', 'uid', 'ou', 'sn', 'name', 'memberUid')),
    fc.constantFrom('caseExactMatch', 'caseIgnoreMatch', '2.5.13.2'),
    aText,
  ),
  extensibleOf(optional(fc.constantFrom('member', 'memberOf', 'manager')), fc.constant('distinguishedNameMatch'), aDn),
  extensibleOf(optional(fc.constant('objectClass')), fc.constant('objectIdentifierMatch'), aClass),
  extensibleOf(optional(fc.constant('uidNumber')), fc.constant('integerMatch'), aNumber),
  fc.record({ type: fc.constant('equality' as const), attribute: fc.constant('memberOf'), value: aDn.map(asserted) }),
)
const item: fc.Arbitrary<Filter> = fc.oneof(
  { weight: 10, arbitrary: anyItem },
  { weight: 10, arbitrary: fittingItem },
  { weight: 1, arbitrary: fc.constant<Filter>({ type: 'unrecognized' }) },
)

export const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 4, arbitrary: item },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constantFrom('and' as const, 'or' as const),
        filters: fc.array(tie('filter'), { maxLength: 3 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('not' as const), filter: tie('filter') }) },
  ),
}))

export const scope = fc.constantFrom<Scope[]>('baseObject', 'singleLevel', 'wholeSubtree', 'subordinateSubtree')

export const hidden = fc.record({
  attributes: fc.subarray(['sn', 'mail', 'userPassword', 'ou']).map((names) => new Set(names)),
  entryUUIDs: fc
    .oneof(fc.constant([]), fc.subarray([0, 1, 2, 3, 4, 5, 6]))
    .map((numbers) => new Set(numbers.map(uuid))),
})
