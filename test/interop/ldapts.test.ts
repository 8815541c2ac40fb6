import { Client, InvalidCredentialsError } from 'ldapts'
import { expect, test } from 'vitest'
import { reader, startTestLdapServer, suffix } from '../builders/running-ldap-server.ts'

test('ldapts binds, searches in pages, compares and asks who it is, over LDAPS', async () => {
  await using server = await startTestLdapServer()
  const client = new Client({ url: `ldaps://localhost:${server.tlsPort}`, tlsOptions: { ca: [server.caPem] } })
  await client.bind(reader.dn, reader.password)
  const { searchEntries } = await client.search(suffix, {
    filter: '(objectClass=person)',
    paged: { pageSize: 1 },
    attributes: ['uid', 'memberOf'],
  })
  expect(searchEntries.map(({ uid }) => uid).sort()).toEqual(['ada', 'grace', 'zoë'])
  expect(await client.compare(`cn=engineering,ou=groups,${suffix}`, 'member', `uid=ada,ou=people,${suffix}`)).toBe(true)
  expect((await client.exop('1.3.6.1.4.1.4203.1.11.3')).value).toBe(`dn:${reader.dn}`)
  await expect(client.bind(`uid=ada,ou=people,${suffix}`, 'wrong')).rejects.toThrow(InvalidCredentialsError)
  await client.unbind()
})

test('ldapts with StartTLS', async () => {
  await using server = await startTestLdapServer({ ldap: { allowCleartextBind: 'never' } })
  const client = new Client({ url: `ldap://localhost:${server.port}` })
  await client.startTLS({ ca: [server.caPem] })
  await client.bind(`uid=ada,ou=people,${suffix}`, 'ada-secret')
  const { searchEntries } = await client.search(suffix, { filter: '(uid=*)' })
  expect(searchEntries).toHaveLength(1)
  await client.unbind()
})
