import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BerReader, Tag } from '../../server/protocol/ber-reader.ts'
import { element, integerElement, textElement } from '../../server/protocol/ber-writer.ts'
import { parseFilter } from '../../server/protocol/filter-string.ts'
import { Oid } from '../../server/protocol/oids.ts'
import { ResultCode } from '../../server/protocol/result-code.ts'
import { compareOperation, control, type SearchOptions } from '../builders/client-requests.ts'
import { encodeFilter } from '../builders/ldap-messages.ts'
import { RawLdapClient, type ReceivedEntry, type ReceivedResult } from '../builders/raw-ldap-client.ts'
import { type RunningLdapServer, startTestLdapServer, suffix } from '../builders/running-ldap-server.ts'

/*
 * Who may see what, asked in every way there is. `Rules` below says in a few lines which values each identity may see; every way of
 * asking (returned, filtered, compared, sorted, asserted, dereferenced…) must agree with it, for every entry and attribute.
 */

// The directory, by short names

const people = `ou=people,${suffix}`
const linux = `ou=linux,${people}`
const groups = `ou=groups,${suffix}`
const dns = {
  suffix,
  people,
  groups,
  sudoers: `ou=sudoers,${suffix}`,
  linux,
  mac: `ou=mac,${people}`,
  ada: `uid=ada,${linux}`,
  bob: `uid=bob,${linux}`,
  carol: `uid=carol,ou=mac,${people}`,
  adas: `cn=adas,${groups}`,
  bobs: `cn=bobs,${groups}`,
  staff: `cn=staff,${groups}`,
  role: `cn=all,ou=sudoers,${suffix}`,
} as const
type Name = keyof typeof dns
const names = Object.keys(dns) as Name[] // the keys of a literal

/** Everything stored, in the spelling that is served. */
const stored: Record<Name, Record<string, readonly string[]>> = {
  suffix: { objectClass: ['domain'], dc: ['example'] },
  people: { objectClass: ['organizationalUnit'], ou: ['people'] },
  groups: { objectClass: ['organizationalUnit'], ou: ['groups'] },
  sudoers: { objectClass: ['organizationalUnit'], ou: ['sudoers'] },
  linux: { objectClass: ['organizationalUnit'], ou: ['linux'], manager: [dns.bob] },
  mac: { objectClass: ['organizationalUnit'], ou: ['mac'], manager: [dns.carol] },
  ada: person('ada', '3', dns.bob),
  bob: person('bob', '7', dns.carol),
  carol: person('carol', '5', dns.ada),
  adas: group('adas', ['ada', 'bob', 'carol'], [dns.ada, dns.bob, dns.carol, 'uid=gone,dc=example,dc=com']),
  bobs: group('bobs', ['bob', 'carol'], [dns.bob, dns.carol]),
  staff: group('staff', [], [dns.adas]),
  role: {
    objectClass: ['sudoRole'],
    cn: ['all'],
    sudoUser: ['ada', 'bob'],
    modifiersName: [dns.carol],
  },
}

function person(uid: string, employeeNumber: string, manager: string) {
  return {
    objectClass: ['inetOrgPerson', 'sambaSamAccount'],
    uid: [uid],
    cn: [uid],
    sn: [uid],
    employeeNumber: [employeeNumber],
    mail: [`${uid}@example.com`],
    manager: [manager],
    sambaNTPassword: [`AABB${employeeNumber}`],
    userPassword: [`${uid}-secret`],
    modifiersName: [dns.carol],
  }
}

function group(cn: string, memberUid: readonly string[], member: readonly string[]) {
  return { objectClass: ['groupOfNames'], cn: [cn], memberUid, member }
}

const ldif = names
  .map((name) =>
    [
      `dn: ${dns[name]}`,
      ...Object.entries(stored[name]).flatMap(([type, values]) => values.map((value) => `${type}: ${value}`)),
    ].join('\n'),
  )
  .join('\n\n')

// The rule table

interface Rules {
  readonly readable: readonly Name[]
  /** Attributes the identity may see; none of the rest. */
  readonly mayRead: (attribute: string) => boolean
  /** Names of entries it may not read are kept from it as values too. */
  readonly hidesNames: boolean
}

const secrets = ['userPassword', 'sambaNTPassword']
const noSecret = (attribute: string) => !secrets.includes(attribute)
const noPassword = (attribute: string) => attribute !== 'userPassword'
const whole: Rules = { readable: names, mayRead: noSecret, hidesNames: false }
const containers = ['suffix', 'people', 'groups', 'sudoers'] as const
const listed = ['objectClass', 'uid', 'member', 'memberOf']
const binderPassword = 'a-Binder-Secret-1'

