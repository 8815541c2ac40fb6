import { copyFile, mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { directoryImages } from '../../server/directory-image.ts'
import { type Directory, openDirectory } from '../../server/directory/directory.ts'
import type { DirectoryStore, EntryChange } from '../../server/directory/directory-store.ts'
import { runImageKeeper } from '../../server/image-keeper.ts'
import type { OnWrite } from '../../server/storage/durable-database.ts'
import { openLevelStore } from '../../server/storage/level-store.ts'
import { openMemoryStore } from '../../server/storage/memory-store.ts'
import { stateOf } from '../builders/view-state.ts'
import { generation, person, put, remove } from '../contract/entry-builder.ts'
import { manualClock } from '../sync/fake-clock.ts'

let folder: string
const said: unknown[] = []
const logger = { info: (fields: unknown) => void said.push(fields), warn: (fields: unknown) => void said.push(fields) }
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rosterd-image-'))
  said.length = 0
})
afterEach(() => rm(folder, { recursive: true }))

const suffix = 'dc=example,dc=com'
const open = (store: DirectoryStore) => openDirectory(store, suffix, { images: directoryImages(folder, logger) })
const image = () => join(folder, 'directory.image')
const people = (count: number) =>
  Array.from({ length: count }, (_, n) => put(person(n, `p${n}`, { cn: [`Person ${n}`, 'Zoë'] })))
/** Of a directory that begins from an image, only what came after it is new to it. */
const cameFromImage = (directory: Directory) => directory.changesSinceImage < directory.store.lastChange

async function filled(count = 100): Promise<{ readonly store: DirectoryStore; readonly directory: Directory }> {
  const store = openMemoryStore()
  const directory = await open(store)
  await directory.commit(generation(people(count)))
  return { store, directory }
}

/** What a start without an image gives. */
const truth = async (store: DirectoryStore) => stateOf((await openDirectory(store, suffix)).view)

test('a directory that begins from an image and what has changed since is that of the store', async () => {
  const change = fc.tuple(fc.nat(59), fc.nat(3), fc.constantFrom('Ada', 'é', 'x'.repeat(400)))
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.array(change, { minLength: 1, maxLength: 6 }) },
    { weight: 2, arbitrary: fc.constant('image' as const) },
    { weight: 3, arbitrary: fc.constant('start' as const) },
  )
  let fromImage = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      const store = openMemoryStore()
      let directory = await open(store)
      await directory.commit(generation(people(40)))
      for (const each of [...steps, 'start' as const]) {
        if (each === 'image') await directory.keepImage()
        else if (each === 'start') {
          directory = await open(store)
          if (cameFromImage(directory)) fromImage += 1
          expect(stateOf(directory.view)).toEqual(await truth(store))
        } else
          await directory.commit(
            generation(
              each.map(([n, what, cn]): EntryChange => {
                if (what === 0) return remove(n)
                return put(
                  person(n, what === 1 ? `p${n}` : `p${n}-${what}`, { cn: [cn], 'x-own': [Uint8Array.of(0xff, n)] }),
                )
              }),
            ),
          )
      }
    }),
    { numRuns: 60 },
  )
  expect(fromImage).toBeGreaterThan(20)
  expect(said).toEqual([])
})

test('what comes after the start lies behind what came from the image', async () => {
  const large = (n: number) => put(person(n, `large${n}`, { description: [String(n).repeat(1_200_000)] }))
  const { store, directory } = await filled()
  await directory.commit(generation([large(1000)]))
  await directory.keepImage()
  const again = await open(store)
  await again.commit(generation([large(1001), large(1002), remove(1000)]))
  expect([cameFromImage(again), stateOf(again.view)]).toEqual([true, await truth(store)])
})

test('an entry that changes after the start has another version than any before', async () => {
  const { store, directory } = await filled()
  await directory.keepImage()
  const again = await open(store)
  const versionsBefore = Array.from(again.view.slots(), (slot) => again.view.entry(slot)?.version)
  await again.commit(generation([put(person(7, 'p7', { cn: ['Changed'] }))]))
  const changed = again.view.entry(again.view.slotOfUuid(person(7, '').entryUUID))
  expect([cameFromImage(again), versionsBefore.includes(changed?.version)]).toEqual([true, false])
})

