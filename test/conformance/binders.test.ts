import { networkInterfaces } from 'node:os'
import { Client } from 'ldapts'
import { describe, expect, test } from 'vitest'
import { Oid } from '../../server/protocol/oids.ts'
import { ResultCode } from '../../server/protocol/result-code.ts'
import { compareOperation, control, extendedOperation, pagedResultsValue } from '../builders/client-requests.ts'
import { configuredFolder } from '../builders/command-line.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { type RunningLdapServer, startTestLdapServer, suffix } from '../builders/running-ldap-server.ts'

const password = 'a-Binder-Secret-1'
const dn = `cn=nas,ou=services,${suffix}`
const people = `ou=people,${suffix}`
const nas = (settings: object = {}) => [{ name: 'nas', password, ...settings }]

/** The result of a right bind and what the access log says of it. */
async function bound(server: RunningLdapServer, client: RawLdapClient, name = dn) {
  const { resultCode, diagnosticMessage } = await client.bind(name, password)
  const line = JSON.parse(server.accessLines.at(-1) ?? '{}') as { reason?: string }
  return { resultCode, diagnosticMessage, reason: line.reason }
}

const isWelcome = { resultCode: ResultCode.success, diagnosticMessage: '', reason: undefined }
const isRefused = (reason: string) => ({ resultCode: ResultCode.invalidCredentials, diagnosticMessage: '', reason })

describe('names', () => {
  test.each([dn, `CN=NAS, OU=Services, ${suffix.toUpperCase()}`, `cn=nas,${suffix}`, `2.5.4.3=nas,${suffix}`])(
    'binds as %s',
    async (name) => {
      await using server = await startTestLdapServer({ binders: nas() })
      await using client = await RawLdapClient.connect(server.port)
      expect(await bound(server, client, name)).toEqual(isWelcome)
      const whoAmI = await client.request(2, extendedOperation(Oid.whoAmI))
      expect(whoAmI.responseValue?.toString()).toBe(`dn:${dn}`)
    },
  )

  test.each([`cn=nas,${people}`, `uid=nas,${suffix}`, 'nas', `cn=nas,ou=services,o=elsewhere`])(
    'does not bind as %s',
    async (name) => {
      await using server = await startTestLdapServer({ binders: nas() })
      await using client = await RawLdapClient.connect(server.port)
      expect((await client.bind(name, password)).resultCode).toBe(ResultCode.invalidCredentials)
    },
  )

  test('owns its DN: an entry of that name with another password does not sign in', async () => {
    const ldif = `dn: ${suffix}\nobjectClass: domain\ndc: example\n\ndn: ${dn}\nobjectClass: person\ncn: nas\nsn: nas\nuserPassword: of-the-entry\n`
    await using server = await startTestLdapServer({ ldif, binders: nas() })
    await using client = await RawLdapClient.connect(server.port)
    expect((await client.bind(dn, 'of-the-entry')).resultCode).toBe(ResultCode.invalidCredentials)
    expect(await bound(server, client)).toEqual(isWelcome)
  })
})

describe('networks', () => {
  const notFromHere = isRefused('this binder may not come from this address')

  test.each<[string, string, readonly string[], object]>([
    ['any address when none is named', '127.0.0.1', [], isWelcome],
    ['the network', '127.0.0.1', ['10.0.0.0/8', '127.0.0.0/8'], isWelcome],
    ['the address', '127.0.0.1', ['127.0.0.1'], isWelcome],
    ['not from another address', '127.0.0.1', ['127.0.0.2', '10.0.0.0/8'], notFromHere],
    ['not from IPv4 when only IPv6 is named', '127.0.0.1', ['::1'], notFromHere],
    ['IPv4 networks on a listener for both, where addresses are IPv4-mapped', '::', ['127.0.0.0/8'], isWelcome],
    ['a network written IPv4-mapped', '::', ['::ffff:127.0.0.0/104'], isWelcome],
    ['not from another address on a listener for both', '::', ['10.0.0.0/8', '::1'], notFromHere],
  ])('accepts %s', async (_name, host, networks, expected) => {
    await using server = await startTestLdapServer({ binders: nas({ networks }), ldap: { host } })
    await using client = await RawLdapClient.connect(server.port)
    expect(await bound(server, client)).toEqual(expected)
  })

  test('a wrong address is told apart from a wrong password in the log alone', async () => {
    await using server = await startTestLdapServer({ binders: nas({ networks: ['10.0.0.0/8'] }) })
    await using client = await RawLdapClient.connect(server.port)
    const wrongAddress = await client.bind(dn, password)
    const wrongPassword = await client.bind(`cn=nobody,${suffix}`, 'wrong')
    expect({ ...wrongAddress, messageId: 0 }).toEqual({ ...wrongPassword, messageId: 0 })
  })
})

