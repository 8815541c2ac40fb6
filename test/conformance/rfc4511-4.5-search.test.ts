import { describe, expect, test } from 'vitest'
import { Oid } from '../../server/protocol/oids.ts'
import { ResultCode } from '../../server/protocol/result-code.ts'
import { control, pagedResultsValue, type SearchOptions } from '../builders/client-requests.ts'
import { RawLdapClient, type ReceivedResult } from '../builders/raw-ldap-client.ts'
import { peopleLdif, reader, startTestLdapServer, suffix } from '../builders/running-ldap-server.ts'

const people = `ou=people,${suffix}`
const groups = `ou=groups,${suffix}`

async function searchAs(who: 'reader' | 'ada' | 'anonymous', options: SearchOptions): Promise<ReceivedResult> {
  await using server = await startTestLdapServer()
  await using client = await RawLdapClient.connect(server.port)
  if (who === 'reader') await client.bind(reader.dn, reader.password)
  if (who === 'ada') await client.bind(`uid=ada,${people}`, 'ada-secret')
  const answer = await client.search(options)
  expect(server.defects).toEqual([])
  return answer
}

const names = (answer: ReceivedResult) => answer.entries.map(({ dn }) => dn.split(',')[0]).sort()

describe('RFC 4511 §4.5.1: scope and base', () => {
  test.each<[string, SearchOptions, (string | undefined)[]]>([
    ['base is the entry alone', { base: suffix, scope: 0 }, ['dc=example']],
    ['one level is the children', { base: suffix, scope: 1 }, ['ou=groups', 'ou=people']],
    ['one level below a leaf is empty', { base: `uid=ada,${people}`, scope: 1 }, []],
    ['a subtree holds its base', { base: people, scope: 2 }, ['ou=people', 'uid=ada', 'uid=grace', 'uid=zoë']],
    ['a subtree below a leaf is the leaf', { base: `uid=ada,${people}`, scope: 2 }, ['uid=ada']],
    ['subordinates leave the base out', { base: people, scope: 3 }, ['uid=ada', 'uid=grace', 'uid=zoë']],
    ['an empty base with a subtree is everything', { base: '', scope: 2, filter: '(uid=ada)' }, ['uid=ada']],
    [
      'any entry may be the base, in any spelling',
      { base: ' UID = Ada , ou=PEOPLE,dc=example,DC=COM', scope: 0 },
      ['uid=ada'],
    ],
    [
      'a base with OIDs for types',
      { base: '0.9.2342.19200300.100.1.1=ada,2.5.4.11=people,dc=example,dc=com', scope: 0 },
      ['uid=ada'],
    ],
    ['a base with hex escapes', { base: `uid=zo\\c3\\ab,${people}`, scope: 0 }, ['uid=zoë']],
  ])('%s', async (_name, options, expected) => {
    const answer = await searchAs('reader', options)
    expect(answer.resultCode).toBe(ResultCode.success)
    expect(names(answer)).toEqual(expected)
  })

  test('a missing base is noSuchObject with the entry that is there', async () => {
    expect(await searchAs('reader', { base: `uid=x,ou=missing,${suffix}` })).toMatchObject({
      resultCode: ResultCode.noSuchObject,
      matchedDN: suffix,
    })
    expect(await searchAs('reader', { base: 'dc=elsewhere' })).toMatchObject({
      resultCode: ResultCode.noSuchObject,
      matchedDN: '',
    })
  })

  test.each(['not a dn', 'uid=ada,,dc=com', 'uid=\\zz'])('"%s" as base is invalidDNSyntax', async (base) => {
    expect((await searchAs('reader', { base })).resultCode).toBe(ResultCode.invalidDNSyntax)
  })

  test('an unknown scope is protocolError, and the connection goes on', async () => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    expect((await client.search({ scope: 7 })).resultCode).toBe(ResultCode.protocolError)
    expect((await client.search({ base: '', scope: 0 })).resultCode).toBe(ResultCode.success)
  })

  test.each([0, 1, 2, 3])('derefAliases %i is accepted', async (deref) => {
    expect(names(await searchAs('reader', { deref, filter: '(uid=ada)' }))).toEqual(['uid=ada'])
  })
})

