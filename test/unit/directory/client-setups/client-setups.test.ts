import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { clientSetups } from '../../../../server/directory/client-setups/client-setups.ts'
import { clientSite, preferredServers, serverAddress } from '../../../../server/directory/client-setups/client-site.ts'
import { linuxHostScript } from '../../../../server/directory/client-setups/linux-host-script.ts'
import { portableDn, portableValue } from '../../../../server/directory/client-setups/portable-names.ts'
import { escapeDnValue, normalizeDn } from '../../../../server/protocol/distinguished-name.ts'
import { formatFilter, parseFilter } from '../../../../server/protocol/filter-string.ts'
import { describeWithTool } from '../../../builders/required-tool.ts'
import { runProgram } from '../../../builders/command-line.ts'

const servers = (...urls: readonly string[]) => urls.map((url) => serverAddress(url)!)
const suffix = 'dc=example,dc=com'
const hostile = [
  `'; touch /tmp/owned; '`,
  '$(touch /tmp/owned)',
  '`touch /tmp/owned`',
  '"quoted" and \\slashed\\',
  'a\nSUDO ALL=(ALL) ALL',
  'R&D (Berlin) * ?x=%{User-Name} ${HOME} #1',
  ' Zoë, 100 % <b>@LOGIN_GID@ ',
  'END_OF_CONF\nEND_OF_CA\n--undo',
]
const siteFor = (name: string, urls = ['ldaps://ldap.example.com:6360']) =>
  clientSite({
    servers: servers(...urls),
    suffix: `o=${escapeDnValue(name)},${suffix}`,
    binder: { name: 'web', grants: ['ntHash'] },
    group: { name, dn: `cn=${escapeDnValue(name)},ou=groups,${suffix}` },
    hasOwnCa: true,
  })
const scriptFor = (name: string) =>
  linuxHostScript({
    site: siteFor(name),
    organization: name,
    login: { name, gidNumber: 1_879_048_200 },
    sudo: { name, gidNumber: 1_879_048_201 },
    caPem: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
  })

describe('names for files of settings', () => {
  test.each(hostile)('%j means the same, without a character that means something else', (name) => {
    const dn = `cn=${escapeDnValue(name)},ou=groups,${suffix}`
    expect(portableDn(dn)).toMatch(/^[\p{L}\p{N} _.@,=\\-]+$/u)
    expect(normalizeDn(portableDn(dn))).toBe(normalizeDn(dn))
    const filter = parseFilter(`(cn=${portableValue(name)})`)
    expect(filter).toMatchObject({ type: 'equality', value: Buffer.from(name) })
    expect(formatFilter(filter)).toContain('(cn=')
  })

  test('a common name stays as it is', () => {
    const dn = 'cn=VPN users_2.0-é,ou=groups,dc=example,dc=com'
    expect(portableDn(dn)).toBe(dn)
  })

  test('an address whose host is no name is none that clients are given', () => {
    expect(serverAddress(`ldap://a'$(id)"b:389`)).toBeUndefined()
    expect(serverAddress('http://ldap.example.com')).toBeUndefined()
    expect(servers('ldaps://[2001:db8::1]', 'ldap://LDAP.example.com/')).toEqual([
      { url: 'ldaps://[2001:db8::1]', host: '2001:db8::1', port: 636 },
      { url: 'ldap://LDAP.example.com', host: 'LDAP.example.com', port: 389 },
    ])
  })

  test('clients are given the addresses with TLS from the beginning, where there are any', () => {
    const [plain, first, second] = servers('ldap://a', 'ldaps://b', 'ldaps://c')
    expect(preferredServers([plain!, first!, second!])).toEqual([first, second])
    expect(preferredServers([plain!])).toEqual([plain])
  })
})

