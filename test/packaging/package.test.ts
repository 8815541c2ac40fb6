import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runProgram } from '../builders/command-line.ts'
import { freePort } from '../builders/free-port.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'

const repository = join(import.meta.dirname, '..', '..')
let folder: string
/** The tarball as npm would have unpacked it, with the packages that it depends on beside it. */
let installed: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rosterd-package-'))
  const packed = await runProgram('npm', ['run', '--silent', 'pack', '--prefix', repository])
  expect(packed).toMatchObject({ exitCode: 0 })
  const tarball = join(repository, '.tmp', packed.stdout.trim().split('\n').at(-1) ?? '')
  installed = join(folder, 'node_modules', 'rosterd')
  await mkdir(installed, { recursive: true })
  expect(await runProgram('tar', ['-xzf', tarball, '-C', installed, '--strip-components', '1'])).toMatchObject({
    exitCode: 0,
  })
  const { dependencies } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  for (const name of Object.keys(dependencies)) {
    const link = join(folder, 'node_modules', name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(join(repository, 'node_modules', name), link)
  }
})
afterAll(() => rm(folder, { recursive: true }))

const rosterd = () => join(installed, 'bin', 'rosterd')

test('the package holds what runs: no TypeScript, no tests, nothing of this machine', async () => {
  const files = await readdir(installed, { recursive: true })
  expect(files.filter((name) => name.endsWith('.ts') || name.startsWith('test'))).toEqual([])
  expect(files).toContain('server/ldap-worker.js')
  expect(files).toContain('packaging/rosterd.service')
  expect(files).toContain('docs/alerts.yml')
  const { version } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as { version: string }
  expect(await runProgram(rosterd(), ['--version'])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' })
})

test('installed below node_modules it serves the trial: LDAP with bcrypt in its threads, pages and their assets', async () => {
  const adminPort = await freePort()
  const args = ['demo', '--ldap-port', '0', '--ldaps-port', '0', '--admin-port', String(adminPort)]
  const child = spawn(rosterd(), args, { stdio: ['ignore', 'pipe', 'inherit'], cwd: folder })
  const exited = once(child, 'exit')
  try {
    let text = ''
    for await (const line of createInterface({ input: child.stdout })) {
      text += `${line}\n`
      if (line.includes('Press Ctrl+C')) break
    }
    const said = (pattern: RegExp) => pattern.exec(text)?.[1] ?? ''
    await using client = await RawLdapClient.connect(Number(said(/ldap:\/\/localhost:(\d+)/)))
    const binder = await client.bind(said(/binder +(\S+)/), said(/binder +\S+\n +password +(\S+)/))
    expect(binder.resultCode).toBe(0)
    expect((await client.search({ base: 'dc=example,dc=com', filter: '(objectClass=posixAccount)' })).resultCode).toBe(
      0,
    )
    const person = await client.bind(said(/person +(\S+)/), said(/person +\S+\n +password +(\S+)/))
    expect(person.resultCode).toBe(0)
    const page = await (await fetch(`http://127.0.0.1:${adminPort}/me`)).text()
    const sheet = /href="([^"]+\.css)"/.exec(page)?.[1] ?? ''
    expect((await fetch(`http://127.0.0.1:${adminPort}${sheet}`)).status).toBe(200)
  } finally {
    child.kill('SIGTERM')
    await exited
  }
})