describe('RFC 4511 §4.5.1.7: filters', () => {
  test.each<[string, (string | undefined)[]]>([
    ['(uid=ADA)', ['uid=ada']],
    ['(cn=ada   LOVELACE)', ['uid=ada']],
    ['(2.5.4.3=Ada Lovelace)', ['uid=ada']],
    ['(commonName=Ada Lovelace)', ['uid=ada']],
    ['(name=Ada*)', ['uid=ada']],
    ['(cn=ZOË ångström)', ['uid=zoë']],
    ['(cn=Zoe\u0308 A\u030angstro\u0308m)', ['uid=zoë']],
    ['(cn;lang-de=Grazia Hopper)', ['uid=grace']],
    ['(cn;lang-fr=*)', []],
    ['(&(objectClass=person)(uid=ada))', ['uid=ada']],
    ['(|(uid=ada)(uid=grace)(noSuchAttribute=x))', ['uid=ada', 'uid=grace']],
    ['(&(objectClass=posixAccount)(!(uid=ada)))', ['uid=grace', 'uid=zoë']],
    ['(!(noSuchAttribute=x))', []],
    ['(!(objectClass=noSuchClass))', []],
    ['(!(cn=))', []], // no DirectoryString is empty (RFC 4517 §3.3.6), an IA5String may be (§3.3.15)
    ['(&(uid=ada)(!(mail=)))', ['uid=ada']],
    ['(!(seeAlso= ))', []], // spaces are no name
    [
      '(&)',
      [
        'cn=empty',
        'cn=engineering',
        'cn=staff',
        'dc=example',
        'ou=groups',
        'ou=people',
        'uid=ada',
        'uid=grace',
        'uid=zoë',
      ],
    ],
    ['(|)', []],
    ['(uidNumber>=10002)', ['uid=grace', 'uid=zoë']],
    ['(uidNumber<=9)', []],
    ['(mail=*@EXAMPLE.com)', ['uid=ada', 'uid=grace']],
    ['(cn=a*love*ace)', ['uid=ada']],
    ['(cn=ada*)', ['uid=ada']],
    ['(cn=*hopper)', ['uid=grace']],
    ['(uid=\\2a)', []],
    ['(cn~=ada lovelace)', ['uid=ada']],
    ['(uid:caseExactMatch:=ADA)', []],
    ['(uid:2.5.13.2:=ADA)', ['uid=ada']],
    ['(:caseIgnoreMatch:=ada)', ['cn=engineering', 'uid=ada']],
    ['(&(uid=ada)(ou:dn:=people))', ['uid=ada']],
    ['(:dn:caseIgnoreMatch:=groups)', ['cn=empty', 'cn=engineering', 'cn=staff', 'ou=groups']],
    ['(uid:noSuchRule:=ada)', []],
    ['(userAccountControl:1.2.840.113556.1.4.803:=512)', ['uid=ada']],
    ['(userAccountControl:1.2.840.113556.1.4.803:=514)', []],
    ['(userAccountControl:1.2.840.113556.1.4.804:=514)', ['uid=ada']],
    [`(memberOf=CN=Engineering, ${groups})`, ['uid=ada', 'uid=grace']],
    [`(memberOf=cn=staff,${groups})`, ['cn=engineering']],
    [`(memberOf:1.2.840.113556.1.4.1941:=cn=staff,${groups})`, ['cn=engineering', 'uid=ada', 'uid=grace']],
    [`(member:1.2.840.113556.1.4.1941:=uid=ada,${people})`, ['cn=engineering', 'cn=staff']],
    [`(uniqueMember=uid=ada,${people})`, ['cn=engineering']],
    [`(member=uid=ada,${people})`, ['cn=engineering']],
    ['(member=not a dn)', []],
    ['(hasSubordinates=TRUE)', ['dc=example', 'ou=groups', 'ou=people']],
    ['(jpegPhoto=\\ff\\d8\\ff\\e0\\00\\10\\ff)', []],
    [
      '(modifyTimestamp>=20251231000000Z)',
      [
        'cn=empty',
        'cn=engineering',
        'cn=staff',
        'dc=example',
        'ou=groups',
        'ou=people',
        'uid=ada',
        'uid=grace',
        'uid=zoë',
      ],
    ],
    ['(userPassword=*)', []],
    ['(userPassword=ada-secret)', []],
  ])('%s', async (filter, expected) => {
    const answer = await searchAs('reader', { filter })
    expect(answer.resultCode).toBe(ResultCode.success)
    expect(names(answer)).toEqual(expected)
  })

  test('an OR of 2,000 terms', async () => {
    const filter = `(|${Array.from({ length: 2000 }, (_, i) => `(uid=user${i})`).join('')}(uid=ada))`
    expect(names(await searchAs('reader', { filter }))).toEqual(['uid=ada'])
  })

  test('a filter nested too deep is adminLimitExceeded, and the connection goes on', async () => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    await client.bind(reader.dn, reader.password)
    let filter = Buffer.from('870b6f626a656374436c617373', 'hex')
    for (let i = 0; i < 100; i += 1)
      filter = Buffer.concat([Buffer.of(0xa2, 0x82, filter.length >> 8, filter.length & 0xff), filter])
    expect((await client.search({ filter })).resultCode).toBe(ResultCode.adminLimitExceeded)
    expect((await client.search({ filter: '(uid=ada)' })).entries).toHaveLength(1)
  })
})

