import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { Client, type Entry } from 'ldapts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Demo, startDemo } from '../../server/demo.ts'
import { rosterd, runProgram } from '../builders/command-line.ts'
import { freePort } from '../builders/free-port.ts'
import { describeWithTool } from '../builders/required-tool.ts'

const base = 'dc=example,dc=com'

/*
 * Everything is asked over LDAPS and compared one by one with what the simulated tenants hold after the rules: sign-in
 * not blocked, no guests, no groups without an e-mail address (Entra), not the group Everyone (Okta).
 */
describe('what the demo serves', () => {
  let demo: Demo
  let client: Client
  beforeAll(async () => {
    const ports = { ldapPort: 0, ldapsPort: 0, adminPort: await freePort() }
    demo = await startDemo(ports, new AbortController().signal)
    client = new Client({
      url: `ldaps://localhost:${demo.server.ports.ldaps}`,
      tlsOptions: { ca: [await readFile(demo.caFile)] },
    })
    await client.bind(demo.binder.dn, demo.binder.password)
  })
  afterAll(async () => {
    await client.unbind()
    await demo[Symbol.asyncDispose]()
  })

  const inOkta = new Set(['ACTIVE', 'PROVISIONED', 'RECOVERY', 'PASSWORD_EXPIRED', 'LOCKED_OUT'])
  function truth() {
    const entra = demo.tenants.entra.tenant.directory
    const okta = demo.tenants.okta.tenant.directory
    const byMail = new Map([...entra.users.values()].map(({ mail, id }) => [mail?.toLowerCase(), id]))
    const oktaSource = (id: string) => {
      const twin = byMail.get(okta.user(id).profile.email.toLowerCase())
      return twin === undefined ? `acme:${id}` : `contoso:${twin}`
    }
    const people = [
      ...[...entra.users.values()]
        .filter(({ accountEnabled, userType }) => accountEnabled && userType !== 'Guest')
        .map(({ id }) => `contoso:${id}`),
      ...[...okta.users.values()].filter(({ status }) => inOkta.has(status)).map(({ id }) => oktaSource(id)),
    ]
    const active = new Set(people)
    const members = (ids: Iterable<string>, sourceOf: (id: string) => string) =>
      [...ids]
        .map(sourceOf)
        .filter((source) => active.has(source))
        .sort()
    const groups = new Map<string, readonly string[]>([
      ...[...entra.groups.values()]
        .filter(({ mail }) => mail !== null)
        .map(
          ({ id }) => [`contoso:${id}`, members(entra.transitiveMembers(id), (member) => `contoso:${member}`)] as const,
        ),
      ...[...okta.groups.values()]
        .filter(({ profile }) => profile.name !== 'Everyone')
        .map(({ id }) => [`acme:${id}`, members(okta.members(id), oktaSource)] as const),
    ])
    return { people: [...active], groups }
  }

  async function list(filter: string, attributes: string[]) {
    const { searchEntries } = await client.search(base, {
      filter,
      attributes: [...attributes, 'rosterdSource', 'entryUUID'],
      paged: { pageSize: 50 },
    })
    return searchEntries
  }
  const all = (value: string | Buffer | string[] | Buffer[] | undefined): string[] =>
    value === undefined ? [] : [value].flat().map(String)
  /** The first value is the winning source. */
  const winner = ({ rosterdSource }: Entry) => all(rosterdSource)[0] ?? ''

  test('the person gets to her own page with her password at the simulated tenant', async () => {
    const origin = `http://localhost:${demo.server.ports.admin}`
    const cookies = (response: Response) => response.headers.getSetCookie().map((line) => line.split(';')[0] ?? '')
    const target = (response: Response) => response.headers.get('location') ?? ''
    const begun = await fetch(`${origin}/me/sign-in/contoso`, {
      method: 'POST',
      headers: { origin },
      redirect: 'manual',
    })
    const body = new URLSearchParams({ username: 'zoe.lindqvist@contoso.example', password: 'demo-zoe.lindqvist' })
    const signedIn = await fetch(target(begun), { method: 'POST', body, redirect: 'manual' })
    const answered = await fetch(target(signedIn), {
      headers: { cookie: cookies(begun).join('; ') },
      redirect: 'manual',
    })
    const page = await fetch(`${origin}${target(answered)}`, { headers: { cookie: cookies(answered).join('; ') } })
    expect(await page.text()).toContain('zoe.lindqvist@contoso.example')
  })

  test('exactly the people who should be there', async () => {
    const served = await list('(objectClass=posixAccount)', ['uid'])
    expect(served.map(winner).sort()).toEqual(truth().people.toSorted())
    expect(new Set(served.map(({ uid }) => String(uid))).size).toBe(served.length)
  })

  test('exactly the groups, each with exactly its members, by DN, by name and from the other side', async () => {
    const people = await list('(objectClass=posixAccount)', ['uid', 'memberOf'])
    const sourceOf = new Map(people.map((person) => [person.dn, winner(person)]))
    const uidOf = new Map(people.map((person) => [String(person.uid), winner(person)]))
    const groups = (await list('(&(objectClass=groupOfNames)(rosterdSource=*:*))', ['member', 'memberUid'])).filter(
      ({ rosterdSource }) => /^(contoso|acme):/.test(String(rosterdSource)),
    )
    const expected = truth().groups
    expect(groups.map(({ rosterdSource }) => String(rosterdSource)).sort()).toEqual([...expected.keys()].sort())
    for (const { dn, rosterdSource, member, memberUid } of groups) {
      const wanted = expected.get(String(rosterdSource))
      expect(
        all(member)
          .map((name) => sourceOf.get(name))
          .sort(),
        dn,
      ).toEqual(wanted)
      expect(
        all(memberUid)
          .map((name) => uidOf.get(name))
          .sort(),
        dn,
      ).toEqual(wanted)
      const fromPeople = people.filter(({ memberOf }) => all(memberOf).includes(dn)).map(winner)
      expect(fromPeople.sort(), dn).toEqual(wanted)
    }
  })

  test('every number once, every entry with an entryUUID, no reserved name', async () => {
    const entries = await list('(|(objectClass=posixAccount)(objectClass=posixGroup))', [
      'uid',
      'cn',
      'uidNumber',
      'gidNumber',
      'objectClass',
    ])
    const numbers = entries.map(({ objectClass, uidNumber, gidNumber }) =>
      String(all(objectClass).includes('posixAccount') ? uidNumber : gidNumber),
    )
    expect(new Set(numbers).size).toBe(entries.length)
    expect(new Set(entries.map(({ entryUUID }) => String(entryUUID))).size).toBe(entries.length)
    const names = entries.flatMap(({ uid, cn, objectClass }) =>
      all(objectClass).includes('posixAccount') ? all(uid) : all(cn),
    )
    for (const reserved of ['root', 'sudo', 'wheel', 'docker']) expect(names).not.toContain(reserved)
  })

  test('the person whose password is printed may bind and sees herself', async () => {
    const herself = new Client({ url: `ldap://localhost:${demo.server.ports.ldap}` })
    await herself.bind(demo.person.dn, demo.person.password)
    const { searchEntries } = await herself.search(base, { filter: '(objectClass=person)' })
    expect(searchEntries.map(({ dn }) => dn)).toEqual([demo.person.dn])
    await herself.unbind()
  })
})

