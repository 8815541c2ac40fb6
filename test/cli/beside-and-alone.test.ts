import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { leafCommands } from '../../server/command-line/command-tree.ts'
import { createProgram } from '../../server/command-line/program.ts'
import {
  type ConfiguredFolder,
  configuredFolder,
  rosterd,
  runProgram,
  type ServingProcess,
} from '../builders/command-line.ts'

/** Tried one after the other: what a command reads, those above it have written. Each with what it gets on its standard input. */
const table: readonly (readonly [command: string, exitCode: number, input?: string])[] = [
  ['sync --provider seed --full', 0],
  ['runs --limit 1', 0],
  ['pause seed --reason tried', 0],
  ['provider list --json', 0],
  ['resume seed', 0],
  ['undo seed/2020-01-01T00:00:00.000Z', 1],
  ['preview ldap.config.json --json', 0],
  ['plan show --json', 0],
  ['plan approve --latest', 1],
  ['plan discard 0123456789', 1],
  ['provider test', 0],
  ['provider authorize seed', 1],
  ['provider forget seed none', 1],
  ['explain ada --json', 0],
  ['explain ada --bind-from 192.0.2.7', 0],
  ['user set-password ada', 1, 'a long enough passphrase\n'],
  ['user reset-password grace', 1],
  ['user remove-password grace', 0],
  ['user app-password add ada --name phone', 0],
  ['user app-password list ada', 0],
  ['user app-password revoke ada none', 1],
  ['user totp begin ada', 0],
  ['user totp confirm ada 000000', 1],
  ['user totp recovery-codes ada', 1],
  ['user totp reset ada', 0],
  ['user block grace --reason lost', 0],
  ['user blocked --json', 0],
  ['user show grace', 0],
  ['user unblock grace', 0],
  ['user pass-through ada never', 0],
  ['user show ada --json', 0],
  ['user revoke ada --totp', 0],
  ['binder add host --network 192.0.2.0/24', 0],
  ['binder rotate host --overlap-days 2', 0],
  ['binder list --json', 0],
  ['binder remove host', 0],
  ['admin create root --role owner', 0],
  ['admin reset root', 0],
  ['admin list --json', 0],
  ['admin remove root', 0],
  ['enrollment list --json', 0],
  ['enrollment send', 1],
  ['enrollment resend ada', 1],
  ['link list --json', 0],
  ['link confirm seed:nobody ada', 1],
  ['link separate seed:nobody', 1],
  ['ids export --json', 0],
  ['ids import passwd', 1],
  ['ids relink --undo', 1],
  ['throttle list --json', 0],
  ['throttle clear --all', 0],
  ['history ada --json', 0],
  ['history engineering', 0],
  ['access-review', 0],
  ['export-ldif --filter (memberOf=cn=staff,ou=groups,dc=example,dc=com)', 0],
  ['compare people.ldif --json', 0],
  ['key rotate --json', 0],
  ['backup store.backup', 0],
  ['mail test ada@example.com', 1],
]

/** Commands that make or mend a configuration or a store, run a server, or need one. */
const ofOneKind = ['init', 'check', 'serve', 'reload', 'demo', 'restore', 'repair', 'completion']

let alone: ConfiguredFolder
let beside: ConfiguredFolder
let server: ServingProcess
beforeAll(async () => {
  alone = await configuredFolder()
  beside = await configuredFolder()
  for (const { path } of [alone, beside]) await writeFile(join(path, 'passwd'), 'ada:x:5000:100::/home/ada:/bin/sh\n')
  server = await beside.serve()
  expect(await alone.run('sync')).toMatchObject({ exitCode: 0 })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await beside[Symbol.asyncDispose]()
  await alone[Symbol.asyncDispose]()
})

async function answerIn({ path, configFile }: ConfiguredFolder, command: string, input: string) {
  const words = command
    .split(' ')
    .map((word) => (/^(ldap.config.json|people.ldif|passwd|store.backup)$/.test(word) ? join(path, word) : word))
  const answer = await runProgram(rosterd, ['--config', configFile, ...words], process.env, input)
  return { ...answer, stdout: masked(answer.stdout, path), stderr: masked(answer.stderr, path) }
}

/** Without what is another at every time and in every store: ids, times, secrets, the folder. */
function masked(text: string, folder: string): string {
  return text
    .replaceAll(folder, 'FOLDER')
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
    .replaceAll(/\d{4}-\d\d-\d\d(T| )\d\d:\d\d(:\d\d)?(\.\d+)?( UTC|Z)?/g, 'TIME')
    .replaceAll(/\d{14}Z/g, 'TIME')
    .replaceAll(/\d{4}-\d\d-\d\d-\w{4}/g, 'ID')
    .replaceAll(/([A-Z2-7]{4} ){3,}[A-Z2-7]{4}|[\w-]{16,}/g, 'SECRET')
    .replaceAll(/\b[a-z2-7]{8}\b(?= phone| \(phone\)|",?$)/gm, 'ID')
}

test.each(table.map(([command, exitCode, input = '']) => ({ command, exitCode, input })))(
  'rosterd $command answers the same beside a server and alone',
  async ({ command, exitCode, input }) => {
    const [ofServer, own] = await Promise.all([answerIn(beside, command, input), answerIn(alone, command, input)])
    expect(ofServer).toEqual(own)
    expect(own.exitCode).toBe(exitCode)
    expect(exitCode === 1 ? own.stdout + own.stderr : own.stdout).not.toBe('')
  },
)

test('rosterd check says the same beside a server and alone, but for the rows of the store, which the server has', async () => {
  const [ofServer, own] = await Promise.all([
    answerIn(beside, 'check --offline', ''),
    answerIn(alone, 'check --offline', ''),
  ])
  expect(own).toEqual({ ...ofServer, stdout: `${ofServer.stdout}ok   store: rows: agree\n` })
  expect(own.exitCode).toBe(0)
})

test('rosterd check --upgrade says the same beside a server, which has the store', async () => {
  const [ofServer, own] = await Promise.all([
    answerIn(beside, 'check --upgrade', ''),
    answerIn(alone, 'check --upgrade', ''),
  ])
  expect(ofServer).toEqual(own)
  expect(own).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('nothing has to be done'), stderr: '' })
})

test('every command is in the table, or of one kind', () => {
  const paths = leafCommands(createProgram(() => undefined)).map(({ path }) => path)
  const tried = paths.filter((path) => table.some(([command]) => `${command} `.startsWith(`${path} `)))
  expect([...tried, ...ofOneKind].toSorted()).toEqual(paths.toSorted())
})
