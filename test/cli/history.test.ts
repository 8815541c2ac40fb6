import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseLdif } from '../../server/protocol/ldif.ts'
import { type ConfiguredFolder, configuredFolder, type ServingProcess } from '../builders/command-line.ts'
import { peopleLdif } from '../builders/running-ldap-server.ts'

interface HistoryJson {
  readonly dn: string
  readonly entryUUID: string
  readonly isServed: boolean
  readonly changes: readonly { readonly number: number; readonly time: string }[]
}

/** An immutable id, so that she is the same under another name. */
const withId = peopleLdif.replace('uid: ada\n', 'uid: ada\nentryUUID: 0ada0000-0000-4000-8000-000000000001\n')
const promoted = withId.replace('cn: Ada Lovelace\n', 'cn: Ada Lovelace\ntitle: Countess\n')
const renamed = promoted.replaceAll('uid=ada,', 'uid=ada.king,').replace('uid: ada\n', 'uid: ada.king\n')
const withoutGrace = renamed
  .replace(/dn: uid=grace[^]*?\n\n/, '')
  .replaceAll('member: uid=grace,ou=people,dc=example,dc=com\n', '')
  .replaceAll('memberUid: grace\n', '')

describe.each(['alone', 'beside a running server'])('rosterd history and export-ldif --at, %s', (how) => {
  let folder: ConfiguredFolder
  let server: ServingProcess | undefined
  beforeAll(async () => {
    folder = await configuredFolder({}, withId)
    server = how === 'alone' ? undefined : await folder.serve()
    for (const ldif of [withId, promoted, renamed, withoutGrace]) {
      await writeFile(join(folder.path, 'people.ldif'), ldif)
      expect(await folder.run('sync')).toMatchObject({ exitCode: 0, stderr: '' })
    }
  })
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })
  const historyOf = async (...args: string[]) =>
    JSON.parse((await folder.run('history', ...args, '--json')).stdout) as HistoryJson
  const exported = async (...args: string[]) => {
    const { stdout, stderr, exitCode } = await folder.run('export-ldif', ...args)
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
    return parseLdif(stdout).map(({ dn }) => dn)
  }

  test('history shows each change with number, time, cause and values, and no secret', async () => {
    const { stdout, exitCode } = await folder.run('history', 'ada.king')
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(
      /^uid=ada.king,ou=people,dc=example,dc=com\n {2}entryUUID: \S{36}\n\d+ {2}2\S+Z {2}renamed by run seed\//,
    )
    expect(stdout).toContain('  dn: uid=ada,ou=people,dc=example,dc=com -> uid=ada.king,ou=people,dc=example,dc=com\n')
    expect(stdout).toContain('  title: + Countess\n')
    expect(stdout).toContain('  mail: + ada@example.com, countess@example.com\n')
    expect(stdout).not.toMatch(/ada-secret|userPassword|forgotten/)
  })

  test('history finds who is gone, and former names, DNs and entryUUIDs', async () => {
    const grace = await historyOf('grace')
    expect(grace).toMatchObject({ isServed: false, dn: 'uid=grace,ou=people,dc=example,dc=com' })
    expect(grace.changes).toMatchObject([{ type: 'delete' }, { type: 'add' }])
    expect(await historyOf(grace.entryUUID)).toEqual(grace)
    expect(await historyOf('grace@example.com')).toEqual(grace)
    expect(await historyOf('UID=Grace, ou=people,dc=example,dc=com')).toEqual(grace)
    expect(await historyOf('ada')).toEqual(await historyOf('ada.king'))
    expect(await folder.run('history', 'nobody-ever')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('no entry is or was called "nobody-ever"'),
    })
  })

  test('history says that a limit left older changes out, and takes days', async () => {
    const { stdout } = await folder.run('history', 'ada.king', '--limit', '1')
    expect(stdout).toContain('2 older changes are not shown; --limit 3 shows them.\n')
    expect((await historyOf('ada.king', '--since', '2100-01-01')).changes).toEqual([])
    expect((await historyOf('ada.king', '--until', '2020-01-01')).changes).toEqual([])
    expect((await historyOf('ada.king', '--since', '2020-01-01', '--until', '2100-01-01')).changes).toHaveLength(3)
  })

  test('export-ldif --at tells who was in a group', async () => {
    const { changes } = await historyOf('grace')
    const [removal] = changes
    const before = await folder.run(
      'export-ldif',
      '--at',
      String((removal?.number ?? 0) - 1),
      '--filter',
      '(cn=engineering)',
    )
    expect(before.stdout).toContain('member: uid=grace,ou=people,dc=example,dc=com\n')
    const after = await folder.run('export-ldif', '--at', removal?.time ?? '', '--filter', '(cn=engineering)')
    expect(after.stdout).toContain('dn: cn=engineering,ou=groups,dc=example,dc=com\n')
    expect(after.stdout).not.toContain('uid=grace')
    const members = '(memberOf=cn=engineering,ou=groups,dc=example,dc=com)'
    const first = (await historyOf('ada.king')).changes.at(-1)?.time ?? ''
    expect(await exported('--at', first, '--filter', members)).toContain('uid=ada,ou=people,dc=example,dc=com')
    expect(await exported('--filter', members)).not.toContain('uid=grace,ou=people,dc=example,dc=com')
  })

  test('export-ldif gives today as of the end of today, and a part of the tree', async () => {
    const today = new Date().toISOString().slice(0, 10)
    expect(await exported('--at', today)).toEqual(await exported())
    expect(await exported('--base', 'OU=groups, dc=example,dc=com')).toEqual(
      (await exported()).filter((dn) => dn.endsWith('ou=groups,dc=example,dc=com')),
    )
  })

  test('access-review tells who is in a group, or was, with what, and is recorded', async () => {
    const { changes } = await historyOf('grace')
    const usernames = async (...args: string[]) => {
      const { stdout, exitCode } = await folder.run('access-review', '--group', 'engineering', ...args)
      expect(exitCode).toBe(0)
      return stdout.trimEnd().split('\r\n').slice(1)
    }
    expect(await usernames()).toEqual([
      expect.stringMatching(/^ada\.king,Ada Lovelace,ada@example\.com,active,,engineering; staff,no,1,0,no,0,no,/),
    ])
    expect(await usernames('--at', String((changes[0]?.number ?? 0) - 1))).toEqual([
      expect.stringMatching(/^ada\.king,/),
      expect.stringMatching(/^grace,Grace Hopper,grace@example\.com,active,,engineering; staff,,,,,,,,/),
    ])
    const file = join(folder.path, 'review.csv')
    expect(await folder.run('access-review', '--output', file)).toMatchObject({ exitCode: 0, stdout: '' })
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readFile(file, 'utf8')).toContain('\r\nada.king,')
    expect(await folder.run('access-review', '--group', 'nothing')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('no group is called "nothing"'),
    })
  })

  test('export-ldif refuses what is not known, and what is no filter', async () => {
    const refused = async (...args: string[]) => (await folder.run('export-ldif', ...args)).stderr
    expect(await refused('--at', '2020-03-01')).toMatch(
      /not known: the directory was filled later; the oldest possible is --at 2/,
    )
    expect(await refused('--at', '2100-03-01')).toContain('is yet to come')
    expect(await refused('--at', '99999')).toContain('there is no change 99999; the last is ')
    expect(await refused('--at', 'yesterday')).toContain('It must be a date such as 2027-01-31')
    expect(await refused('--filter', '(cn=')).toContain('is not a filter')
  })
})

test('history and export-ldif say what was forgotten', async () => {
  await using folder = await configuredFolder()
  await folder.run('sync')
  await folder.configure({ retention: { changeLogDays: 0.000_001 } })
  await using server = await folder.serve()
  await server.printed('old changes forgotten')
  const { stdout } = await folder.run('history', 'ada')
  expect(stdout).toMatch(
    /\nno changes\nChanges before 2\S+Z were forgotten \(retention.changeLogDays\): there may have been more.\n$/,
  )
  const refused = await folder.run('export-ldif', '--at', '2020-01-01')
  expect(refused.stderr).toMatch(
    /changes before were forgotten \(retention.changeLogDays\); the oldest possible is --at 2/,
  )
  const [, oldest = ''] = /--at (2\S+)$/m.exec(refused.stderr.trim()) ?? []
  expect((await folder.run('export-ldif', '--at', oldest)).stdout).toContain('dn: uid=ada,')
})