describe('RFC 4511 §4.5.1.8: requested attributes', () => {
  const namesOf = async (attributes: string[], more: SearchOptions = {}) => {
    const answer = await searchAs('reader', { base: `uid=ada,${people}`, scope: 0, attributes, ...more })
    return [...(answer.entries[0]?.attributes.keys() ?? [])]
  }
  const user = [
    'objectClass',
    'uid',
    'cn',
    'sn',
    'givenName',
    'mail',
    'uidNumber',
    'gidNumber',
    'homeDirectory',
    'loginShell',
    'userPrincipalName',
    'userAccountControl',
  ]
  const operational = [
    'createTimestamp',
    'modifyTimestamp',
    'structuralObjectClass',
    'entryUUID',
    'entryDN',
    'subschemaSubentry',
    'memberOf',
    'hasSubordinates',
  ]

  test.each<[string, string[], string[]]>([
    ['none asked for: the user attributes', [], user],
    ['`*`: the user attributes', ['*'], user],
    ['`+`: the operational attributes (RFC 3673)', ['+'], operational],
    ['`*` and `+`', ['*', '+'], [...user, ...operational]],
    ['`1.1`: none', ['1.1'], []],
    ['`1.1` beside a name is ignored', ['1.1', 'uid'], ['uid']],
    ['names in any case, in the order of the entry', ['MAIL', 'Uid'], ['uid', 'mail']],
    ['names by OID and by second name', ['2.5.4.3', 'surname'], ['cn', 'sn']],
    ['the same name twice', ['uid', 'uid', 'UID'], ['uid']],
    ['unknown names are ignored', ['noSuchAttribute', 'uid', 'dn'], ['uid']],
    ['a supertype gives its subtypes', ['name'], ['cn', 'sn', 'givenName']],
    ['a name with an option the entry does not have', ['cn;lang-de'], []],
    [
      '`@class` (RFC 4529)',
      ['@posixAccount'],
      ['objectClass', 'uid', 'cn', 'uidNumber', 'gidNumber', 'homeDirectory', 'loginShell'],
    ],
    ['an operational attribute by name', ['memberOf', 'entryUUID'], ['entryUUID', 'memberOf']],
    ['the password, never', ['userPassword', 'uid'], ['uid']],
  ])('%s', async (_name, attributes, expected) => {
    expect(await namesOf(attributes)).toEqual(expected)
  })

  test('5,000 names in one request', async () => {
    expect(await namesOf([...Array.from({ length: 5000 }, (_, i) => `attr${i}`), 'uid'])).toEqual(['uid'])
  })

  test('a name with an option gives what has that option', async () => {
    const answer = await searchAs('reader', { base: `uid=grace,${people}`, scope: 0, attributes: ['cn;lang-de'] })
    expect([...(answer.entries[0]?.attributes ?? [])]).toEqual([['cn;lang-de', ['Grazia Hopper']]])
  })

  test('typesOnly sends no values', async () => {
    const answer = await searchAs('reader', {
      base: `uid=ada,${people}`,
      scope: 0,
      attributes: ['uid', 'memberOf'],
      typesOnly: true,
    })
    expect([...(answer.entries[0]?.attributes ?? [])]).toEqual([
      ['uid', []],
      ['memberOf', []],
    ])
  })

  test('uniqueMember is there when it is asked for by name', async () => {
    const answer = await searchAs('reader', {
      base: `cn=engineering,${groups}`,
      scope: 0,
      attributes: ['uniqueMember'],
    })
    expect([...(answer.entries[0]?.attributes ?? [])]).toEqual([
      ['uniqueMember', [`uid=ada,${people}`, `uid=grace,${people}`]],
    ])
  })
})

