import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CompareReport } from '../../server/commands/compare-command.ts'
import {
  type ConfiguredFolder,
  configuredFolder,
  rosterd,
  runProgram,
  type ServingProcess,
} from '../builders/command-line.ts'
import { peopleLdif, reader } from '../builders/running-ldap-server.ts'

const withPassword = { ...process.env, ROSTERD_COMPARE_PASSWORD: reader.password }
const asReader = ['--bind-dn', reader.dn]

/** What is compared with. */
let source: ConfiguredFolder
let other: ServingProcess
beforeAll(async () => {
  source = await configuredFolder()
  other = await source.serve()
})
afterAll(async () => {
  await other[Symbol.asyncDispose]()
  await source[Symbol.asyncDispose]()
})

describe.each(['alone', 'beside a running server'])('rosterd compare, %s', (how) => {
  let folder: ConfiguredFolder
  let server: ServingProcess | undefined
  beforeAll(async () => {
    folder = await configuredFolder()
    server = how === 'beside a running server' ? await folder.serve() : undefined
    await folder.run('sync')
  })
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  test('finds nothing to tell of a copy of itself, over ldaps, StartTLS and the clear on loopback', async () => {
    const caFile = join(source.path, 'ca.pem')
    await writeFile(caFile, await (await fetch(`http://localhost:${other.ports.admin}/ca.pem`)).text())
    for (const where of [
      [`ldaps://localhost:${other.ports.ldaps}`, '--ca', caFile],
      [`ldap://localhost:${other.ports.ldap}`, '--ca', caFile],
      [`ldap://127.0.0.1:${other.ports.ldap}/dc=example,dc=com`],
    ]) {
      const args = ['--config', folder.configFile, 'compare', ...where, ...asReader]
      expect(await runProgram(rosterd, args, withPassword)).toEqual({
        exitCode: 0,
        stdout: expect.stringMatching(
          /^people: 3 there, 3 here: 3 same, 0 differ.*\ngroups: 4 there, 4 here: 4 same, 0 differ/,
        ),
        stderr: '',
      })
    }
  })

  test('tells differences as text, JSON and CSV, and exits with 2', async () => {
    const old = join(folder.path, 'old.ldif')
    const text = peopleLdif
      .replace('homeDirectory: /home/ada', 'homeDirectory: /srv/ada')
      .replace(/dn: uid=grace[^]*?\n\n/, '')
    await writeFile(old, text)
    const csvFile = join(folder.path, 'compare.csv')
    const found = await folder.run('compare', old, '--csv', csvFile)
    expect(found).toMatchObject({ exitCode: 2, stderr: '' })
    expect(found.stdout).toContain('person ada (by uid):\n  homeDirectory: /srv/ada there, /home/ada here\n')
    expect(found.stdout).toContain('person grace: only here: uid=grace,ou=people,dc=example,dc=com\n')
    const csv = (await readFile(csvFile, 'utf8')).split('\n')
    expect(csv[0]).toContain('kind,status,name,matchedBy,there,here,reason,uid there,uid here,')
    expect(csv.find((line) => line.startsWith('person,differs,ada'))).toContain(',/srv/ada,/home/ada,')
    const report = JSON.parse((await folder.run('compare', old, '--json')).stdout) as CompareReport
    expect(report).toMatchObject({
      people: { there: 2, here: 3, same: 1, differs: 1, 'only here': 1 },
      attributes: { homeDirectory: 1 },
      numbers: null,
    })
    const ignoring = await folder.run('compare', old, '--ignore', 'homedirectory,members')
    expect(ignoring.stdout).toContain('people: 2 there, 3 here: 2 same, 0 differ')
  })

  test('writes no numbers for people whose entries come from a file, and says so', async () => {
    const old = join(folder.path, 'old.ldif')
    await writeFile(old, peopleLdif.replace('uidNumber: 10001', 'uidNumber: 7001'))
    const idsFile = join(folder.path, 'ids.csv')
    const found = await folder.run('compare', old, '--ids', idsFile)
    expect(found.stdout).toContain('conflict: user ada: its entry here comes from a file')
    expect(await readFile(idsFile, 'utf8')).toBe('kind,name,number,tenant,id,entryUUID\n')
    expect(await folder.run('ids', 'import', idsFile)).toMatchObject({ exitCode: 0 })
  })
})