interface Identity {
  readonly name: string
  readonly bindName?: string
  readonly password?: string
  readonly isOverTls?: true
  readonly binder?: object
  readonly rules: Rules
}

const identities: readonly Identity[] = [
  { name: 'anonymous', rules: { readable: ['suffix'], mayRead: noSecret, hidesNames: true } },
  {
    name: 'a person',
    bindName: dns.ada,
    password: 'ada-secret',
    rules: { readable: [...containers, 'ada', 'adas'], mayRead: noSecret, hidesNames: true },
  },
  binder('whole-tree', {}, whole),
  binder(
    'subtrees',
    { scope: { subtrees: [linux, dns.adas] } },
    { readable: [...containers, 'linux', 'ada', 'bob', 'adas'], mayRead: noSecret, hidesNames: true },
  ),
  binder(
    'subtrees-and-filter',
    { scope: { subtrees: [linux, groups], filter: '(!(employeeNumber=7))' } },
    { readable: [...containers, 'linux', 'ada', 'adas', 'bobs', 'staff'], mayRead: noSecret, hidesNames: true },
  ),
  binder(
    'attribute-list',
    { attributes: ['uid', 'member', 'memberOf'] },
    { ...whole, mayRead: (attribute) => listed.includes(attribute) },
  ),
  binder('nt-hash-in-clear', { grants: ['ntHash'] }, { ...whole, mayRead: noPassword }),
  { ...binder('nt-hash-over-tls', { grants: ['ntHash'] }, { ...whole, mayRead: noPassword }), isOverTls: true },
  binder(
    'nt-hash-listed',
    { grants: ['ntHash'], attributes: ['sambaNTPassword', 'userPassword'] },
    { ...whole, mayRead: (attribute) => ['objectClass', 'sambaNTPassword'].includes(attribute) },
  ),
  binder(
    'nt-hash-not-granted',
    { attributes: ['uid', 'sambaNTPassword'] },
    { ...whole, mayRead: (attribute) => ['objectClass', 'uid'].includes(attribute) },
  ),
]

function binder(name: string, settings: object, rules: Rules): Identity {
  return {
    name: `binder ${name}`,
    bindName: `cn=${name},ou=services,${suffix}`,
    password: binderPassword,
    binder: { name, password: binderPassword, ...settings },
    rules,
  }
}

const parentOf = (name: Name) => dns[name].slice(dns[name].indexOf(',') + 1)
const dnOf = (name: Name): string => dns[name]
const sorted = (values: Iterable<string>) => [...values].toSorted()
const nameOfDn = new Map<string, Name>(names.map((name) => [dns[name], name]))

/** Values that an entry has, to somebody who may see everything but names of entries that `rules` hide. */
function valuesThere(name: Name, attribute: string, { readable, hidesNames }: Rules): readonly string[] {
  const isReadable = (dn: string) => readable.some((other) => dns[other] === dn)
  const isNameShown = (dn: string) => !hidesNames || isReadable(dn)
  switch (attribute) {
    case 'member':
    case 'uniqueMember':
      return (stored[name]['member'] ?? []).filter(isNameShown)
    case 'manager':
    case 'modifiersName':
      return (stored[name][attribute] ?? []).filter(isNameShown)
    case 'memberUid':
      return (stored[name]['memberUid'] ?? []).filter(
        (uid) => !hidesNames || readable.some((other) => stored[other]['uid']?.includes(uid)),
      )
    case 'memberOf':
      return names.filter((other) => isReadable(dns[other]) && stored[other]['member']?.includes(dns[name])).map(dnOf)
    case 'hasSubordinates':
      return [readable.some((other) => parentOf(other) === dns[name]) ? 'TRUE' : 'FALSE']
    case 'entryDN':
      return [dns[name]]
    default:
      return stored[name][attribute] ?? []
  }
}

/** Values that the identity may see. */
function visible(rules: Rules, name: Name, attribute: string): readonly string[] {
  return rules.readable.includes(name) && rules.mayRead(attribute) ? valuesThere(name, attribute, rules) : []
}