describe('RFC 4511 §4.5.1.4, §4.5.1.5, §4.5.2: limits and results', () => {
  test('more entries than sizeLimit give sizeLimitExceeded and as many entries', async () => {
    const answer = await searchAs('reader', { filter: '(uid=*)', sizeLimit: 2 })
    expect(answer).toMatchObject({ resultCode: ResultCode.sizeLimitExceeded })
    expect(answer.entries).toHaveLength(2)
  })

  test('exactly sizeLimit entries are a success', async () => {
    const answer = await searchAs('reader', { filter: '(uid=*)', sizeLimit: 3 })
    expect(answer).toMatchObject({ resultCode: ResultCode.success })
    expect(answer.entries).toHaveLength(3)
  })

  test('a directory that no sync has filled is unavailable, not empty', async () => {
    await using server = await startTestLdapServer({ ldif: '' })
    await using client = await RawLdapClient.connect(server.port)
    await client.bind(reader.dn, reader.password)
    expect(await client.search({ filter: '(uid=ada)' })).toMatchObject({ resultCode: ResultCode.unavailable })
    expect((await client.search({ base: '', scope: 0 })).entries).toHaveLength(1)
  })
})

describe('access control: who sees what', () => {
  test.each<[string, 'ada' | 'anonymous', SearchOptions, (string | undefined)[]]>([
    ['anonymous sees the base entry and nothing below', 'anonymous', { filter: '(objectClass=*)' }, ['dc=example']],
    [
      'a person sees herself, her groups and the containers',
      'ada',
      { filter: '(objectClass=*)' },
      ['cn=engineering', 'dc=example', 'ou=groups', 'ou=people', 'uid=ada'],
    ],
    ['a person finds nobody else', 'ada', { filter: '(uid=grace)' }, []],
  ])('%s', async (_name, who, options, expected) => {
    expect(names(await searchAs(who, options))).toEqual(expected)
  })

  test('what may not be read does not exist', async () => {
    expect(await searchAs('ada', { base: `uid=grace,${people}`, scope: 0 })).toMatchObject({
      resultCode: ResultCode.noSuchObject,
      matchedDN: people,
    })
    expect(await searchAs('anonymous', { base: `uid=ada,${people}`, scope: 0 })).toMatchObject({
      resultCode: ResultCode.noSuchObject,
      matchedDN: suffix,
    })
  })
})

