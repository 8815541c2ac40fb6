import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type AdministeredServer,
  startAdministeredServer,
  type Visitor,
} from '../../../builders/administered-server.ts'

const suffix = 'dc=example,dc=com'

describe('setting up clients', () => {
  let server: AdministeredServer
  let auditor: Visitor

  beforeAll(async () => {
    server = await startAdministeredServer({
      settings: {
        baseDn: suffix,
        binders: [{ name: 'web', password: 'of a test' }],
        ldap: { publicUrls: ['ldap://ldap.example.com:3890', 'ldaps://a.example.com', 'ldaps://b.example.com:6360'] },
      },
    })
    await server.admin('eve', 'auditor')
    auditor = await server.signedIn('eve')
    const group = (number: number, cn: string) => ({
      type: 'put' as const,
      entry: {
        dn: `cn=${cn},ou=groups${number},${suffix}`,
        entryUUID: `00000000-0000-4000-8000-00000000000${number}`,
        attributes: new Map([
          ['objectClass', ['groupOfNames', 'posixGroup']],
          ['cn', [cn]],
          ['gidNumber', [String(20_000 + number)]],
        ]),
      },
    })
    await server.directory.commit({
      cause: { kind: 'server', id: 'test' },
      entries: [group(1, 'engineering'), group(2, 'admins'), group(3, 'twice'), group(4, 'twice')],
      records: [],
    })
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
  })

  const ask = (path: string, query: Readonly<Record<string, string>> = {}) =>
    auditor.get(`/admin/binders/web/${path}?${new URLSearchParams(query).toString()}`)
  const textOf = async (answer: Response) => (await answer.text()).replaceAll('&#x3D;', '=').replaceAll('&quot;', '"')

  test('two questions, and the script of the answers', async () => {
    const first = await textOf(await ask('host'))
    expect(first).toContain('Which group may log in?')
    expect(first).toContain('<option value="engineering">')
    expect(first).not.toContain('rosterd-host.sh')
    const answered = await textOf(await ask('host', { ready: 'yes', login: 'Engineering', sudo: 'admins', server: '' }))
    expect(answered).toContain('ldap_uri = ldaps://a.example.com, ldaps://b.example.com:6360')
    expect(answered).toContain('login_gid=20001\nsudo_gid=20002\n')
    const [, download = ''] = /href="([^"]*rosterd-host\.sh[^"]*)"/.exec(answered) ?? []
    const script = await auditor.get(download.replaceAll('&amp;', '&'))
    expect(script.headers.get('content-disposition')).toBe('attachment; filename="rosterd-host.sh"')
    expect(await script.text()).toMatch(/^#!\/bin\/sh\n# Lets people of Lighthouse .*sudo_gid=20002\n/s)
  })

  test('one address of the server can be chosen', async () => {
    const shown = await textOf(await ask('host', { ready: 'yes', server: 'ldap://ldap.example.com:3890' }))
    expect(shown).toContain('ldap_uri = ldap://ldap.example.com:3890\nldap_id_use_start_tls = true\n')
  })

  test.each([
    [{ login: 'nobody' }, 'There is no group "nobody" that hosts know.'],
    [{ sudo: 'twice' }, 'There are several groups "twice" that hosts know.'],
    [{ server: 'ldaps://elsewhere.example.com' }, '"ldaps://elsewhere.example.com" is not among ldap.publicUrls.'],
  ])('%j makes no script, and says why beside the field', async (query, message) => {
    const answer = await ask('host', { ready: 'yes', ...query })
    expect([answer.status, await textOf(answer)]).toEqual([422, expect.stringContaining(message)])
    expect((await ask('host/rosterd-host.sh', { ready: 'yes', ...query })).status).toBe(422)
  })

  test('without answers there is no script to download', async () => {
    expect((await ask('host/rosterd-host.sh')).status).toBe(422)
  })

  test.each(['sssd', 'nslcd', 'freeradius', 'openvpn', 'apache', 'pfsense', 'synology', 'unifi', 'any'])(
    'the settings of %s are shown, with a place for the secret and not the secret',
    async (client) => {
      const answer = await ask('clients', { client, group: 'engineering' })
      const shown = await textOf(answer)
      expect([answer.status, shown]).toEqual([200, expect.stringContaining(`<option value="${client}" selected>`)])
      expect(shown).toContain('ldap')
      expect(shown).not.toContain('of a test')
    },
  )

  test('a group that there is not is refused beside its field, and the kind of client stays', async () => {
    const answer = await ask('clients', { client: 'apache', group: 'nobody' })
    const shown = await textOf(answer)
    expect([answer.status, shown]).toEqual([422, expect.stringContaining('There is no group "nobody"')])
    expect(shown).toContain('<option value="apache" selected>')
  })

  test('a binder that there is not has no clients', async () => {
    for (const path of ['clients', 'host', 'host/rosterd-host.sh'])
      expect((await auditor.get(`/admin/binders/nobody/${path}`)).status).toBe(404)
    expect((await auditor.post('/admin/binders/web/host')).status).toBe(405)
  })

  test('a server that clients elsewhere cannot reach says so', async () => {
    await using here = await startAdministeredServer({
      settings: { binders: [{ name: 'web', password: 'of a test' }] },
    })
    await here.admin('ada', 'owner')
    const page = await (await (await here.signedIn('ada')).get('/admin/binders/web/host')).text()
    expect(page).toContain('ldap.publicUrls names this machine alone')
  })
})
