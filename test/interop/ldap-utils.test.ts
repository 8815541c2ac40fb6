import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type CommandResult,
  type ConfiguredFolder,
  configuredFolder,
  runProgram,
  type ServingProcess,
} from '../builders/command-line.ts'
import { describeWithTool } from '../builders/required-tool.ts'
import { reader, startTestLdapServer, suffix } from '../builders/running-ldap-server.ts'

describeWithTool('ldapsearch', "OpenLDAP's ldap-utils against rosterd serve", () => {
  let folder: ConfiguredFolder
  let server: ServingProcess
  beforeAll(async () => {
    folder = await configuredFolder()
    server = await folder.serve()
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  const ada = `uid=ada,ou=people,${suffix}`
  const plain = () => `ldap://127.0.0.1:${server.ports.ldap}`
  const secure = () => `ldaps://localhost:${server.ports.ldaps}`
  const asReader = ['-x', '-LLL', '-D', reader.dn, '-w', reader.password]
  const withCa = () => ({ ...process.env, LDAPTLS_CACERT: `${folder.path}/data/tls/ca.pem` })
  const search = (...args: string[]): Promise<CommandResult> =>
    runProgram('ldapsearch', ['-H', plain(), ...asReader, '-b', suffix, ...args])

  test('ldapsearch finds a person', async () => {
    const { exitCode, stdout } = await search('(uid=ada)', 'cn')
    expect(exitCode).toBe(0)
    expect(stdout).toBe(`dn: ${ada}\ncn: Ada Lovelace\n\n`)
  })

  test('ldapsearch pages', async () => {
    const { stdout } = await search('-E', 'pr=2/noprompt', '(objectClass=*)', '1.1')
    expect(stdout.match(/^dn: /gm)).toHaveLength(11)
  })

  test('ldapwhoami over ldaps and StartTLS', async () => {
    const asAda = ['-x', '-D', ada, '-w', 'ada-secret']
    expect(await runProgram('ldapwhoami', ['-H', secure(), ...asAda], withCa())).toMatchObject({
      exitCode: 0,
      stdout: `dn:${ada}\n`,
    })
    expect(
      await runProgram('ldapwhoami', ['-ZZ', '-H', `ldap://localhost:${server.ports.ldap}`, ...asAda], withCa()),
    ).toMatchObject({ exitCode: 0, stdout: `dn:${ada}\n` })
  })

  test('ldapcompare', async () => {
    const compare = (assertion: string) =>
      runProgram('ldapcompare', ['-H', plain(), '-x', '-D', reader.dn, '-w', reader.password, ada, assertion])
    expect((await compare('mail:countess@example.com')).exitCode).toBe(6)
    expect((await compare('mail:nobody@example.com')).exitCode).toBe(5)
  })

  test.each([
    ['a wrong password', 'wrong', 49],
    ['no password', '', 53],
  ])('ldapwhoami with %s', async (_name, password, exitCode) => {
    expect((await runProgram('ldapwhoami', ['-H', plain(), '-x', '-D', ada, '-w', password])).exitCode).toBe(exitCode)
  })

  test('ldapmodify is refused', async () => {
    const ldif = `${folder.path}/change.ldif`
    await writeFile(ldif, `dn: ${ada}\nchangetype: modify\nreplace: cn\ncn: Eve\n`)
    expect(
      (await runProgram('ldapmodify', ['-H', plain(), '-x', '-D', ada, '-w', 'ada-secret', '-f', ldif])).exitCode,
    ).toBe(53)
  })
})

describeWithTool('ldappasswd', "OpenLDAP's ldappasswd", () => {
  const zoe = `uid=zoë,ou=people,${suffix}`
  const uuid = '00000000-0000-4000-8000-000000000005'
  const admin = { kind: 'admin', id: 'root' } as const
  const old = 'plum harbour 47 window'
  const fresh = 'seven quiet lanterns rowing'

  /** Runs programs as Zoë over StartTLS; she has a one-time password. */
  async function asZoe(
    use: (
      run: (program: string, password: string, ...args: string[]) => Promise<CommandResult>,
      once: string,
    ) => Promise<void>,
  ) {
    await using server = await startTestLdapServer({ ldap: { passwordModify: true } })
    const folder = await mkdtemp(join(tmpdir(), 'rosterd-test-'))
    await writeFile(join(folder, 'ca.pem'), server.caPem)
    const env = { ...process.env, LDAPTLS_CACERT: join(folder, 'ca.pem') }
    await server.accounts.passwords.set(uuid, old, {}, admin)
    await use(
      (program, password, ...args) =>
        runProgram(
          program,
          ['-ZZ', '-H', `ldap://localhost:${server.port}`, '-x', '-D', zoe, '-w', password, ...args],
          env,
        ),
      await server.accounts.passwords.reset(uuid, admin),
    )
    await rm(folder, { recursive: true })
  }

  test('changes a one-time password, and then the password; a weak one is refused with what to do', () =>
    asZoe(async (run, once) => {
      expect((await run('ldapwhoami', once)).exitCode).toBe(49)
      expect((await run('ldapwhoami', once, '-e', 'ppolicy')).stderr).toContain('Insufficient access (50)')
      expect(await run('ldappasswd', once, '-e', 'ppolicy', '-a', once, '-s', fresh)).toMatchObject({ exitCode: 0 })
      expect(await run('ldapwhoami', fresh)).toMatchObject({ exitCode: 0 })
      const weak = await run('ldappasswd', fresh, '-e', 'ppolicy', '-a', fresh, '-s', 'short')
      expect(weak.exitCode).not.toBe(0)
      for (const told of ['Constraint violation (19)', 'Use at least 12 characters', 'Password is too short'])
        expect(weak.stdout + weak.stderr).toContain(told)
      const generated = /New password: (\S+)/.exec((await run('ldappasswd', fresh, '-a', fresh)).stdout)?.[1]
      expect(await run('ldapwhoami', generated ?? '')).toMatchObject({ exitCode: 0 })
      expect((await run('ldapwhoami', fresh)).exitCode).toBe(49)
    }))
})
