import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientSite } from '../../server/directory/client-setups/client-site.ts'
import { linuxHostScript } from '../../server/directory/client-setups/linux-host-script.ts'
import { runProgram } from '../builders/command-line.ts'
import { describeWithTool } from '../builders/required-tool.ts'
import { hostileGroup, type SetUpServer, sshKey, startSetUpServer } from './first-host/set-up-server.ts'

/** A script of the folder `first-host`. */
async function runOn(host: string, work: string): Promise<void> {
  const program = join(import.meta.dirname, 'first-host', host)
  const isRoot = process.getuid?.() === 0
  const { exitCode, stderr } = isRoot
    ? await runProgram(program, [work])
    : await runProgram('sudo', ['-n', program, work])
  expect([exitCode, stderr]).toEqual([0, ''])
}

describeWithTool('sssd && command -v sudo && command -v sshd', 'a Linux host', () => {
  let server: SetUpServer
  let work: string
  let page: string

  beforeAll(async () => {
    server = await startSetUpServer()
    const query = new URLSearchParams({ ready: 'yes', login: 'engineering', sudo: hostileGroup })
    page = `/admin/binders/web/host?${query.toString()}`
    const script = await server.owner.get(page.replace('/host?', '/host/rosterd-host.sh?'))
    expect(script.status).toBe(200)
    work = join(server.folder.path, 'host')
    await mkdir(work)
    await writeFile(join(work, 'rosterd-host.sh'), await script.text())
    await writeFile(join(work, 'secret'), `${server.secret}\n`)
    await server.owner.get(page)
    await runOn('on-a-host', work)
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
  })

  const told = (name: string) => readFile(join(work, name), 'utf8')

  test('the script of the page sets it up, and says who is found', async () => {
    const text = await told('first')
    expect(text).toContain('getent group: engineering:*:20001:')
    expect(text).toContain('This host is set up.\nexit 0\n')
    expect(await told('getent')).toContain('ada:*:10001:20000:')
    expect(await told('id')).toContain('20001(engineering)')
  })

  test('the page that the script is from shows what the host does', async () => {
    const shown = await (await server.owner.get(page)).text()
    for (const text of [
      '127.0.0.1 connected over TLS 1.3.',
      '127.0.0.1 looked up ada.',
      'ada signed in from 127.0.0.1.',
      'ada could not sign in from 127.0.0.1: wrong password.',
    ])
      expect(shown).toContain(`<td>${text}</td>`)
  })

  test('its secret is readable by root alone', async () => {
    expect(await told('modes')).toBe(
      [
        '600 root /etc/sssd/sssd.conf',
        '644 root /etc/ssl/rosterd-ca.pem',
        '440 root /etc/sudoers.d/rosterd',
        '644 root /etc/ssh/sshd_config.d/rosterd.conf',
        '700 root /var/lib/rosterd-host\n',
      ].join('\n'),
    )
    for (const name of ['first', 'again', 'undo', 'rosterd-host.sh'])
      expect(await told(name)).not.toContain(server.secret)
  })

  test('a member logs in and has a home folder; a wrong password and who is no member are refused', async () => {
    expect(await told('sign-in')).toMatch(/exit 0\n$/)
    expect(await told('home')).toBe('/home/ada/.bashrc\n')
    expect(await told('wrong-password')).toMatch(/Authentication failure\nexit 1\n$/)
    expect(await told('not-a-member')).toMatch(/Permission denied\n(?:.*\n)?exit 1\n$/)
  })

  test('sshd asks for the keys of people', async () => {
    expect(await told('ssh-keys')).toBe(`${sshKey}\nexit 0\n`)
    expect(await told('sshd')).toBe(
      'authorizedkeyscommand /usr/bin/sss_ssh_authorizedkeys\nauthorizedkeyscommanduser nobody\n',
    )
  })

  test('the chosen group may use sudo, whatever its name, and nobody else', async () => {
    expect(await told('sudo')).toContain('(ALL : ALL) ALL')
    expect(await told('no-sudo')).toContain('is not allowed to run sudo')
  })

  test('run again, without the secret, it changes nothing', async () => {
    expect(await told('again')).toMatch(/This host is set up\.\nexit 0\n$/)
    expect(await told('changed-again')).toBe('')
  })

  test('undone, /etc is as it was before, and nobody is found', async () => {
    expect(await told('undo')).toMatch(/What was here before is back\.\nexit 0\n$/)
    expect(await told('left')).toBe('')
    expect(await told('gone')).toBe('exit 2\n')
    expect(await told('undo-again')).toContain('it is undone already\nexit 1\n')
  })

  test('a host that asks another directory is left alone', async () => {
    expect(await told('foreign')).toContain('/etc/sssd/sssd.conf is there and not of this script; move it away first\n')
    expect(await told('foreign-conf')).toBe('[sssd]\ndomains = other\n')
  })

  test('where the tools are those of RHEL these are asked, and a public authority is the one of the system', async () => {
    const there = join(server.folder.path, 'red-hat')
    await mkdir(there)
    const told = (name: string) => readFile(join(there, name), 'utf8')
    const site = clientSite({
      servers: [{ url: 'ldaps://ldap.example.com', host: 'ldap.example.com', port: 636 }],
      suffix: 'dc=example,dc=com',
      binder: { name: 'web', grants: [] },
      group: undefined,
      hasOwnCa: false,
    })
    const staff = { name: 'staff', gidNumber: 20_001 }
    const script = linuxHostScript({ site, organization: 'Lab', login: staff, sudo: staff, caPem: undefined })
    await writeFile(join(there, 'rosterd-host.sh'), script)
    await runOn('on-red-hat', there)
    expect(await told('first')).toMatch(/This host is set up\.\nexit 0\n$/)
    expect(await told('ca')).toBe('/etc/ssl/certs/ca-certificates.crt\n')
    expect(await told('again')).toMatch(/This host is set up\.\nexit 0\n$/)
    expect(await told('secret-kept')).toContain('ldap_default_authtok = a-secret\n')
    expect(await told('undo')).toMatch(/These packages were installed, and stay: sssd-ldap .*\nexit 0\n$/)
    expect(await told('left')).toBe('')
    const calls = (await told('calls')).split('\n')
    expect(calls[0]).toBe('dnf install -y -q sssd-ldap sssd-common sssd-client authselect oddjob-mkhomedir sudo')
    expect(calls[1]).toBe('authselect select sssd with-mkhomedir --force --quiet --backup=rosterd-host')
    const others = calls.filter((call) => call.startsWith('authselect')).slice(1)
    expect(others).toEqual(['authselect backup-restore rosterd-host', 'authselect backup-remove rosterd-host'])
    expect(calls).toContain('systemctl enable --quiet --now oddjobd')
    expect(calls.at(-4)).toBe('systemctl disable --quiet --now sssd')
  })
})