test('an image that is damaged, cut short, of another store or of other code is not used, and said so where it is damaged', async () => {
  const { store, directory } = await filled()
  await directory.keepImage()
  const whole = join(folder, 'whole')
  await copyFile(image(), whole)
  const { size } = await stat(whole)
  for (let at = 0; at < size; at += Math.ceil(size / 40)) {
    const octets = await readFile(whole)
    octets[at] = (octets[at] ?? 0) ^ 0x10
    await writeFile(image(), octets)
    const damaged = await open(store)
    expect([at, stateOf(damaged.view)]).toEqual([at, await truth(store)])
  }
  for (const length of [0, 100, 300, size - 1]) {
    await copyFile(whole, image())
    await truncate(image(), length)
    expect([length, cameFromImage(await open(store))]).toEqual([length, false])
  }
  expect(said.length).toBeGreaterThan(4)
  said.length = 0
  await copyFile(whole, image())
  expect(cameFromImage(await open(store))).toBe(true)
  const octets = await readFile(whole)
  const code = octets.indexOf('"code":"') + 8
  octets.write(
    octets
      .toString('latin1', code, code + 8)
      .split('')
      .toReversed()
      .join(''),
    code,
  )
  await writeFile(image(), octets)
  expect(cameFromImage(await open(store))).toBe(false)
  const other = await filled(3)
  await other.directory.keepImage()
  expect([cameFromImage(await open(store)), cameFromImage(await open(other.store))]).toEqual([false, true])
  expect(said).toEqual([])
})

test('an image is not used once a quarter has changed, or changes after it are forgotten', async () => {
  const { store, directory } = await filled()
  await directory.keepImage()
  await directory.commit(generation(people(25).map((change, n) => (n < 20 ? change : remove(n)))))
  expect(cameFromImage(await open(store))).toBe(true)
  await directory.commit(generation(Array.from({ length: 30 }, (_, n) => remove(n))))
  expect(cameFromImage(await open(store))).toBe(false)
  await directory.keepImage()
  await directory.commit(generation([remove(90)]))
  await directory.commit(generation([remove(91)]))
  expect(cameFromImage(await open(store))).toBe(true)
  await store.forgetChanges('9999')
  const late = await open(store)
  expect([cameFromImage(late), stateOf(late.view)]).toEqual([false, await truth(store)])
})

test('what is committed while an image is written is not lost, and the image is of before', async () => {
  const { store, directory } = await filled()
  const keeping = directory.keepImage()
  await directory.commit(generation([put(person(500, 'late'))]))
  await keeping
  const again = await open(store)
  expect([cameFromImage(again), again.entryByUuid(person(500, '').entryUUID)?.dn]).toEqual([
    true,
    `uid=late,ou=people,${suffix}`,
  ])
})

test('an image written after the code was replaced by other code is that of the code that runs', async () => {
  const sources = join(folder, 'sources')
  for (const name of ['directory', 'protocol']) await mkdir(join(sources, name), { recursive: true })
  const file = join(sources, 'protocol', 'names.ts')
  await writeFile(file, 'export const version = 1')
  const ofCode = (store: DirectoryStore) =>
    openDirectory(store, suffix, { images: directoryImages(folder, logger, sources) })
  const store = openMemoryStore()
  const directory = await ofCode(store)
  await directory.commit(generation(people(10)))
  await writeFile(file, 'export const version = 2')
  await directory.keepImage()
  expect(cameFromImage(await ofCode(store))).toBe(false)
  await writeFile(file, 'export const version = 1')
  expect(cameFromImage(await ofCode(store))).toBe(true)
})

test('where a change after the image cannot be read every entry is read, and said so', async () => {
  const { store, directory } = await filled()
  await directory.keepImage()
  await directory.commit(generation([remove(7)]))
  const damaged: DirectoryStore = {
    ...store,
    lastChange: store.lastChange,
    async *changes(after) {
      yield* store.changes(after)
      throw new Error('change 102 cannot be read')
    },
  }
  const again = await open(damaged)
  expect([cameFromImage(again), stateOf(again.view)]).toEqual([false, await truth(store)])
  expect(said).toMatchObject([{ err: { message: 'change 102 cannot be read' } }])
})

