import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { DirectoryStore, RecordChange } from '../../../server/directory/directory-store.ts'
import { createSealedRecords, type SealedRecords } from '../../../server/directory/sealed-records.ts'
import { makeMasterKey, readMasterKeys } from '../../../server/runtime/master-key.ts'
import { openMemoryStore } from '../../../server/storage/memory-store.ts'

let dataDir: string
let store: DirectoryStore
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'rosterd-key-'))
  store = openMemoryStore()
})
afterEach(() => rm(dataDir, { recursive: true }))

const keyA = Buffer.alloc(32, 1).toString('base64')
const keyB = Buffer.alloc(32, 2).toString('hex')

function sealedRecords(env: Record<string, string> = {}, masterKeyFile: string | null = null): SealedRecords {
  return createSealedRecords({
    store,
    readKeys: () => readMasterKeys({ env, masterKeyFile, dataDir }),
    makeKey: () => makeMasterKey(dataDir),
    keyPlaces: 'put it back',
  })
}

const write = (...records: RecordChange[]) =>
  store.commit({ cause: { kind: 'server', id: 'test' }, entries: [], records })

async function keep(sealed: SealedRecords, key: string[], secret: string): Promise<void> {
  await write(await sealed.seal(key, secret))
}

describe('a sealed secret', () => {
  test('is read again, and cannot be seen in the store', async () => {
    const sealed = sealedRecords()
    await keep(sealed, ['authorization', 'contoso', '1'], 'the refresh token, ü')
    expect(await sealed.read(['authorization', 'contoso', '1'])).toBe('the refresh token, ü')
    expect(await sealed.read(['authorization', 'contoso', '2'])).toBeUndefined()
    const stored = await store.get('sealed', ['authorization', 'contoso', '1'])
    expect(stored).toMatchObject({ format: 1, keyId: expect.stringMatching(/^[0-9a-f]{16}$/) })
    expect(Buffer.from((stored as { data: string }).data, 'base64').toString('latin1')).not.toContain('refresh')
    expect(await sealed.problem()).toBeUndefined()
  })

  test('is of no use under another key of the store', async () => {
    const sealed = sealedRecords()
    await keep(sealed, ['a'], 'x')
    await write({ collection: 'sealed', key: ['b'], value: await store.get('sealed', ['a']) })
    await expect(sealed.read(['b'])).rejects.toThrow('the secret b in the store is damaged; set it anew')
  })

  test('that was changed is refused, not half read', async () => {
    const sealed = sealedRecords()
    await keep(sealed, ['a'], 'x'.repeat(100))
    const value = (await store.get('sealed', ['a'])) as { data: string; format: number }
    const octets = Buffer.from(value.data, 'base64')
    octets.writeUInt8(octets.readUInt8(50) ^ 1, 50)
    await write({ collection: 'sealed', key: ['a'], value: { ...value, data: octets.toString('base64') } })
    await expect(sealed.read(['a'])).rejects.toThrow('is damaged')
    await write({ collection: 'sealed', key: ['a'], value: { ...value, format: 2 } })
    await expect(sealed.read(['a'])).rejects.toThrow('has the format 2; a newer rosterd wrote it')
  })

  test('is encrypted with another nonce each time', async () => {
    const sealed = sealedRecords()
    const nonces = await Promise.all(
      Array.from({ length: 20 }, async () => ((await sealed.seal(['a'], 'x')).value as { nonce: string }).nonce),
    )
    expect(new Set(nonces).size).toBe(20)
  })
})

describe('the master key', () => {
  test('comes from the variable before the file before dataDir', async () => {
    const file = join(dataDir, 'other.key')
    await writeFile(file, `${keyB}\n`)
    const made = await makeMasterKey(dataDir)
    const id = async (env: Record<string, string>, masterKeyFile: string | null) =>
      (await readMasterKeys({ env, masterKeyFile, dataDir }))?.current.id
    const [fromVariable, fromFile, fromFolder] = [
      await id({ ROSTERD_MASTER_KEY: keyA }, file),
      await id({}, file),
      await id({}, null),
    ]
    expect(new Set([fromVariable, fromFile, fromFolder]).size).toBe(3)
    expect(fromFolder).toBe(made.current.id)
    expect(await id({ ROSTERD_MASTER_KEY: Buffer.alloc(32, 2).toString('base64') }, null)).toBe(fromFile)
  })

  test('is made in dataDir with the first secret, for the owner alone', async () => {
    const sealed = sealedRecords()
    expect(await sealed.problem()).toBeUndefined()
    await expect(stat(join(dataDir, 'master.key'))).rejects.toThrow('ENOENT')
    await keep(sealed, ['a'], 'x')
    expect((await stat(join(dataDir, 'master.key'))).mode & 0o777).toBe(0o600)
    expect(await sealedRecords().read(['a'])).toBe('x')
  })

  test('that is lost is missed in one sentence, and no other is made in its place', async () => {
    await keep(sealedRecords(), ['a'], 'x')
    const lost = await readFile(join(dataDir, 'master.key'))
    await rm(join(dataDir, 'master.key'))
    const sealed = sealedRecords()
    const sentence =
      /^the master key [0-9a-f]{16}, which secrets in the store are encrypted with, is missing: put it back$/
    await expect(sealed.read(['a'])).rejects.toThrow(sentence)
    await expect(sealed.seal(['b'], 'y')).rejects.toThrow(sentence)
    expect(await sealed.problem()).toMatch(sentence)
    await expect(stat(join(dataDir, 'master.key'))).rejects.toThrow('ENOENT')
    await writeFile(join(dataDir, 'master.key'), lost)
    expect(await sealed.read(['a'])).toBe('x')
  })

  test('that is another is told apart from damage', async () => {
    await keep(sealedRecords({ ROSTERD_MASTER_KEY: keyA }), ['a'], 'x')
    const problem = await sealedRecords({ ROSTERD_MASTER_KEY: keyB }).problem()
    expect(problem).toMatch(/encrypted with the master key [0-9a-f]{16}, and ROSTERD_MASTER_KEY holds [0-9a-f]{16}: /)
  })

  test.each([
    ['a text that is no key', { ROSTERD_MASTER_KEY: 'hunter2' }, null, /^ROSTERD_MASTER_KEY holds no master key: /],
    [
      'a file that is not there',
      {},
      '/nowhere/master.key',
      /^the master key file "\/nowhere\/master.key" does not exist; /,
    ],
    ['a folder', {}, tmpdir(), /cannot be read \(EISDIR\)/],
  ])('refuses %s', async (_what, env, file, message) => {
    const error = await sealedRecords(env, file)
      .seal(['a'], 'x')
      .catch((thrown: unknown) => (thrown as Error).message)
    expect(error).toMatch(message)
    expect(error).not.toContain('hunter2')
  })
})