describe('RFC 4512 §4, §5: subschema and root DSE', () => {
  test('the root DSE is there before a bind, operational attributes on request', async () => {
    const plain = await searchAs('anonymous', { base: '', scope: 0 })
    expect([...(plain.entries[0]?.attributes.keys() ?? [])]).toEqual(['objectClass'])
    const full = await searchAs('anonymous', { base: '', scope: 0, attributes: ['*', '+'] })
    const attributes = full.entries[0]?.attributes
    expect(attributes?.get('namingContexts')).toEqual([suffix])
    expect(attributes?.get('supportedLDAPVersion')).toEqual(['3'])
    expect(attributes?.get('supportedControl')).toEqual(expect.arrayContaining([Oid.pagedResults]))
    expect(attributes?.get('supportedExtension')).toEqual(expect.arrayContaining([Oid.startTls, Oid.whoAmI]))
    expect(attributes?.get('subschemaSubentry')).toEqual(['cn=Subschema'])
    expect(
      (await searchAs('anonymous', { base: '', scope: 0, attributes: ['NAMINGCONTEXTS'] })).entries[0]?.attributes.size,
    ).toBe(1)
  })

  test.each(['CN = subschema', 'cn=sub\\73chema', '2.5.4.3=Subschema', `cn=Subschema${' '.repeat(300)}`])(
    'the subschema is there by any spelling of its name: %s',
    async (base) => {
      expect((await searchAs('anonymous', { base, scope: 0 })).entries.map(({ dn }) => dn)).toEqual(['cn=Subschema'])
    },
  )

  test('every attribute served is published, and allowed by a class of its entry', async () => {
    await using server = await startTestLdapServer({
      ldif: `${peopleLdif}\ndn: cn=odd,${groups}\nobjectClass: oddClass\ncn: odd\noddAttribute: x\n`,
    })
    await using client = await RawLdapClient.connect(server.port)
    await client.bind(reader.dn, reader.password)
    const subschema = await client.search({
      base: 'cn=Subschema',
      scope: 0,
      attributes: ['attributeTypes', 'objectClasses'],
    })
    const attributeTypes = subschema.entries[0]?.attributes.get('attributeTypes') ?? []
    const { entries } = await client.search({ attributes: ['*', '+'] })
    expect(entries.length).toBeGreaterThan(9)
    for (const { dn, attributes } of entries) {
      const classes = (attributes.get('objectClass') ?? []).map((name) => server.schema.objectClass(name))
      const allowed = new Set(
        classes.flatMap((objectClass) => (objectClass ? [...server.schema.attributesOfClass(objectClass)] : [])),
      )
      for (const name of attributes.keys()) {
        const type = server.schema.description(name)?.type
        expect(
          attributeTypes.some((definition) => definition === type?.definition),
          `${dn}: ${name} is published`,
        ).toBe(true)
        expect(type?.isOperational || (type && allowed.has(type)), `${dn}: ${name} is allowed`).toBe(true)
      }
    }
  })
})