describe('requireTls', () => {
  test('refuses cleartext, loopback included, and accepts ldaps:// and StartTLS', async () => {
    await using server = await startTestLdapServer({ binders: nas({ requireTls: true }) })
    const tls = { ca: server.caPem, servername: 'localhost' }
    await using clear = await RawLdapClient.connect(server.port)
    expect(await bound(server, clear)).toEqual(isRefused('this binder must use TLS'))
    await using secure = await RawLdapClient.connectTls(server.tlsPort ?? 0, tls)
    expect(await bound(server, secure)).toEqual(isWelcome)
    expect((await clear.request(2, extendedOperation(Oid.startTls))).resultCode).toBe(ResultCode.success)
    await clear.startTls(tls)
    expect(await bound(server, clear)).toEqual(isWelcome)
  })
})

describe('mayNotSearch', () => {
  test.each<[string, (client: RawLdapClient) => Promise<{ resultCode: number; entries: readonly unknown[] }>]>([
    ['a search', (client) => client.search({})],
    ['a search of one entry', (client) => client.search({ base: suffix, scope: 0 })],
    ['a search of what is not there', (client) => client.search({ base: `uid=x,${people}`, scope: 0 })],
    ['a search of every naming context', (client) => client.search({ base: '', scope: 2 })],
    ['a page', (client) => client.search({}, 2, control(Oid.pagedResults, true, pagedResultsValue(1)))],
    ['a compare', (client) => client.request(2, compareOperation(`uid=ada,${people}`, 'uid', 'ada'))],
  ])('refuses %s', async (_name, ask) => {
    await using server = await startTestLdapServer({ binders: nas({ grants: ['mayNotSearch'] }) })
    await using client = await RawLdapClient.connect(server.port)
    expect(await bound(server, client)).toEqual(isWelcome)
    expect(await ask(client)).toMatchObject({ resultCode: ResultCode.insufficientAccessRights, entries: [] })
  })

  test('lets the root DSE and the subschema be read, and a person sign in on the same connection', async () => {
    await using server = await startTestLdapServer({ binders: nas({ grants: ['mayNotSearch'] }) })
    await using client = await RawLdapClient.connect(server.port)
    await client.bind(dn, password)
    for (const base of ['', 'cn=Subschema']) expect((await client.search({ base, scope: 0 })).entries).toHaveLength(1)
    expect((await client.bind(`uid=ada,${people}`, 'ada-secret')).resultCode).toBe(ResultCode.success)
    expect((await client.search({ filter: '(uid=ada)' })).entries).toHaveLength(1)
  })
})

describe('scope', () => {
  const found = async (scope: object, base: string, filter = '(&)') => {
    await using server = await startTestLdapServer({ binders: nas({ scope }) })
    await using client = await RawLdapClient.connect(server.port)
    await client.bind(dn, password)
    const { resultCode, entries } = await client.search({ base, filter, attributes: ['1.1'] })
    return resultCode === ResultCode.success ? entries.map((entry) => entry.dn.split(',')[0]) : resultCode
  }

  test('a subtree in any spelling', async () => {
    expect(await found({ subtrees: [` OU = People , ${suffix.toUpperCase()}`] }, people)).toEqual([
      'ou=people',
      'uid=ada',
      'uid=grace',
      'uid=zoë',
    ])
  })

  test('an ou that is a subtree is a search base whatever the filter says', async () => {
    expect(await found({ subtrees: [people], filter: '(uid=ada)' }, people)).toEqual(['ou=people', 'uid=ada'])
  })

  test('an entry that is a subtree must pass the filter', async () => {
    const scope = { subtrees: [`uid=ada,${people}`, `uid=grace,${people}`], filter: '(mail=ada*)' }
    expect(await found(scope, people)).toEqual(['ou=people', 'uid=ada'])
    expect(await found(scope, `uid=grace,${people}`)).toBe(ResultCode.noSuchObject)
  })

  test('a filter over what the binder may not read itself', async () => {
    const scope = { subtrees: [people], filter: `(memberOf=cn=engineering,ou=groups,${suffix})` }
    expect(await found(scope, people, '(uid=*)')).toEqual(['uid=ada', 'uid=grace'])
    expect(await found(scope, people, `(memberOf=cn=engineering,ou=groups,${suffix})`)).toEqual([])
  })

  test('a subtree is no prefix of names', async () => {
    expect(await found({ subtrees: [`uid=a,${people}`, `uid=ad,${people}`] }, people, '(uid=*)')).toEqual([])
  })

  test('no subtrees are the containers alone', async () => {
    expect(await found({ subtrees: [] }, suffix)).toEqual(['dc=example', 'ou=people', 'ou=groups'])
  })
})

