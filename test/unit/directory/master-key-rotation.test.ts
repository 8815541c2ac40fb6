import { mkdtempDisposable, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createMacKeys } from '../../../server/directory/credentials/mac-keys.ts'
import { type Directory, openDirectory } from '../../../server/directory/directory.ts'
import { rotateMasterKey } from '../../../server/directory/master-key-rotation.ts'
import { createSealedRecords, type SealedRecords } from '../../../server/directory/sealed-records.ts'
import {
  addMasterKey,
  makeMasterKey,
  type MasterKeySource,
  readMasterKeys,
} from '../../../server/runtime/master-key.ts'
import { openMemoryStore } from '../../../server/storage/memory-store.ts'

let folder: Awaited<ReturnType<typeof mkdtempDisposable>>
let directory: Directory
beforeEach(async () => {
  folder = await mkdtempDisposable(join(tmpdir(), 'rosterd-rotation-'))
  directory = await openDirectory(openMemoryStore(), 'dc=example,dc=com')
})
afterEach(() => folder.remove())

const cause = { kind: 'admin', id: 'root' } as const
const keyOf = (octet: number) => Buffer.alloc(32, octet).toString('base64')
const own = (): MasterKeySource => ({ env: {}, masterKeyFile: null, dataDir: folder.path })

/** As a process has them that has just started. */
function sealedWith(source: MasterKeySource): SealedRecords {
  return createSealedRecords({
    store: directory.store,
    readKeys: () => readMasterKeys(source),
    makeKey: () => makeMasterKey(source.dataDir),
    keyPlaces: 'put it back',
  })
}
async function keep(sealed: SealedRecords, name: string, secret: string): Promise<void> {
  const records = [await sealed.seal([name], secret)]
  await directory.commit({ cause, entries: [], records })
}
const rotate = (sealed: SealedRecords, source: MasterKeySource) => rotateMasterKey({ directory, sealed, source }, cause)
async function keyIds(): Promise<ReadonlySet<unknown>> {
  const ids = new Set<unknown>()
  for await (const { value } of directory.store.list('sealed')) ids.add((value as { keyId: string }).keyId)
  return ids
}

describe('a master key that was made in dataDir', () => {
  test('is replaced by a new one; every secret is read as before, now and after a restart', async () => {
    const sealed = sealedWith(own())
    await keep(sealed, 'a', 'first')
    await keep(sealed, 'b', 'second')
    const macKey = await createMacKeys(directory, sealed).get('app-password')
    const [before] = await keyIds()
    const rotated = await rotate(sealed, own())
    expect(rotated).toMatchObject({ secrets: 3, olderKeysIn: null })
    expect(await keyIds()).toEqual(new Set([rotated.keyId]))
    expect(rotated.keyId).not.toBe(before)
    for (const each of [sealed, sealedWith(own())]) {
      expect([await each.read(['a']), await each.read(['b'])]).toEqual(['first', 'second'])
      expect(await each.problem()).toBeUndefined()
      expect(await createMacKeys(directory, each).find('app-password')).toEqual(macKey)
    }
    expect((await readFile(join(folder.path, 'master.key'), 'utf8')).trim().split('\n')).toHaveLength(1)
    expect((await stat(join(folder.path, 'master.key'))).mode & 0o777).toBe(0o600)
  })

  test('is replaced also when a rotation was interrupted, before or after secrets were encrypted anew', async () => {
    const sealed = sealedWith(own())
    await keep(sealed, 'a', 'first')
    const keys = await readMasterKeys(own())
    if (keys === undefined) throw new Error('there is a key')
    const added = await addMasterKey(folder.path, keys)
    const restarted = sealedWith(own())
    expect(await restarted.read(['a'])).toBe('first')
    await keep(restarted, 'b', 'second')
    expect((await keyIds()).size).toBe(2)
    expect(await rotate(restarted, own())).toMatchObject({ keyId: added.current.id, secrets: 1 })
    expect(await sealedWith(own()).read(['a'])).toBe('first')
    expect(await sealedWith(own()).read(['b'])).toBe('second')
  })

  test('loses nothing that is being kept at that moment', async () => {
    const sealed = sealedWith(own())
    await keep(sealed, 'first', 'x')
    const names = Array.from({ length: 50 }, (_, n) => `secret ${n}`)
    await Promise.all([...names.map((name) => keep(sealed, name, name)), rotate(sealed, own())])
    const restarted = sealedWith(own())
    expect(await restarted.problem()).toBeUndefined()
    for (const name of names) expect(await restarted.read([name])).toBe(name)
  })

  test('is not there before the first secret', async () => {
    await expect(rotate(sealedWith(own()), own())).rejects.toThrow('there is no master key to replace')
  })

  test('that was lost is missed', async () => {
    await keep(sealedWith(own()), 'a', 'first')
    await rm(join(folder.path, 'master.key'))
    await expect(rotate(sealedWith(own()), own())).rejects.toThrow(/^the master key [0-9a-f]{16}, .* is missing/)
  })

  test('that is not the one on disk any more is left alone, and goes on being used', async () => {
    const sealed = sealedWith(own())
    await keep(sealed, 'a', 'first')
    await writeFile(join(folder.path, 'master.key'), keyOf(1))
    await expect(rotate(sealed, own())).rejects.toThrow('put it back')
    expect(await readFile(join(folder.path, 'master.key'), 'utf8')).toBe(keyOf(1))
    expect(await sealed.read(['a'])).toBe('first')
  })
})