describe('RFC 2696: paged results', () => {
  const page = (size: number, cookie?: Uint8Array, isCritical = true) =>
    control(Oid.pagedResults, isCritical, pagedResultsValue(size, cookie))
  const cookieOf = (answer: ReceivedResult) => {
    const value = answer.controls.get(Oid.pagedResults)
    return value?.subarray(value.indexOf(0x04, 5) + 2) ?? Buffer.alloc(0)
  }

  async function pages(client: RawLdapClient, options: SearchOptions, size: number): Promise<(string | undefined)[]> {
    const found: (string | undefined)[] = []
    let cookie: Buffer = Buffer.alloc(0)
    do {
      const answer = await client.search(options, 2, page(size, cookie))
      expect(answer.resultCode).toBe(ResultCode.success)
      expect(answer.entries.length).toBeLessThanOrEqual(size)
      found.push(...names(answer))
      cookie = cookieOf(answer)
    } while (cookie.length > 0)
    return found
  }

  test.each([1, 2, 3, 4, 8, 9, 10, 1000])('pages of %i give every entry once', async (size) => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    await client.bind(reader.dn, reader.password)
    const found = await pages(client, {}, size)
    expect(found.toSorted()).toEqual(names(await client.search({})))
  })

  test('several listings on one connection do not disturb each other', async () => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    await client.bind(reader.dn, reader.password)
    const first = await client.search({ filter: '(uid=*)' }, 2, page(1))
    const second = await client.search({ filter: '(gidNumber=*)' }, 3, page(1))
    expect(names(await client.search({ filter: '(uid=*)' }, 4, page(9, cookieOf(first))))).toHaveLength(2)
    expect(names(await client.search({ filter: '(gidNumber=*)' }, 5, page(9, cookieOf(second))))).toHaveLength(5)
  })

  test('a cookie is good for its own search and bind only', async () => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    await client.bind(reader.dn, reader.password)
    const cookie = cookieOf(await client.search({ filter: '(uid=*)' }, 2, page(1)))
    const forged = Buffer.from(cookie)
    forged[3] = (forged[3] ?? 0) ^ 1
    expect((await client.search({ filter: '(cn=*)' }, 3, page(1, cookie))).resultCode).toBe(
      ResultCode.unwillingToPerform,
    )
    expect((await client.search({ filter: '(uid=*)' }, 4, page(1, forged))).resultCode).toBe(
      ResultCode.unwillingToPerform,
    )
    expect((await client.search({ filter: '(uid=*)' }, 5, page(1, Buffer.from('no such cookie')))).resultCode).toBe(
      ResultCode.unwillingToPerform,
    )
    await client.bind(`uid=ada,${people}`, 'ada-secret')
    expect((await client.search({ filter: '(uid=*)' }, 6, page(1, cookie))).resultCode).toBe(
      ResultCode.unwillingToPerform,
    )
  })

  test('size 0 with a cookie ends the listing', async () => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    await client.bind(reader.dn, reader.password)
    const cookie = cookieOf(await client.search({ filter: '(uid=*)' }, 2, page(1)))
    const ended = await client.search({ filter: '(uid=*)' }, 3, page(0, cookie))
    expect(ended).toMatchObject({ resultCode: ResultCode.success, entries: [] })
    expect(cookieOf(ended)).toHaveLength(0)
  })

  test('entries that change between pages neither repeat nor hide others', async () => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    await client.bind(reader.dn, reader.password)
    const first = await client.search({ filter: '(uid=*)' }, 2, page(1))
    const [sent] = first.entries
    const entry = server.directory.entryByDn(sent?.dn ?? '')!
    await server.directory.commit({
      cause: { kind: 'server', id: 'test' },
      records: [],
      entries: [
        { type: 'put', entry: { ...entry, attributes: new Map([...entry.attributes, ['title', ['changed']]]) } },
      ],
    })
    const rest = await client.search({ filter: '(uid=*)' }, 3, page(9, cookieOf(first)))
    expect([...names(first), ...names(rest)].sort()).toEqual(['uid=ada', 'uid=grace', 'uid=zoë'])
  })

  test.each([
    ['no value', undefined],
    ['an empty value', Buffer.alloc(0)],
    ['garbage', Buffer.from('307f02', 'hex')],
    ['a negative size', pagedResultsValue(-5)],
  ])('%s in the control is protocolError', async (_name, value) => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    await client.bind(reader.dn, reader.password)
    expect((await client.search({}, 2, control(Oid.pagedResults, true, value))).resultCode).toBe(
      ResultCode.protocolError,
    )
  })

  test('sizeLimit counts over the pages', async () => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    await client.bind(reader.dn, reader.password)
    const first = await client.search({ sizeLimit: 3 }, 2, page(2))
    const second = await client.search({ sizeLimit: 3 }, 3, page(2, cookieOf(first)))
    expect([first.entries.length, second.entries.length, second.resultCode]).toEqual([
      2,
      1,
      ResultCode.sizeLimitExceeded,
    ])
  })
})