test('an attribute of the list that the schema learns later is read from then on', async () => {
  await using server = await startTestLdapServer({ binders: nas({ attributes: ['uid', 'badgeColour'] }) })
  await using client = await RawLdapClient.connect(server.port)
  await client.bind(dn, password)
  const ada = server.directory.entryByDn(`uid=ada,${people}`)
  if (!ada) throw new Error('Ada is missing')
  const attributes = new Map([...ada.attributes, ['badgeColour', ['green']] as const])
  const read = async () => (await client.search({ filter: '(uid=ada)', attributes: ['*'] })).entries[0]?.attributes
  expect(await read()).not.toHaveProperty('badgeColour')
  await server.directory.commit({
    cause: { kind: 'server', id: 'test' },
    entries: [{ type: 'put', entry: { ...ada, attributes } }],
    records: [],
  })
  expect([...((await read()) ?? [])].map(([name]) => name).toSorted()).toEqual(['badgeColour', 'objectClass', 'uid'])
  expect((await client.search({ filter: '(badgeColour=Green)' })).entries).toHaveLength(1)
})

const [address] = Object.values(networkInterfaces())
  .flat()
  .filter((found) => found !== undefined && !found.internal && found.family === 'IPv4')

const whyNot = address ? '' : ' (skipped: this machine has no other address)'

describe.skipIf(!address)(`over a network that is not loopback${whyNot}`, () => {
  const ldif = `dn: ${suffix}\nobjectClass: domain\ndc: example\n\ndn: uid=ada,${suffix}\nobjectClass: inetOrgPerson\nuid: ada\ncn: ada\nsn: ada\nsambaNTPassword: AABB\n`
  const url = (server: RunningLdapServer) => `ldap://${address?.address}:${server.port}`

  test('the NT hash is not to be read, nor tested, in the clear, whatever the server lets bind', async () => {
    const binders = nas({ grants: ['ntHash'] })
    await using server = await startTestLdapServer({
      ldif,
      binders,
      ldap: { host: '0.0.0.0', allowCleartextBind: 'always' },
    })
    const client = new Client({ url: url(server) })
    const secure = new Client({ url: url(server) })
    try {
      await client.bind(dn, password)
      const searched = async (from: Client, filter: string) =>
        (await from.search(suffix, { filter, attributes: ['sambaNTPassword'] })).searchEntries
      expect(await searched(client, '(uid=ada)')).toEqual([{ dn: `uid=ada,${suffix}`, sambaNTPassword: [] }])
      expect(await searched(client, '(sambaNTPassword=AABB)')).toEqual([])
      await secure.startTLS({ ca: server.caPem, servername: 'localhost' })
      await secure.bind(dn, password)
      expect(await searched(secure, '(sambaNTPassword=AABB)')).toEqual([
        { dn: `uid=ada,${suffix}`, sambaNTPassword: 'AABB' },
      ])
    } finally {
      await client.unbind()
      await secure.unbind()
    }
  })

  test('a bind in the clear is refused before the password is looked at', async () => {
    await using server = await startTestLdapServer({ ldif, binders: nas(), ldap: { host: '0.0.0.0' } })
    const client = new Client({ url: url(server) })
    try {
      await expect(client.bind(dn, password)).rejects.toMatchObject({ code: ResultCode.confidentialityRequired })
    } finally {
      await client.unbind()
    }
  })
})

describe('configuration', () => {
  test('names everything that is wrong with binders, with its place and the fix', async () => {
    const scope = { subtrees: [people, 'ou=a,,dc=b'], filter: '(uid=a' }
    await using folder = await configuredFolder({
      binders: [
        {
          name: 'good',
          password,
          networks: ['10.0.0.0/8', '2001:db8::/32', '192.0.2.1'],
          scope: { subtrees: [people] },
        },
        { name: 'bad', password, networks: ['10.0.0.0/33', 'office', '10.0.0.0/8'], scope },
      ],
    })
    const { exitCode, stdout, stderr } = await folder.run('check')
    expect(exitCode).not.toBe(0)
    const problems = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('binders['))
    expect(problems.map((line) => line.slice(line.indexOf('binders[')))).toEqual([
      'binders[1].networks[0]: "10.0.0.0/33" has a prefix that is not 0 to 32',
      'binders[1].networks[1]: "office" is not an address or network such as "192.0.2.0/24" or "2001:db8::/32"',
      expect.stringMatching(/^binders\[1\]\.scope\.subtrees\[1\]: "ou=a,,dc=b" is not a DN.* at column 6$/),
      expect.stringMatching(/^binders\[1\]\.scope\.filter: "\(uid=a" is not a filter: .*column/),
    ])
  })
})
