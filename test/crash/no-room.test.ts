import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openLevelStore } from '../../server/storage/level-store.ts'
import { type ConfiguredFolder, configuredFolder, runProgram } from '../builders/command-line.ts'
import { smallDisk } from '../builders/small-disk.ts'
import type { RoomStep } from './room-step.ts'

// What needs room and has none says what, where and what to do. Nothing is lost by it, nothing is left over, and the same
// goes well once there is room. The store has some 3 MB that compress badly.

const disk = smallDisk()
const isMemory = disk.kind === 'memory'
const records = 1500
/** A store can be opened in this, and not be copied. */
const little = 600_000

let folder: ConfiguredFolder
let whole: string
let damaged: string
let backup: string
const dataDir = () => join(folder.path, 'data')
const database = () => join(dataDir(), 'db')
beforeAll(async () => {
  folder = await configuredFolder()
  expect(await folder.run('sync')).toMatchObject({ exitCode: 0 })
  {
    await using store = await openLevelStore(database())
    for (let from = 0; from < records; from += 500)
      await store.commit({
        cause: { kind: 'run', id: 'run' },
        entries: [],
        records: Array.from({ length: 500 }, (_, n) => ({
          collection: 'mirror' as const,
          key: ['contoso', 'user', String(from + n)],
          value: randomBytes(1500).toString('base64'),
        })),
      })
  }
  // What opens the store after that turns its log into a table.
  backup = join(folder.path, 'whole.backup')
  expect(await folder.run('backup', backup)).toMatchObject({ exitCode: 0 })
  whole = await copyOfStore('whole')
  damaged = await copyOfStore('damaged')
  await writeFile(join(damaged, 'CURRENT'), 'nonsense')
})
afterAll(async () => await folder[Symbol.asyncDispose]())

async function copyOfStore(name: string): Promise<string> {
  const to = join(folder.path, name)
  await mkdir(to)
  for (const file of await readdir(database())) await writeFile(join(to, file), await readFile(join(database(), file)))
  return to
}

/** What came of each step, on a disk of its own in the place of `dataDir`. */
async function onSmallDisk(...steps: readonly RoomStep[]): Promise<readonly unknown[]> {
  await rm(dataDir(), { recursive: true })
  await mkdir(dataDir())
  const script = [join(import.meta.dirname, 'no-room-child.ts'), dataDir(), disk.kind, JSON.stringify(steps)]
  const [program = process.execPath, ...args] = [...disk.within(dataDir()), process.execPath, ...script]
  const { exitCode, stdout, stderr } = await runProgram(program, args)
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  return JSON.parse(stdout) as readonly unknown[]
}

const rosterd = (...args: readonly string[]): RoomStep => ({
  do: 'rosterd',
  args: ['--config', folder.configFile, ...args],
})
const refused = (...texts: readonly string[]) => ({
  exitCode: 1,
  stdout: '',
  stderr: expect.stringMatching(
    new RegExp(texts.map((text) => text.replaceAll(/[.()]/g, String.raw`\$&`)).join('.*'), 's'),
  ),
})
const done = { exitCode: 0, stdout: expect.anything(), stderr: '' }

test('a repair says how much room it needs, and a full disk that nothing can be opened; with room it does its work', async () => {
  const [, , before, , none, , , tight, after, , repaired, served] = await onSmallDisk(
    { do: 'copy', from: damaged, as: 'db' },
    rosterd('ids', 'export'),
    { do: 'names', of: 'db' },
    { do: 'fill', leaving: 0 },
    rosterd('repair'),
    { do: 'make room' },
    { do: 'fill', leaving: little },
    rosterd('repair'),
    { do: 'names', of: 'db' },
    { do: 'make room' },
    rosterd('repair'),
    rosterd('export-ldif'),
  )
  expect(none).toEqual(refused(database(), disk.cause, 'try again'))
  expect(tight).toEqual(
    isMemory
      ? refused('a repair needs ', ` MiB in ${dataDir()}, and 0.`, ' MiB are free; make room there')
      : refused(`the repaired store in ${dataDir()} cannot be written`, disk.cause),
  )
  expect(after).toEqual(before)
  expect([repaired, served]).toEqual([
    done,
    expect.objectContaining({ exitCode: 0, stdout: expect.stringContaining('uid=ada,') }),
  ])
})

test('a restore that has no room leaves the store that was there, and nothing beside it', async () => {
  const [, , tight, left, , , restored] = await onSmallDisk(
    { do: 'copy', from: whole, as: 'db' },
    { do: 'fill', leaving: little },
    rosterd('restore', backup, '--force'),
    { do: 'names', of: '.' },
    rosterd('export-ldif'),
    { do: 'make room' },
    rosterd('restore', backup, '--force'),
  )
  expect(tight).toEqual(refused(`the restored store in ${dataDir()} cannot be written (${disk.cause}): `, 'try again'))
  expect([left, restored]).toEqual([['db'], done])
})

test('a backup names its file when that has no room, and leaves no part of it', async () => {
  const file = join(dataDir(), 'kept.backup')
  const [, , tight, left, , made] = await onSmallDisk(
    { do: 'copy', from: whole, as: 'db' },
    { do: 'fill', leaving: little },
    rosterd('backup', file),
    { do: 'names', of: '.' },
    { do: 'make room' },
    rosterd('backup', file),
  )
  expect(tight).toEqual(refused(`the backup ${file} cannot be written (${disk.cause}): `, 'or choose another'))
  expect([left, made]).toEqual([['db'], done])
})

test('an upgrade that has no room, for its backup or for the new store, leaves the store as it was and nothing beside it', async () => {
  const [, , before, , tight, after, , filled, left, kept, , upgraded, end] = await onSmallDisk(
    { do: 'copy', from: whole, as: 'db' },
    rosterd('export-ldif'),
    { do: 'names', of: '.' },
    { do: 'fill', leaving: little },
    { do: 'upgrade', at: '2026-11-22T08:00:00.000Z', isFilling: false },
    { do: 'names', of: '.' },
    { do: 'make room' },
    { do: 'upgrade', at: '2026-11-22T09:00:00.000Z', isFilling: true },
    { do: 'names', of: '.' },
    { do: 'names', of: 'backups' },
    { do: 'make room' },
    { do: 'upgrade', at: '2026-11-22T10:00:00.000Z', isFilling: false },
    { do: 'names', of: '.' },
  )
  expect(tight).toMatch(
    isMemory
      ? /The store in ".+\/db" has to be upgraded, which needs [\d.]+ MiB there, and 0\.\d MiB are free: make room, and start again/
      : /the backup .+\/backups\/store-v.+ cannot be written \(EFBIG: file too large\)/,
  )
  expect(after).toEqual(isMemory ? before : [...(before as string[]), 'backups'].toSorted())
  expect(filled).toContain(
    `The store in "${database()}" has to be upgraded, and the upgraded one cannot be written (${disk.cause}): `,
  )
  expect([left, kept]).toEqual([['backups', 'db'], []])
  expect(upgraded).toMatch(/\/backups\/store-v\d+-2026-11-22T10-00-00-000Z\.backup$/)
  expect(end).toEqual(['backups', 'db'])
})
