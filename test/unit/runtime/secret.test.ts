import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { resolveSecret, Secret } from '../../../server/runtime/secret.ts'

test('shows itself only through reveal', () => {
  const secret = new Secret('hush')
  const printed = [String(secret), JSON.stringify({ secret }), inspect({ secret }, { showHidden: true, depth: 9 })]
  expect(printed).toEqual(['[redacted]', '{"secret":"[redacted]"}', '{ secret: [redacted] }'])
  expect(secret.reveal()).toBe('hush')
})

test('comes from the file itself, a variable, or a file without its last line end', async () => {
  const baseDir = await mkdtemp(join(tmpdir(), 'rosterd-secret-'))
  try {
    await writeFile(join(baseDir, 'token'), ' to ken\n\r\n')
    const surroundings = { env: { TOKEN: 'from env' }, baseDir }
    expect((await resolveSecret('literal', surroundings)).reveal()).toBe('literal')
    expect((await resolveSecret({ env: 'TOKEN' }, surroundings)).reveal()).toBe('from env')
    expect((await resolveSecret({ file: 'token' }, surroundings)).reveal()).toBe(' to ken\n')
  } finally {
    await rm(baseDir, { recursive: true })
  }
})

test.each([
  [{ env: 'TOKEN' }, {}, 'the environment variable TOKEN is not set'],
  [{ env: 'TOKEN' }, { TOKEN: '' }, 'the environment variable TOKEN is empty'],
  [{ file: 'token' }, {}, 'the secret file "/nowhere/token" does not exist'],
  [{ file: '/' }, {}, 'the secret file "/" cannot be read (EISDIR)'],
  [{ file: '/dev/null' }, {}, 'the secret file "/dev/null" is empty'],
])('says why %j with %j cannot be had', async (source, env, message) => {
  await expect(resolveSecret(source, { env, baseDir: '/nowhere' })).rejects.toThrow(message)
})
