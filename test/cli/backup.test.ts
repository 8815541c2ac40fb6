import { copyFile, mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ConfiguredFolder, configuredFolder, type ServingProcess } from '../builders/command-line.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { reader } from '../builders/running-ldap-server.ts'

describe('backup and restore', () => {
  let folder: ConfiguredFolder
  let file: string
  let before: readonly unknown[]
  const other = () => configuredFolder({ passwords: { bcryptCost: 8 } })

  beforeAll(async () => {
    folder = await configuredFolder({ passwords: { bcryptCost: 8 } })
    file = join(folder.path, 'store.backup')
    await using server = await folder.serve()
    await folder.run('binder', 'add', 'vpn')
    expect((await folder.run('user', 'totp', 'begin', 'grace')).exitCode).toBe(0)
    before = await answers(server)
    const made = await folder.run('backup', file)
    expect(made).toMatchObject({ exitCode: 0, stderr: '' })
    expect(made.stdout).toMatch(/store\.backup: [\d.]+ MiB\. Keep the master key/)
  })
  afterAll(async () => {
    await folder[Symbol.asyncDispose]()
  })

  /** What LDAP says: binds with right and wrong passwords, and searches as whoever may sign in. */
  async function answers({ ports }: ServingProcess): Promise<readonly unknown[]> {
    const ada = 'uid=ada,ou=people,dc=example,dc=com'
    const binds = [
      [reader.dn, reader.password],
      [reader.dn, 'another'],
      [ada, 'ada-secret'],
      [ada, 'another'],
      ['ada@example.com', 'ada-secret'],
      ['uid=grace,ou=people,dc=example,dc=com', 'grace-secret'],
      ['uid=nobody,ou=people,dc=example,dc=com', 'ada-secret'],
    ] as const
    const filters = [
      '(objectClass=*)',
      '(uid=ada)',
      '(&(objectClass=posixGroup)(memberUid=grace))',
      '(memberOf:1.2.840.113556.1.4.1941:=cn=staff,ou=groups,dc=example,dc=com)',
      '(|(mail=*example*)(uidNumber>=10002))',
      '(!(objectClass=posixAccount))',
    ]
    const all: unknown[] = []
    for (const [name, password] of binds) {
      await using client = await RawLdapClient.connect(ports.ldap)
      const { resultCode, diagnosticMessage } = await client.bind(name, password)
      all.push([name, password, resultCode, diagnosticMessage])
      for (const filter of filters) {
        const found = await client.search({ filter, attributes: ['*', '+'] })
        all.push([filter, found.resultCode, found.matchedDN, found.entries.toSorted((a, b) => (a.dn < b.dn ? -1 : 1))])
      }
    }
    return all
  }

  async function changedBackup(change: (octets: Buffer) => Buffer): Promise<string> {
    const changed = join(folder.path, `changed-${Math.random()}`)
    await writeFile(changed, gzipSync(change(gunzipSync(await readFile(file)))))
    return changed
  }

  test('a backup is for its owner alone, is in the place of no other file, and leaves nothing half written', async () => {
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const again = await folder.run('backup', file)
    expect([again.exitCode, again.stderr]).toEqual([
      1,
      `rosterd: ${file} is there already; choose another file, or add --force\n`,
    ])
    expect((await folder.run('backup', file, '--force')).exitCode).toBe(0)
    const refused = async (...args: readonly string[]) => (await folder.run('backup', ...args)).stderr
    expect(await refused(join(folder.path, 'nowhere', 'x'))).toContain('nowhere does not exist; make that folder')
    expect(await refused(folder.path, '--force')).toContain(`${folder.path} is a folder; name a file in it`)
    expect((await readdir(folder.path)).filter((name) => name.includes('.part'))).toEqual([])
  })

  test('a restored store answers every search as the one before, and its secrets are of use with the key', async () => {
    await using there = await other()
    const restored = await there.run('restore', file)
    expect(restored.stderr).toBe('')
    expect(restored.stdout).toMatch(/^Restored: \d+ entries, as of /)
    expect(restored.stdout).toContain('Before you start the server: the master key')
    await copyFile(join(folder.path, 'data', 'master.key'), join(there.path, 'data', 'master.key'))
    await using server = await there.serve()
    expect(await answers(server)).toEqual(before)
    expect((await there.run('binder', 'list')).stdout).toContain('vpn')
    const { stdout } = await there.run('user', 'show', 'grace', '--json')
    expect(stdout).toContain('"isConfirmed": false')
    expect(server.lines.join('\n')).not.toContain('master key cannot be used')
  })

  test('a store that is there is set aside, and only when asked to; a server that runs keeps its own', async () => {
    await using there = await other()
    await there.run('sync')
    const refused = await there.run('restore', file)
    expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining('add --force to set it aside')])
    const forced = JSON.parse((await there.run('restore', file, '--force', '--json')).stdout) as { former: string }
    expect(await readdir(forced.former)).toContain('CURRENT')
    await using server = await there.serve()
    void server
    const running = await there.run('restore', file, '--force')
    expect([running.exitCode, running.stderr]).toEqual([
      1,
      expect.stringContaining('is in use by another rosterd process'),
    ])
  })

  test('a store that is damaged, or of a newer version, is set aside too', async () => {
    await using there = await other()
    await there.run('sync')
    await writeFile(join(there.path, 'data', 'db', 'CURRENT'), 'nonsense')
    expect((await there.run('explain', 'grace')).exitCode).toBe(1)
    expect(await there.run('restore', file, '--force')).toMatchObject({ exitCode: 0, stderr: '' })
    expect((await there.run('explain', 'grace')).exitCode).toBe(0)
  })

  test.each([
    ['an octet that is another', (octets: Buffer) => octets.fill(octets[5000] === 1 ? 2 : 1, 5000, 5001), 'is damaged'],
    ['an end that is missing', (octets: Buffer) => octets.subarray(0, -40), 'damaged or cut short'],
    ['more behind its end', (octets: Buffer) => Buffer.concat([octets, Buffer.of(1)]), 'something follows its end'],
    [
      'a newer format',
      (octets: Buffer) => Buffer.from(octets.toString('latin1').replace('"version":1', '"version":2'), 'latin1'),
      'a backup of version 2',
    ],
    ['another suffix', (octets: Buffer) => octets, 'set baseDn to what the backup is of'],
  ])('a backup with %s is refused, and nothing is touched', async (what, change, message) => {
    await using there = await configuredFolder(what === 'another suffix' ? { baseDn: 'dc=other,dc=com' } : {})
    await mkdir(join(there.path, 'data'))
    const refused = await there.run('restore', await changedBackup(change))
    expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining(message)])
    expect(await readdir(join(there.path, 'data'))).toEqual([])
  })

  test('what is no backup is said to be none', async () => {
    const cut = join(folder.path, 'cut')
    await copyFile(file, cut)
    await truncate(cut, 1000)
    expect((await folder.run('restore', cut, '--force')).stderr).toContain('damaged or cut short')
    expect((await folder.run('restore', folder.configFile, '--force')).stderr).toContain('is no backup of rosterd')
    expect((await folder.run('restore', join(folder.path, 'none'), '--force')).stderr).toContain('does not exist')
    expect((await folder.run('explain', 'grace')).exitCode).toBe(0)
  })
})