describe('ready set-ups', () => {
  test.each(hostile)('none has a line more for %j', (name) => {
    const count = (of: string) =>
      clientSetups(siteFor(of)).map(({ id, files, settings }) => [
        id,
        files.map(({ text }) => text.split('\n').length),
        settings.map(({ value }) => value.split('\n').length),
      ])
    // Names with line ends are offered nowhere; they must break nothing but their own rule all the same.
    const tame = count('tame')
    if (!name.includes('\n')) expect(count(name)).toEqual(tame)
    const [sssd] = clientSetups(siteFor(name))
    expect(sssd?.files[0]?.text.split('\n').length).toBe(
      clientSetups(siteFor('tame'))[0]?.files[0]?.text.split('\n').length,
    )
  })

  test('several addresses are a list for fail-over, as each client writes it', () => {
    const setups = clientSetups(siteFor('staff', ['ldaps://a.example.com', 'ldaps://b.example.com:6360']))
    const textOf = (id: string) => setups.find((setup) => setup.id === id)?.files[0]?.text
    expect(textOf('sssd')).toContain('\nldap_uri = ldaps://a.example.com, ldaps://b.example.com:6360\n')
    expect(textOf('nslcd')).toContain('\nuri ldaps://a.example.com\nuri ldaps://b.example.com:6360\n')
    expect(textOf('freeradius')).toContain(
      "\n  server = 'ldaps://a.example.com'\n  server = 'ldaps://b.example.com:6360'\n",
    )
    expect(textOf('openvpn')).toContain('  URL "ldaps://a.example.com ldaps://b.example.com:6360"\n')
    expect(textOf('apache')).toContain('"ldaps://a.example.com b.example.com:6360/ou=people,')
    expect(JSON.stringify(setups.find(({ id }) => id === 'pfsense'))).toContain('ldaps://b.example.com:6360')
  })

  test('an address without TLS from the beginning is used with StartTLS', () => {
    const setups = clientSetups(siteFor('staff', ['ldap://a.example.com:3890']))
    const all = JSON.stringify(setups)
    expect(all).toContain('ldap_id_use_start_tls = true')
    expect(all).toContain('ssl start_tls')
    expect(all).toContain('start_tls = yes')
    expect(all).toContain('TLSEnable yes')
    expect(all).toContain(String.raw`\" STARTTLS`)
  })

  test('without a group everybody signs in, and no rule is left half', () => {
    const site = { ...siteFor('staff'), group: undefined }
    const all = JSON.stringify(clientSetups(site))
    expect(all).toContain('access_provider = permit')
    expect(all).toContain('RequireGroup false')
    expect(all).toContain('Require valid-user')
    for (const word of ['LDAP-Group', 'pam_authz_search', 'memberOf=', 'undefined']) expect(all).not.toContain(word)
  })

  test('a binder that reads NT hashes gives FreeRADIUS the password that PEAP needs', () => {
    expect(JSON.stringify(clientSetups(siteFor('staff')))).toContain("control:NT-Password := 'sambaNTPassword'")
  })
})

describe('the script for Linux hosts', () => {
  test.each(hostile)('no shell reads %j but as text', (name) => {
    const script = scriptFor(name)
    // Without its comments and what stands between quotes or in here-documents, it is the script of a tame name.
    const tame = scriptFor('tame')
    const code = (text: string) =>
      text
        .split('\n')
        .filter((line) => !/^(#|binder=|ldap_\w+ = )/.test(line))
        .join('\n')
    expect(code(script)).toBe(code(tame))
    const [assignment = ''] = script.split('\n').filter((line) => line.startsWith('binder='))
    expect(execFileSync('sh', ['-c', `${assignment}; printf %s "$binder"`], { encoding: 'utf8' })).toBe(
      siteFor(name).bindDn,
    )
    execFileSync('sh', ['-n'], { input: script })
  })

  test('it has no secret, and a place for none', () => {
    const script = scriptFor('staff')
    expect(script).not.toContain('BINDER_PASSWORD')
    expect(script).not.toMatch(/@[A-Z_]+@/)
  })

  test('it says that sudo is left alone where nobody is to use it', () => {
    const site = { ...siteFor('staff'), group: undefined }
    const script = linuxHostScript({ site, organization: 'x', login: undefined, sudo: undefined, caPem: undefined })
    expect(script).toContain('\nlogin_gid=\nsudo_gid=\nhas_own_ca=\n')
    expect(script).toContain('# Who may log in: everybody who is active\n# Who may use sudo: as it was')
  })
})

describeWithTool('shellcheck', 'shellcheck', () => {
  test('finds nothing wrong with it', async () => {
    const { stdout, exitCode } = await runProgram('shellcheck', ['-s', 'sh', '-'], process.env, scriptFor('staff'))
    expect([stdout, exitCode]).toEqual(['', 0])
  })
})
