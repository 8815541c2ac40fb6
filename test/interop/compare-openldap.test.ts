import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { readLdapServer } from '../../server/comparison/ldap-source.ts'
import { peopleAndGroups } from '../../server/comparison/people-and-groups.ts'
import { startOpenLdap } from '../builders/openldap.ts'
import { describeWithTool } from '../builders/required-tool.ts'

const suffix = 'dc=example,dc=com'
const ldif = await readFile(new URL('../fixtures/migrate/openldap.ldif', import.meta.url), 'utf8')
const manyPeople = (count: number) =>
  Array.from(
    { length: count },
    (_, i) =>
      `\ndn: uid=p${i},ou=people,${suffix}\nobjectClass: account\nobjectClass: posixAccount\nuid: p${i}\ncn: p${i}\nuidNumber: ${20_000 + i}\ngidNumber: 5000\nhomeDirectory: /home/p${i}\n`,
  ).join('')

const anonymous = { bind: undefined, base: undefined, caPem: undefined, insecureCleartext: false }

describeWithTool('slapd', 'compare reads OpenLDAP', () => {
  test('whole, in pages, over StartTLS and ldaps, from the naming context it tells', async () => {
    await using server = await startOpenLdap({ suffix, ldif: ldif + manyPeople(1200) })
    const bind = { dn: server.rootDn, password: server.rootPassword }
    for (const url of [server.url, server.ldapsUrl]) {
      const { entries, notes } = await readLdapServer({ ...anonymous, url, bind, caPem: server.caPem })
      const { people, groups, dynamicGroups, computers } = peopleAndGroups(entries)
      expect([people.length, groups.length, dynamicGroups.length, computers]).toEqual([1205, 4, 1, 1])
      expect(notes).toEqual([])
    }
  })

  test('below the base of the address or of --base alone', async () => {
    await using server = await startOpenLdap({ suffix, ldif })
    const bind = { dn: server.rootDn, password: server.rootPassword }
    const groupsBase = `ou=groups,${suffix}`
    for (const where of [{ url: `${server.url}/${groupsBase}` }, { url: `${server.url}/dc=other`, base: groupsBase }]) {
      const { entries } = await readLdapServer({ ...anonymous, bind, ...where })
      expect(entries.length).toBe(5)
    }
  })

  test.each([
    ['for everything', 'limits * size=100'],
    ['for all pages together', 'limits * size.prtotal=100'],
    ['and refuses pages', 'limits * size=100 size.prtotal=disabled'],
  ])('not at all when it has a size limit %s', async (_, databaseSettings) => {
    await using server = await startOpenLdap({ suffix, ldif: ldif + manyPeople(700), databaseSettings })
    const dn = `uid=maya.okafor,ou=people,${suffix}`
    const reading = readLdapServer({ ...anonymous, url: server.url, bind: { dn, password: 'maya-Secret-1' } })
    await expect(reading).rejects.toThrow(/^ldap:\/\/127\.0\.0\.1:\d+: the server does not list everything below/)
  })

  test('not at all when its certificate is for another name', async () => {
    await using server = await startOpenLdap({ suffix, ldif, address: '127.0.0.2' })
    for (const url of [server.url, server.ldapsUrl])
      await expect(readLdapServer({ ...anonymous, url, caPem: server.caPem })).rejects.toThrow(
        `${url}: its certificate is for another name than "127.0.0.2"; use the name that the certificate has`,
      )
  })

  test('not at all without StartTLS, but on this machine or where that is asked for', async () => {
    await using server = await startOpenLdap({ suffix, ldif, hasCertificate: false })
    const bind = { dn: server.rootDn, password: server.rootPassword }
    const here = { ...anonymous, url: server.url, bind }
    // Linux takes it to loopback, and it is no loopback address.
    const elsewhere = { ...here, url: server.url.replace('127.0.0.1', '0.0.0.0') }
    for (const source of [elsewhere, { ...here, caPem: server.caPem }])
      await expect(readLdapServer(source)).rejects.toThrow(
        `${source.url}: the server refuses StartTLS; use ldaps://, or --insecure-cleartext`,
      )
    for (const source of [here, { ...elsewhere, insecureCleartext: true }])
      expect((await readLdapServer(source)).entries.length).toBeGreaterThan(0)
  })

  test('and names the contexts it could read when there are several', async () => {
    const databaseSettings = 'database mdb\nsuffix "dc=second"\ndirectory SECOND'
    await using server = await startOpenLdap({ suffix, ldif, databaseSettings })
    const bind = { dn: server.rootDn, password: server.rootPassword }
    await expect(readLdapServer({ ...anonymous, url: server.url, bind })).rejects.toThrow(
      'the server has several naming contexts (dc=example,dc=com; dc=second); name the one to compare with --base',
    )
  })
})