describeWithTool('ldapsearch', 'rosterd demo as a newcomer runs it', () => {
  test('prints ports, logins and three lines that work as printed, and leaves nothing behind', async () => {
    const child = spawn(rosterd, ['demo', '--ldap-port', '0', '--ldaps-port', '0', '--admin-port', '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    while (!output.includes('Press Ctrl+C'))
      await Promise.race([
        once(child.stdout, 'data'),
        once(child, 'exit').then(() => Promise.reject(new Error(output))),
      ])
    const lines = output.split('\n').filter((line) => /^ {2}(?:LDAPTLS_CACERT=\S+ )?ldap(?:search|whoami) /.test(line))
    expect(lines).toHaveLength(3)
    const results = await Promise.all(lines.map((line) => runProgram('sh', ['-c', line])))
    expect(results.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual([
      [0, ''],
      [0, ''],
      [0, ''],
    ])
    expect(results[0]?.stdout).toContain('dn: uid=zoe.lindqvist,ou=people,dc=example,dc=com')
    expect(results[1]?.stdout).toBe('dn:uid=zoe.lindqvist,ou=people,dc=example,dc=com\n')
    expect(results[2]?.stdout).toContain('gidNumber: ')
    child.kill('SIGINT')
    expect(await once(child, 'exit')).toEqual([0, null])
    const caFile = /LDAPTLS_CACERT=(\S+)/.exec(output)?.[1] ?? ''
    await expect(readFile(caFile)).rejects.toThrow('ENOENT')
  })
})
