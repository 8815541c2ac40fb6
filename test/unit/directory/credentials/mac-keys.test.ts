import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createMacKeys } from '../../../../server/directory/credentials/mac-keys.ts'
import { openDirectory } from '../../../../server/directory/directory.ts'
import { createSealedRecords } from '../../../../server/directory/sealed-records.ts'
import { makeMasterKey, readMasterKeys } from '../../../../server/runtime/master-key.ts'
import { openMemoryStore } from '../../../../server/storage/memory-store.ts'

test('a key is made once for each purpose, also when several ask at once, and is found again', async () => {
  await using dataDir = await mkdtempDisposable(join(tmpdir(), 'rosterd-mac-keys-'))
  const directory = await openDirectory(openMemoryStore(), 'dc=example,dc=com')
  const sealed = createSealedRecords({
    store: directory.store,
    readKeys: () => readMasterKeys({ env: {}, masterKeyFile: null, dataDir: dataDir.path }),
    makeKey: () => makeMasterKey(dataDir.path),
    keyPlaces: 'put it back',
  })
  const keys = createMacKeys(directory, sealed)
  expect(await keys.find('app-password')).toBeUndefined()
  const [one, same, other] = await Promise.all([
    keys.get('app-password'),
    keys.get('app-password'),
    keys.get('recovery-code'),
  ])
  expect(one).toHaveLength(32)
  expect(same).toEqual(one)
  expect(other).not.toEqual(one)
  const later = createMacKeys(directory, sealed)
  expect(await later.find('app-password')).toEqual(one)
  expect(await later.get('app-password')).toEqual(one)
})
