import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readBackup } from '../../../server/backup.ts'
import { checkUpgrade } from '../../../server/commands/check-upgrade.ts'
import { imageMark } from '../../../server/directory/image-mark.ts'
import type { Row } from '../../../server/storage/backup-format.ts'
import { openUnchecked, storeVersion } from '../../../server/storage/database.ts'
import { openLevelStore } from '../../../server/storage/level-store.ts'
import { type Migration, migratedRows } from '../../../server/storage/migrations.ts'
import { everythingRange, metaKey, recordKey } from '../../../server/storage/keys.ts'
import { writeRows } from '../../../server/storage/raw-rows.ts'
import { decodeRecord, encodeRecord } from '../../../server/storage/record-codec.ts'
import { planUpgrade } from '../../../server/storage/upgrade.ts'
import { upgradeWithBackup } from '../../../server/upgrade.ts'
import { collect, stateOf } from '../../contract/entry-builder.ts'
import { stepsUntilNow } from '../../crash/upgrade-step.ts'
import { storeEntries, storeRecords } from '../../fixtures/stores/content.ts'
import { writeStoreFixture } from '../../fixtures/stores/store-fixture.ts'

const now = new Date('2026-11-22T08:00:00.000Z')
const baseDn = 'dc=example,dc=com'
const fixture = (version: number) => new URL(`../../fixtures/stores/v${version}.backup`, import.meta.url).pathname
const versions = Array.from({ length: storeVersion }, (_, index) => index + 1)

async function dataFolder() {
  const path = await mkdtemp(join(tmpdir(), 'rosterd-upgrade-'))
  return { path, db: join(path, 'db'), [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

async function* rowsOf(file: string): AsyncGenerator<Row> {
  for await (const item of readBackup(file)) if (!('format' in item)) yield item
}

/** A step of tomorrow: binders get another key and a text; throttles go. */
const tomorrow: Migration = {
  what: 'binders are called services',
  async *rows(rows) {
    const binder = recordKey('binder', ['vpn'])
    const throttle = recordKey('throttle', ['account', 'ada'])
    for await (const [key, value] of rows) {
      if (key.equals(binder))
        yield [recordKey('binder', ['service', 'vpn']), encodeRecord({ was: decodeRecord(value) })]
      else if (!key.equals(throttle)) yield [key, value]
    }
  },
}

async function rawState(folder: string): Promise<ReadonlyMap<string, string>> {
  const db = await openUnchecked(folder)
  try {
    const rows = await db.iterator({ ...everythingRange }).all()
    return new Map(rows.map(([key, value]) => [key.toString('latin1'), value.toString('base64')]))
  } finally {
    await db.close()
  }
}

test.each(versions)('a store as version %d wrote it is read, whatever this version is', async (version) => {
  await using folder = await dataFolder()
  await writeRows(folder.db, migratedRows(rowsOf(fixture(version)), version))
  await using store = await openLevelStore(folder.db)
  expect(await store.verify()).toEqual([])
  expect(await stateOf(store.entries())).toEqual(storeEntries)
  for (const { collection, key, value } of storeRecords) expect(await store.get(collection, key)).toEqual(value)
  expect(await collect(store.changes(0))).toMatchObject([
    ...Array.from({ length: 3 }, () => ({ type: 'add' })),
    { type: 'rename', cause: { kind: 'admin', id: 'root' } },
    { type: 'delete' },
  ])
})

test('the newest store among the fixtures is what this version writes', async () => {
  await using folder = await dataFolder()
  const file = join(folder.path, 'now')
  await writeStoreFixture(file)
  expect(await collect(rowsOf(file))).toEqual(await collect(rowsOf(fixture(storeVersion))))
})

test('an upgrade keeps a backup first, takes its steps, and older code then names the way back', async () => {
  await using folder = await dataFolder()
  await writeRows(folder.db, rowsOf(fixture(storeVersion)))
  const before = await rawState(folder.db)
  const steps = [...stepsUntilNow, tomorrow]
  expect(await planUpgrade(folder.db, steps)).toMatchObject({
    found: storeVersion,
    wanted: storeVersion + 1,
    steps: ['binders are called services'],
    neededBytes: expect.any(Number),
  })
  expect(await rawState(folder.db)).toEqual(before)

  const backup = await upgradeWithBackup(folder.db, { baseDn, now, steps })
  expect(backup).toBe(join(folder.path, 'backups', `store-v${storeVersion}-2026-11-22T08-00-00-000Z.backup`))
  expect((await readdir(folder.path)).toSorted()).toEqual(['backups', 'db'])
  const after = await rawState(folder.db)
  expect(after.get(metaKey('storeVersion').toString('latin1'))).toBe(encodeRecord(storeVersion + 1).toString('base64'))
  expect(after.has(recordKey('binder', ['service', 'vpn']).toString('latin1'))).toBe(true)
  expect(after.size).toBe(before.size - 1)
  expect(await upgradeWithBackup(folder.db, { baseDn, now, steps })).toBeUndefined()

  await expect(openLevelStore(folder.db)).rejects.toMatchObject({
    code: 'newerStore',
    message: expect.stringContaining(`or "rosterd restore ${backup} --force".`),
  })
  const restored = join(folder.path, 'restored')
  await writeRows(restored, migratedRows(rowsOf(backup ?? ''), storeVersion))
  expect(await rawState(restored)).toEqual(before)
})

test('an upgraded store has no image, which would have entries of before', async () => {
  await using folder = await dataFolder()
  {
    await using store = await openLevelStore(folder.db)
    const mark = { ...imageMark, value: { name: 'of before', lastChange: 0 } }
    await store.commit({ cause: { kind: 'server', id: 'image' }, entries: [], records: [mark] })
  }
  const row = recordKey(imageMark.collection, imageMark.key).toString('latin1')
  expect((await rawState(folder.db)).has(row)).toBe(true)
  await upgradeWithBackup(folder.db, { baseDn, now, steps: [...stepsUntilNow, tomorrow] })
  expect((await rawState(folder.db)).has(row)).toBe(false)
})

test('check --upgrade says what the next start does', async () => {
  await using folder = await dataFolder()
  const config = { dataDir: folder.path }
  const how = { now, versionInUse: () => Promise.reject(new Error('no server has it')) }
  expect(await checkUpgrade(config, how)).toMatchObject({ ok: true, found: null, backup: null })
  await writeRows(folder.db, rowsOf(fixture(storeVersion)))
  expect(await checkUpgrade(config, how)).toMatchObject({
    ok: true,
    text: `The store in ${folder.db} has version ${storeVersion}, and this rosterd reads version ${storeVersion}: nothing has to be done.\n`,
  })
  await upgradeWithBackup(folder.db, { baseDn, now, steps: [...stepsUntilNow, tomorrow] })
  expect(await checkUpgrade(config, how)).toMatchObject({
    ok: false,
    text: expect.stringContaining('start the rosterd that wrote it'),
  })
})

test('a step that fails leaves the store as it was', async () => {
  await using folder = await dataFolder()
  await writeRows(folder.db, rowsOf(fixture(storeVersion)))
  const before = await rawState(folder.db)
  const failing: Migration = {
    what: 'fails',
    async *rows(rows) {
      let left = 5
      for await (const row of rows) {
        if (left-- === 0) throw new Error('a row that nobody thought of')
        yield row
      }
    },
  }
  await expect(upgradeWithBackup(folder.db, { baseDn, now, steps: [...stepsUntilNow, failing] })).rejects.toThrow(
    'nobody thought of',
  )
  expect(await rawState(folder.db)).toEqual(before)
})