test('what a full disk held back, and is finished later, is there after the start', async () => {
  let isFull = false
  const db = join(folder, 'db')
  const onWrite: OnWrite = (step) => {
    if (isFull && step === 'apply') throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
  }
  {
    await using store = await openLevelStore(db, { chunkBytes: 1000, onWrite })
    const directory = await open(store)
    await directory.commit(generation(people(100)))
    isFull = true
    await expect(directory.commit(generation([remove(3), ...people(20).slice(5).map(renamed)]))).rejects.toThrow()
    isFull = false
    await directory.keepImage()
    expect([directory.size, directory.changesSinceImage]).toEqual([99, 16])
  }
  await using store = await openLevelStore(db)
  const again = await open(store)
  expect([cameFromImage(again), stateOf(again.view)]).toEqual([true, await truth(store)])
})

const renamed = (change: EntryChange) =>
  change.type === 'put' ? put({ ...change.entry, dn: change.entry.dn.replace('uid=p', 'uid=q') }) : change

test('no image is made of a directory that has not all that its store has', async () => {
  const { store, directory } = await filled()
  await directory.keepImage()
  const unspeakable = put(person(8, 'p8', { 'cn;no option': ['x'] }))
  await expect(directory.commit(generation([remove(7), unspeakable]))).rejects.toThrow('no option')
  await directory.commit(generation([put(person(8, 'p8'))]))
  expect([directory.size, await store.readEntry(person(7, '').entryUUID)]).toEqual([100, undefined])
  await expect(directory.keepImage()).rejects.toThrow('start the server again')
  expect(stateOf((await open(store)).view)).toEqual(await truth(store))
})

test('an image that is given up leaves the one before', async () => {
  const { store, directory } = await filled()
  await directory.keepImage()
  await expect(directory.keepImage(AbortSignal.abort())).rejects.toThrow('aborted')
  expect(cameFromImage(await open(store))).toBe(true)
  await expect(stat(`${image()}.next`)).rejects.toThrow('ENOENT')
  expect((await stat(image())).mode & 0o777).toBe(0o600)
})

test('an image is kept when more has changed than a start should read, and tried again later when it could not be', async () => {
  const clock = manualClock()
  let changesSinceImage = 1000
  let kept = 0
  let problem: Error | undefined
  const directory = {
    size: 800,
    get changesSinceImage() {
      return changesSinceImage
    },
    async keepImage() {
      kept += 1
      if (problem) throw problem
      changesSinceImage = 0
    },
  }
  const stopping = new AbortController()
  const ended = runImageKeeper({ directory, clock, logger }, stopping.signal)
  await clock.pass(60_000)
  expect(kept).toBe(0)
  changesSinceImage = 1101
  problem = new Error('no room')
  await clock.pass(60_000)
  expect([kept, said]).toEqual([1, [{ err: problem }]])
  problem = undefined
  await clock.pass(600_000)
  expect([kept, changesSinceImage]).toEqual([2, 0])
  // While more and more changes, it waits, but not for ever.
  for (let second = 0; second < 30; second++) {
    changesSinceImage += 2000
    await clock.pass(1000)
  }
  expect(kept).toBe(2)
  await clock.pass(1000)
  expect(kept).toBe(3)
  for (let second = 0; second < 90; second++) {
    changesSinceImage += 2000
    await clock.pass(1000)
  }
  expect(kept).toBe(4)
  // Of a little it is made anew after a day.
  changesSinceImage = 1
  await clock.pass(60_000)
  expect(kept).toBe(4)
  clock.set(86_400_000)
  await clock.pass(60_000)
  expect([kept, changesSinceImage]).toEqual([5, 0])
  changesSinceImage = 1
  await clock.pass(60_000)
  expect(kept).toBe(5)
  changesSinceImage = 0
  clock.set(86_400_000)
  await clock.pass(60_000)
  expect(kept).toBe(5)
  stopping.abort()
  await ended
})