describe('rosterd compare says in one sentence', () => {
  const failing = async (args: readonly string[], env: NodeJS.ProcessEnv = withPassword) => {
    await using folder = await configuredFolder()
    const { exitCode, stdout, stderr } = await runProgram(
      rosterd,
      ['--config', folder.configFile, 'compare', ...args],
      env,
    )
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toMatch(/^rosterd: .*\n$/)
    return stderr
  }

  test('that a host is unknown, and that nothing answers', async () => {
    expect(await failing(['ldaps://nowhere.invalid'])).toContain(
      'ldaps://nowhere.invalid: no such host "nowhere.invalid"; check the name',
    )
    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const { port } = closed.address() as { port: number }
    closed.close()
    await once(closed, 'close')
    expect(await failing([`ldap://127.0.0.1:${port}`])).toContain('nothing answers on that port; check host and port')
  })

  test('that a password is wrong or missing, and never shows it', async () => {
    const url = `ldap://localhost:${other.ports.ldap}`
    const wrong = { ...process.env, ROSTERD_COMPARE_PASSWORD: 'not-The-Password' }
    const told = await failing([url, ...asReader], wrong)
    expect(told).toContain(`"${reader.dn}" and its password are not accepted; check --bind-dn and the password`)
    expect(told).not.toContain('not-The-Password')
    expect(await failing([url, ...asReader], process.env)).toContain('--bind-dn needs a password')
    const file = join(source.path, 'password')
    await writeFile(file, `${reader.password}\n`)
    await using folder = await configuredFolder()
    await folder.run('sync')
    expect(await folder.run('compare', url, ...asReader, '--password-file', file)).toMatchObject({ exitCode: 0 })
  })

  test('that a certificate is not trusted, and that a port does not speak TLS', async () => {
    expect(await failing([`ldaps://localhost:${other.ports.ldaps}`])).toContain(
      'its certificate is not trusted; name the file of its authority with --ca',
    )
    expect(await failing([`ldaps://localhost:${other.ports.ldap}`])).toContain(
      'what answers on that port does not speak TLS',
    )
  })

  test('what cannot be read', async () => {
    const url = `ldap://localhost:${other.ports.ldap}`
    expect(await failing([url])).toContain('no person and no group was found there')
    expect(await failing([url, ...asReader, '--base', 'dc=elsewhere'])).toContain('there is no "dc=elsewhere"')
    expect(await failing([url, ...asReader, '--base', 'elsewhere'])).toContain('"elsewhere" is not a DN')
    expect(await failing(['http://localhost'])).toContain('write it as ldaps://HOST')
    expect(await failing(['ldap://root:secret@localhost'])).toContain('use --bind-dn and --password-file')
    const broken = join(source.path, 'broken.ldif')
    await writeFile(broken, 'dn: uid=x,dc=old\nuid: x\n\nsearch: 2\nresult: 0 Success\n')
    expect(await failing([broken])).toMatch(/broken\.ldif: is not LDIF .* \(line 4: a record begins with "dn:"/)
    expect(await failing([join(source.path, 'missing.ldif')])).toContain('no such file')
  })

  test('that nobody is served here yet', async () => {
    await using folder = await configuredFolder({ providers: [] })
    const old = join(folder.path, 'old.ldif')
    await writeFile(old, peopleLdif)
    expect(await folder.run('compare', old)).toMatchObject({
      exitCode: 1,
      stderr: 'rosterd: nobody is served here yet; run "rosterd sync" first\n',
    })
  })
})