/** Every attribute asked about, and every value that one has somewhere. */
const ordinary = ['dc', 'ou', 'uid', 'employeeNumber', 'mail', 'sudoUser']
const naming = ['manager', 'member', 'memberUid', 'uniqueMember']
const operational = ['memberOf', 'entryDN', 'hasSubordinates', 'modifiersName']
const attributes = [...ordinary, ...naming, ...operational, ...secrets]
const everything: Rules = { readable: names, mayRead: () => true, hidesNames: false }
const valuesOf = (attribute: string) => [...new Set(names.flatMap((name) => visible(everything, name, attribute)))]
const assertions = attributes.flatMap((attribute) => valuesOf(attribute).map((value) => ({ attribute, value })))

// Asking

let server: RunningLdapServer
const clients = new Map<string, RawLdapClient>()

async function connected({ bindName, password, isOverTls }: Identity): Promise<RawLdapClient> {
  const client = isOverTls
    ? await RawLdapClient.connectTls(server.tlsPort ?? 0, { ca: server.caPem, servername: 'localhost' })
    : await RawLdapClient.connect(server.port)
  if (bindName !== undefined) expect((await client.bind(bindName, password ?? '')).resultCode).toBe(ResultCode.success)
  return client
}

beforeAll(async () => {
  server = await startTestLdapServer({ ldif, binders: identities.flatMap(({ binder }) => binder ?? []) })
  // The builder keeps passwords apart from entries, as providers do; here they are in the entries as well.
  await server.directory.commit({
    cause: { kind: 'server', id: 'test' },
    records: [],
    entries: names.flatMap((name) => {
      const entry = server.directory.entryByDn(dns[name])
      return entry ? [{ type: 'put', entry: { ...entry, attributes: new Map(Object.entries(stored[name])) } }] : []
    }),
  })
  for (const identity of identities) clients.set(identity.name, await connected(identity))
})
afterAll(async () => {
  for (const client of clients.values()) await client[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const namesFound = ({ entries }: ReceivedResult) => sorted(entries.map(({ dn }) => nameOfDn.get(dn) ?? dn))
const attributesOf = (entry: ReceivedEntry | undefined) =>
  Object.fromEntries([...(entry?.attributes ?? [])].map(([type, values]) => [type, sorted(values)]))
const withValues = (rules: Rules, name: Name, asked: readonly string[]) =>
  Object.fromEntries(
    asked
      .map((attribute) => [attribute, sorted(visible(rules, name, attribute))] as const)
      .filter(([, values]) => values.length > 0),
  )
const sortKey = (attribute: string) =>
  control(Oid.sortRequest, true, element(Tag.sequence, element(Tag.sequence, textElement(Tag.octetString, attribute))))

describe.each(identities)('$name', ({ name, rules }) => {
  const search = async (options: SearchOptions, ...controls: Buffer[]) => {
    const client = clients.get(name)
    if (!client) throw new Error('not connected')
    return await client.search(options, 2, ...controls)
  }
  const found = async (filter: string) => namesFound(await search({ filter, base: '', attributes: ['1.1'] }))
  /** Entries of which one visible value passes; and for a negation, those where none does. */
  const matching = (attribute: string, passes: (value: string) => boolean) =>
    sorted(names.filter((entry) => visible(rules, entry, attribute).some(passes)))
  const notMatching = (attribute: string, passes: (value: string) => boolean) =>
    rules.mayRead(attribute)
      ? sorted(rules.readable.filter((entry) => !visible(rules, entry, attribute).some(passes)))
      : []
  /** Asks with each item as it is and negated. */
  const askEach = async (
    items: readonly { filter: string; attribute: string; passes: (value: string) => boolean }[],
  ) => {
    for (const { filter, attribute, passes } of items) {
      expect([filter, await found(filter)]).toEqual([filter, matching(attribute, passes)])
      const negated = `(!${filter})`
      expect([negated, await found(negated)]).toEqual([negated, notMatching(attribute, passes)])
    }
  }

  test('sees the entries it may, and no others', async () => {
    expect(await found('(&)')).toEqual(sorted(rules.readable))
    for (const entry of names) {
      const { resultCode, entries, matchedDN } = await search({ base: dns[entry], scope: 0 })
      const isReadable = rules.readable.includes(entry)
      expect([entry, resultCode, entries.length]).toEqual(
        isReadable ? [entry, ResultCode.success, 1] : [entry, ResultCode.noSuchObject, 0],
      )
      // An entry that is hidden looks like one that is not there.
      if (isReadable) continue
      const missing = await search({ base: dns[entry].replace(/^(\w+)=\w+/, '$1=missing'), scope: 0 })
      expect([matchedDN, entries]).toEqual([missing.matchedDN, missing.entries])
    }
  })

  test('gets the values it may, by name, by * and by +', async () => {
    for (const entry of rules.readable) {
      const asked = async (list: readonly string[]) =>
        attributesOf((await search({ base: dns[entry], scope: 0, attributes: list })).entries[0])
      expect(await asked(attributes)).toEqual(withValues(rules, entry, attributes))
      for (const attribute of attributes)
        expect(await asked([attribute.toUpperCase()])).toEqual(withValues(rules, entry, [attribute]))
      const user = Object.keys(stored[entry]).filter((attribute) => !operational.includes(attribute))
      expect(await asked(['*'])).toEqual(withValues(rules, entry, user))
      expect(await asked([])).toEqual(withValues(rules, entry, user))
      expect(await asked(['+'])).toMatchObject(withValues(rules, entry, operational))
      const typesOnly = await search({ base: dns[entry], scope: 0, typesOnly: true, attributes })
      expect(attributesOf(typesOnly.entries[0])).toEqual(
        Object.fromEntries(Object.keys(withValues(rules, entry, attributes)).map((attribute) => [attribute, []])),
      )
    }
  })

  test('filters by equality', async () => {
    await askEach(
      assertions.flatMap(({ attribute, value }) => {
        const passes = (other: string) => other === value
        return ['=', '~='].map((operator) => ({ filter: `(${attribute}${operator}${value})`, attribute, passes }))
      }),
    )
  })

  test('filters by presence', async () => {
    await askEach(attributes.map((attribute) => ({ filter: `(${attribute}=*)`, attribute, passes: () => true })))
  })

  test('filters by substrings', async () => {
    await askEach(
      assertions
        .filter(({ attribute }) => [...ordinary, 'memberUid', 'userPassword'].includes(attribute))
        .filter(({ value }) => value.length > 1)
        .flatMap(({ attribute, value }) => [
          {
            filter: `(${attribute}=${value.slice(0, 2)}*)`,
            attribute,
            passes: (other: string) => other.startsWith(value.slice(0, 2)),
          },
          {
            filter: `(${attribute}=*${value.slice(1)}*)`,
            attribute,
            passes: (other: string) => other.includes(value.slice(1)),
          },
        ]),
    )
  })

  test('filters by order', async () => {
    await askEach(
      assertions
        .filter(({ attribute }) => ['uid', 'employeeNumber', 'mail', 'sambaNTPassword'].includes(attribute))
        .flatMap(({ attribute, value }) => [
          { filter: `(${attribute}>=${value})`, attribute, passes: (other: string) => other >= value },
          { filter: `(${attribute}<=${value})`, attribute, passes: (other: string) => other <= value },
        ]),
    )
  })

  const namesEntries = ['manager', 'member', 'memberOf', 'entryDN', 'modifiersName']

  test('filters by an extensible match of one attribute', async () => {
    await askEach(
      assertions
        .filter(({ attribute }) => attribute !== 'userPassword')
        .map(({ attribute, value }) => ({
          filter: `(${attribute}:=${value})`,
          attribute,
          passes: (other) => other === value,
        })),
    )
    await askEach(
      assertions
        .filter(({ attribute }) => namesEntries.includes(attribute))
        .map(({ attribute, value }) => ({
          filter: `(${attribute}:distinguishedNameMatch:=${value})`,
          attribute,
          passes: (other) => other === value,
        })),
    )
  })

  test('filters by an extensible match of any attribute', async () => {
    const anyOf = (types: readonly string[], value: string) =>
      sorted(names.filter((entry) => types.some((type) => visible(rules, entry, type).includes(value))))
    for (const dn of Object.values(dns))
      expect([dn, await found(`(:distinguishedNameMatch:=${dn})`)]).toEqual([dn, anyOf(namesEntries, dn)])
    const texts = ['cn', 'sn', 'uid', 'ou', 'dc', 'mail', 'employeeNumber', 'memberUid', 'sudoUser', 'sambaNTPassword']
    for (const type of [...texts, 'userPassword'])
      for (const value of valuesOf(type))
        expect([value, await found(`(:caseIgnoreMatch:=${value})`)]).toEqual([value, anyOf(texts, value)])
    for (const value of valuesOf('userPassword')) expect(await found(`(:octetStringMatch:=${value})`)).toEqual([])
  })

  test('filters by the names above an entry', async () => {
    for (const [type, value] of [
      ['uid', 'bob'],
      ['uid', 'carol'],
      ['ou', 'linux'],
      ['ou', 'mac'],
    ] as const) {
      const expected = rules.mayRead(type)
        ? sorted(rules.readable.filter((entry) => dns[entry].split(',').includes(`${type}=${value}`)))
        : []
      expect([value, await found(`(${type}:dn:=${value})`)]).toEqual([value, expected])
    }
  })

  test('follows chains of groups through entries it may read', async () => {
    const isShown = (dn: string) => !rules.hidesNames || rules.readable.some((entry) => dns[entry] === dn)
    const above = (dn: string, seen: readonly Name[] = []): readonly Name[] => {
      const direct = rules.readable.filter((entry) => !seen.includes(entry) && stored[entry]['member']?.includes(dn))
      return direct.reduce<readonly Name[]>((all, entry) => [...all, ...above(dns[entry], all)], [...seen, ...direct])
    }
    for (const target of names) {
      const groupsOfTarget = rules.mayRead('member') && isShown(dns[target]) ? above(dns[target]) : []
      expect([target, await found(`(member:1.2.840.113556.1.4.1941:=${dns[target]})`)]).toEqual([
        target,
        sorted(new Set(groupsOfTarget)),
      ])
      const members = rules.mayRead('memberOf')
        ? rules.readable.filter((entry) => above(dns[entry]).includes(target))
        : []
      expect([target, await found(`(memberOf:1.2.840.113556.1.4.1941:=${dns[target]})`)]).toEqual([
        target,
        sorted(members),
      ])
    }
  })

  test('compares', async () => {
    const client = clients.get(name)
    for (const entry of names) {
      for (const { attribute, value } of assertions) {
        const answer = await client?.request(3, compareOperation(dns[entry], attribute, value))
        const values = visible(rules, entry, attribute)
        const expected = !rules.readable.includes(entry)
          ? ResultCode.noSuchObject
          : values.length === 0
            ? ResultCode.noSuchAttribute
            : values.includes(value)
              ? ResultCode.compareTrue
              : ResultCode.compareFalse
        expect([entry, attribute, value, answer?.resultCode]).toEqual([entry, attribute, value, expected])
      }
    }
  })

  test('asserts', async () => {
    for (const entry of names) {
      for (const { attribute, value } of assertions) {
        const filter = `(${attribute}=${value})`
        const ask = async (text: string) => {
          const holds = control(Oid.assertion, true, encodeFilter(parseFilter(text)))
          return (await search({ base: dns[entry], scope: 0, attributes: ['1.1'] }, holds)).resultCode
        }
        const outcome = (isTrue: boolean) =>
          !rules.readable.includes(entry)
            ? ResultCode.noSuchObject
            : isTrue
              ? ResultCode.success
              : ResultCode.assertionFailed
        const isVisible = visible(rules, entry, attribute).includes(value)
        expect([entry, filter, await ask(filter)]).toEqual([entry, filter, outcome(isVisible)])
        expect([entry, filter, await ask(`(!${filter})`)]).toEqual([
          entry,
          filter,
          outcome(!isVisible && rules.mayRead(attribute)),
        ])
      }
    }
  })

  /** The least visible value of an entry, by which it is sorted. */
  const least = (entry: Name, attribute: string) => sorted(visible(rules, entry, attribute))[0]
  const sortable = ['dc', 'ou', 'uid', 'employeeNumber', 'mail', 'sudoUser', 'memberUid', 'sambaNTPassword']

  test.each([...sortable, 'userPassword'])('sorts by %s', async (attribute) => {
    const answer = await search({ filter: '(&)', base: '', attributes: ['1.1'] }, sortKey(attribute))
    if (!rules.mayRead(attribute)) {
      expect([answer.resultCode, answer.entries]).toEqual([ResultCode.unavailableCriticalExtension, []])
      return
    }
    const inOrder = answer.entries.map(({ dn }) => least(nameOfDn.get(dn) ?? 'suffix', attribute))
    const expected = rules.readable.map((entry) => least(entry, attribute))
    const values = sorted(expected.filter((value) => value !== undefined))
    expect(inOrder).toEqual([...values, ...Array<undefined>(expected.length - values.length).fill(undefined)])
  })

  test.each([...sortable, 'userPassword'])('finds its place in a list by %s', async (attribute) => {
    for (const value of valuesOf(attribute)) {
      const window = element(
        Tag.sequence,
        integerElement(Tag.integer, 0),
        integerElement(Tag.integer, 0),
        textElement(0x81, value),
      )
      const answer = await search(
        { filter: '(&)', base: '', attributes: ['1.1'] },
        sortKey(attribute),
        control(Oid.virtualListViewRequest, true, window),
      )
      const target = answer.controls.get(Oid.virtualListViewResponse)
      if (!rules.mayRead(attribute)) {
        expect([answer.resultCode, answer.entries, target]).toEqual([
          ResultCode.unavailableCriticalExtension,
          [],
          undefined,
        ])
        continue
      }
      const reader = new BerReader(target ?? Buffer.alloc(0)).readConstructed(Tag.sequence)
      const before = rules.readable.filter((entry) => (least(entry, attribute) ?? '~') < value)
      expect([value, reader.readInteger(), reader.readInteger()]).toEqual([
        value,
        before.length + 1,
        rules.readable.length,
      ])
    }
  })

  test.each(['member', 'manager', 'memberOf', 'modifiersName'])('follows %s', async (attribute) => {
    const wanted = [...ordinary, 'memberOf', 'member', ...secrets]
    const list = element(Tag.sequence, ...wanted.map((type) => textElement(Tag.octetString, type)))
    const follow = control(
      Oid.dereference,
      false,
      element(Tag.sequence, element(Tag.sequence, textElement(Tag.octetString, attribute), list)),
    )
    for (const entry of rules.readable) {
      const { entries } = await search({ base: dns[entry], scope: 0, attributes: ['1.1'] }, follow)
      const expected = visible(rules, entry, attribute).map((dn) => {
        const target = nameOfDn.get(dn)
        return [dn, target ? withValues(rules, target, wanted) : {}]
      })
      expect([entry, readDereference(entries[0])]).toEqual([entry, expected])
    }
  })

  test('gets the matched values it may', async () => {
    for (const entry of rules.readable) {
      for (const { attribute, value } of assertions) {
        for (const filter of [`(${attribute}=${value})`, `(${attribute}=*)`]) {
          const only = control(Oid.matchedValues, true, element(Tag.sequence, encodeFilter(parseFilter(filter))))
          const { entries } = await search({ base: dns[entry], scope: 0, attributes }, only)
          const shown = visible(rules, entry, attribute).filter((each) => filter.endsWith('=*)') || each === value)
          const expected = shown.length === 0 ? {} : { [attribute]: sorted(shown) }
          expect([entry, filter, attributesOf(entries[0])]).toEqual([entry, filter, expected])
        }
      }
    }
  })

  test('reads the root DSE and the subschema whole, by every way', async () => {
    const client = clients.get(name)
    const root = await search({ base: '', scope: 0, filter: `(namingContexts=${suffix})`, attributes: ['vendorName'] })
    expect(attributesOf(root.entries[0])).toEqual({ vendorName: ['Rosterd'] })
    expect((await client?.request(3, compareOperation('', 'vendorName', 'Rosterd')))?.resultCode).toBe(
      ResultCode.compareTrue,
    )
    const schema = await search({ base: 'cn=Subschema', scope: 0, filter: '(cn=Subschema)', attributes: ['+'] })
    expect(schema.entries[0]?.attributes.get('attributeTypes')?.length).toBeGreaterThan(100)
  })
})

function readDereference(entry: ReceivedEntry | undefined): [string, Record<string, string[]>][] {
  const value = entry?.controls.get(Oid.dereference)
  if (!value) return []
  const list = new BerReader(value).readConstructed(Tag.sequence)
  const found: [string, Record<string, string[]>][] = []
  while (!list.isAtEnd) {
    const item = list.readConstructed(Tag.sequence)
    item.readText()
    const dn = item.readText()
    const result: Record<string, string[]> = {}
    const values = item.peekTag() === 0xa0 ? item.readConstructed(0xa0) : undefined
    while (values && !values.isAtEnd) {
      const attribute = values.readConstructed(Tag.sequence)
      const type = attribute.readText()
      const set = attribute.readConstructed(Tag.set)
      const texts: string[] = []
      while (!set.isAtEnd) texts.push(set.readText())
      result[type] = sorted(texts)
    }
    found.push([dn, result])
  }
  return found
}

test('nothing of this was a defect of the server', () => {
  expect(server.defects).toEqual([])
})