test('nothing is changed when a secret is damaged, and it is named', async () => {
  const sealed = sealedWith(own())
  await keep(sealed, 'a', 'first')
  const value = (await directory.store.get('sealed', ['a'])) as object
  await directory.commit({ cause, entries: [], records: [{ collection: 'sealed', key: ['b'], value: { ...value } }] })
  const [before] = await keyIds()
  await expect(rotate(sealed, own())).rejects.toThrow('the secret b in the store is damaged; set it anew')
  expect(await keyIds()).toEqual(new Set([before]))
  expect(await sealedWith(own()).read(['a'])).toBe('first')
})

describe('a master key that an operator provides', () => {
  test.each(['ROSTERD_MASTER_KEY', 'masterKeyFile'])('in %s is replaced by the one put before it', async (place) => {
    const file = join(folder.path, 'other.key')
    const sourceWith = async (text: string): Promise<MasterKeySource> => {
      if (place === 'ROSTERD_MASTER_KEY') return { ...own(), env: { ROSTERD_MASTER_KEY: text } }
      await writeFile(file, text)
      return { ...own(), masterKeyFile: file }
    }
    const first = await sourceWith(keyOf(1))
    await keep(sealedWith(first), 'a', 'first')
    await expect(rotate(sealedWith(first), first)).rejects.toThrow(/holds one key: put a new one before it/)
    const both = await sourceWith(`${keyOf(2)} ${keyOf(1)}`)
    const sealed = sealedWith(both)
    expect(await sealed.read(['a'])).toBe('first')
    expect(await rotate(sealed, both)).toMatchObject({ secrets: 1, olderKeysIn: expect.any(String) })
    const last = await sourceWith(keyOf(2))
    expect(await sealedWith(last).read(['a'])).toBe('first')
  })

  test('may be replaced only when the keys it names can read every secret', async () => {
    const first = { ...own(), env: { ROSTERD_MASTER_KEY: keyOf(1) } }
    const sealed = sealedWith(first)
    await keep(sealed, 'a', 'first')
    const others = { ...own(), env: { ROSTERD_MASTER_KEY: `${keyOf(3)} ${keyOf(2)}` } }
    await expect(rotate(sealedWith(others), others)).rejects.toThrow('secrets in the store are encrypted with')
    expect(await sealed.read(['a'])).toBe('first')
  })
})
