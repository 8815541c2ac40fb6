import { mkdir, mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkedBackup, readLastBackup, writeBackup } from '../../server/backup.ts'
import { openDirectory } from '../../server/directory/directory.ts'
import { configSchema } from '../../server/runtime/config-schema.ts'
import { backUpWhenDue } from '../../server/scheduled-backups.ts'
import { openLevelStore } from '../../server/storage/level-store.ts'
import { readOutbox } from '../../sync/reporting/outbox.ts'
import { fakeClock } from './fake-clock.ts'

const hour = 3_600_000
const first = 'rosterd-2026-03-01T08-00-00-000Z.backup'

let path: string
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'rosterd-scheduled-'))
})
afterEach(() => rm(path, { recursive: true }))

/** A store whose backups go to `directory`, every six hours, two of them; `written` sees each before it is read back. */
async function scheduled(directory: string | null, written: (file: string) => Promise<void> = async () => undefined) {
  const store = await openLevelStore(join(path, 'db'))
  const clock = fakeClock()
  const logged: string[] = []
  const log = (_fields: object, event: string) => void logged.push(event)
  const config = configSchema.parse({
    baseDn: 'dc=example,dc=com',
    backup: { directory, everyHours: 6, keep: 2 },
    smtp: { url: 'smtp://127.0.0.1:25', from: 'rosterd@example.com', reportTo: ['ops@example.com'] },
  })
  const open = await openDirectory(store, config.baseDn)
  const parts = {
    workspace: {
      directory: open,
      config,
      async backup(file: string, how: { readonly replace: boolean }) {
        const backup = await writeBackup({ directory: open, rows: () => store.rows(), clock }, file, how)
        await written(file)
        return backup
      },
    },
    clock,
    logger: { debug: log, info: log, warn: log, error: log },
  }
  return {
    store,
    clock,
    logged,
    look: () => backUpWhenDue(parts),
    subjects: async () => (await readOutbox(store)).map(({ item }) => (item.kind === 'mail' ? item.subject : '')),
    [Symbol.asyncDispose]: () => store.close(),
  }
}

test('a backup is made at once and then every so many hours, and the oldest goes when a new one is there', async () => {
  const folder = join(path, 'backups')
  await using server = await scheduled(folder)
  await server.look()
  expect(await readdir(folder)).toEqual([first])
  expect([(await stat(folder)).mode & 0o777, (await stat(join(folder, first))).mode & 0o777]).toEqual([0o700, 0o600])
  expect(await checkedBackup(join(folder, first))).toMatchObject({ baseDn: 'dc=example,dc=com' })
  expect(await readLastBackup(server.store)).toMatchObject({
    at: '2026-03-01T08:00:00.000Z',
    file: join(folder, first),
  })
  await writeFile(join(folder, 'of somebody else'), '')
  server.clock.advance(6 * hour - 1)
  await server.look()
  expect(await readdir(folder)).toHaveLength(2)
  server.clock.advance(1)
  await server.look()
  server.clock.advance(6 * hour)
  await server.look()
  expect((await readdir(folder)).toSorted()).toEqual([
    'of somebody else',
    'rosterd-2026-03-01T14-00-00-000Z.backup',
    'rosterd-2026-03-01T20-00-00-000Z.backup',
  ])
  // A clock that is set back makes one more, and not one at every look.
  server.clock.advance(-9 * hour)
  await server.look()
  await server.look()
  expect((await readdir(folder)).filter((name) => name.startsWith('rosterd'))).toHaveLength(2)
  expect(await server.subjects()).toEqual([])
})

test('one that fails removes nothing, and is reported once, as is the next that does not', async () => {
  const folder = join(path, 'backups')
  await using server = await scheduled(folder)
  await writeFile(folder, 'no folder')
  await server.look()
  await server.look()
  expect(server.logged).toEqual(['scheduled backup failed', 'scheduled backup failed'])
  expect(await server.subjects()).toEqual(['Rosterd: the scheduled backup failed'])
  await rm(folder)
  await server.look()
  expect(await readdir(folder)).toEqual([first])
  expect(await server.subjects()).toEqual([
    'Rosterd: the scheduled backup failed',
    'Rosterd: scheduled backups work again',
  ])
})

test('one that cannot be read back goes and is made again, as does what a process left that ended on the way', async () => {
  const folder = join(path, 'backups')
  let isBad = true
  await using server = await scheduled(folder, async (file) => {
    if (isBad) await truncate(file, 100)
  })
  await mkdir(folder)
  await writeFile(join(folder, `${first}.0b7e0b9e-3f5e-4a6e-9c66-0a4d9f6a1c11.part`), 'half')
  await server.look()
  expect([await readdir(folder), server.logged]).toEqual([[], ['scheduled backup failed']])
  isBad = false
  await server.look()
  expect(await readdir(folder)).toEqual([first])
})

test('without a folder none is made', async () => {
  await using server = await scheduled(null)
  await server.look()
  expect(await readdir(path)).toEqual(['db'])
})
