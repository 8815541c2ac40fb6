import { mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Database, openDatabase } from '../../../server/storage/database.ts'
import { dnKey, entryKey, logKey, metaKey } from '../../../server/storage/keys.ts'
import { openLevelStore } from '../../../server/storage/level-store.ts'
import { encodeRecord } from '../../../server/storage/record-codec.ts'
import { generation, person, put, remove, stateOf, uuid } from '../../contract/entry-builder.ts'
import { levelFixture } from '../../contract/level-fixture.ts'

async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'rosterd-open-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

/** A closed store with one entry, changed by `tamper`. */
async function tamperedStore(path: string, tamper: (db: Database) => Promise<unknown>) {
  const store = await openLevelStore(path)
  await store.commit(generation([put(person(1, 'ada')), put(person(2, 'bob'))]))
  await store.close()
  const db = await openDatabase(path)
  await tamper(db)
  await db.close()
}

test('creates its folder for the owner only', async () => {
  await using folder = await temporaryFolder()
  await using store = await openLevelStore(join(folder.path, 'data', 'store'))
  expect(store.lastChange).toBe(0)
  expect((await stat(join(folder.path, 'data', 'store'))).mode & 0o777).toBe(0o700)
})

test('says who holds a locked store', async () => {
  await using fixture = await levelFixture()
  await expect(openLevelStore(fixture.directory)).rejects.toMatchObject({
    code: 'locked',
    message: expect.stringMatching(/^The store in ".*" is in use by another rosterd process; .*\.$/),
  })
})

test('refuses a newer store and names both versions', async () => {
  await using folder = await temporaryFolder()
  await tamperedStore(folder.path, (db) => db.put(metaKey('storeVersion'), encodeRecord(7)))
  await expect(openLevelStore(folder.path)).rejects.toMatchObject({
    code: 'newerStore',
    message: `The store in "${folder.path}" has version 7 and this rosterd reads version 1: start the rosterd that wrote it, or restore the backup made before the upgrade.`,
  })
})

test('refuses an unknown store version', async () => {
  await using folder = await temporaryFolder()
  await tamperedStore(folder.path, (db) => db.put(metaKey('storeVersion'), encodeRecord('one')))
  await expect(openLevelStore(folder.path)).rejects.toMatchObject({
    code: 'unknownStore',
    message: expect.stringContaining('unknown version "one"'),
  })
})

test('refuses a database of another program', async () => {
  await using folder = await temporaryFolder()
  await tamperedStore(folder.path, async (db) => {
    await db.clear()
    await db.put(Buffer.from('theirs'), Buffer.from('data'))
  })
  await expect(openLevelStore(folder.path)).rejects.toMatchObject({
    code: 'unknownStore',
    message: expect.stringContaining('another program'),
  })
})

test('names a database that LevelDB finds damaged, and the way back', async () => {
  await using folder = await temporaryFolder()
  await tamperedStore(folder.path, () => Promise.resolve())
  const manifest = (await readdir(folder.path)).find((name) => name.startsWith('MANIFEST'))
  await truncate(join(folder.path, manifest ?? ''), 10)
  await expect(openLevelStore(folder.path)).rejects.toMatchObject({
    code: 'corrupt',
    message: expect.stringMatching(/is damaged .*rosterd repair/),
  })
})

test('names a damaged entry, and the way back', async () => {
  await using folder = await temporaryFolder()
  await tamperedStore(folder.path, (db) => db.put(entryKey(uuid(1)), Buffer.from([1, 0, 0, 0, 0, 65])))
  await using store = await openLevelStore(folder.path)
  await expect(store.readEntry(uuid(1))).rejects.toMatchObject({
    code: 'corrupt',
    message: expect.stringMatching(/entry 0.*0001: .*checksum does not match.*rosterd repair/),
  })
})

test('passes on an error that is not about the store', async () => {
  await using folder = await temporaryFolder()
  await writeFile(join(folder.path, 'file'), '')
  await expect(openLevelStore(join(folder.path, 'file', 'store'))).rejects.toMatchObject({ code: 'ENOTDIR' })
})

test.each([
  ['a DN that leads nowhere', (db: Database) => db.put(dnKey('cn=x'), Buffer.alloc(16)), /"cn=x \/ " leads to 0000/],
  ['an entry without its DN', (db: Database) => db.del(dnKey(person(1, 'ada').dn)), /nothing leads to entry .*0001/],
  ['a missing entry', (db: Database) => db.del(entryKey(uuid(2))), /entry .*0002: missing, but change 2/],
  ['a gap in the log', (db: Database) => db.del(logKey(2)), /ends at 1, but the last change is 2/],
  ['an unreadable change', (db: Database) => db.put(logKey(1), Buffer.from('x')), /change 1: .* is cut short/],
  ['a wrong last number', (db: Database) => db.put(metaKey('lastChange'), encodeRecord(9)), /the last change is 9/],
])('verify finds %s', async (_, tamper, expected) => {
  await using folder = await temporaryFolder()
  await tamperedStore(folder.path, tamper)
  await using store = await openLevelStore(folder.path)
  expect(await store.verify()).toContainEqual(expect.stringMatching(expected))
})

/** A store whose disk is full from a write on until there is `room`: the write has reached the disk, or not. */
async function fullAt(failing: string, reached: 'before' | 'after') {
  let isFilling = false
  let isFull = false
  const fixture = await levelFixture({
    chunkBytes: failing === 'batch' ? 1 << 20 : 100,
    onWrite(step, when) {
      isFull ||= isFilling && step === failing && when === reached
      if (isFull) throw new Error('No space left on device')
    },
  })
  return {
    ...fixture,
    fill: () => void (isFilling = true),
    makeRoom() {
      isFilling = false
      isFull = false
    },
  }
}

const steps = ['batch', 'chunk', 'mark', 'apply', 'finish'] as const
const everyStep = steps.flatMap((step) => [[step, 'before'] as const, [step, 'after'] as const])
const refused = {
  code: 'writeFailed',
  message: expect.stringMatching(/^The store in ".*" cannot be written \(ENOSPC: no space left on device\)\. LDAP and/),
}

// LevelDB shows nothing of a batch that failed, even where it reached the disk.
test.each(everyStep.filter(([step, reached]) => !(step === 'batch' && reached === 'after')))(
  'after a failed write (%s, %s it reached the disk) reading goes on, commits are refused, and reopening leaves one of two states',
  async (failing, reached) => {
    await using fixture = await fullAt(failing, reached)
    const { store } = fixture
    await store.commit(generation([put(person(1, 'ada'))]))
    fixture.fill()
    await expect(store.commit(generation([remove(1), put(person(2, 'bob'))]))).rejects.toMatchObject(refused)
    await expect(store.commit(generation([put(person(3, 'carol'))]))).rejects.toMatchObject(refused)
    expect(await store.readEntry(uuid(1))).toEqual(person(1, 'ada'))
    expect(store.lastChange).toBe(1)
    expect(await store.verify()).toEqual([])
    expect(store.writeProblem).toMatch(/ENOSPC/)

    fixture.makeRoom()
    const reopened = await fixture.reopen()
    const isThere = (await reopened.readEntry(uuid(2))) !== undefined
    if (failing === 'apply' || failing === 'finish') expect(isThere).toBe(true)
    else if (reached === 'before') expect(isThere).toBe(false)
    expect(await reopened.readEntry(uuid(1))).toEqual(isThere ? undefined : person(1, 'ada'))
    expect(await reopened.verify()).toEqual([])
  },
)

test.each(everyStep)(
  'once there is room after a failed write (%s, %s it reached the disk) the next is taken, and what was refused is whole or gone',
  async (failing, reached) => {
    await using fixture = await fullAt(failing, reached)
    const { store } = fixture
    await store.commit(generation([put(person(1, 'ada'))]))
    const generationInFlight = generation([remove(1), put(person(2, 'bob'))])
    fixture.fill()
    await expect(store.commit(generationInFlight)).rejects.toMatchObject(refused)
    await expect(store.recover()).rejects.toMatchObject(refused)
    fixture.makeRoom()
    const later = await store.recover()
    expect(store.writeProblem).toBeUndefined()
    // What was marked is rolled forward and told of; everything else has not come about, on the disk or not.
    expect(later).toEqual(failing === 'apply' || failing === 'finish' ? generationInFlight : undefined)
    expect(await store.recover()).toBeUndefined()
    const ada = person(1, 'ada')
    expect(await stateOf(store.entries())).toEqual(later ? [person(2, 'bob')] : [ada])
    const { lastChange } = store
    expect(await store.commit(generation([put(person(3, 'carol'))]))).toMatchObject({ lastChange: lastChange + 1 })
    expect(await store.verify()).toEqual([])
    const reopened = await fixture.reopen()
    expect(await stateOf(reopened.entries())).toEqual([later ? person(2, 'bob') : ada, person(3, 'carol')])
    expect(await reopened.verify()).toEqual([])
  },
)

test('who reads when the store is opened anew reads on, and sees the state of the beginning', async () => {
  await using fixture = await fullAt('batch', 'before')
  const { store } = fixture
  await store.commit(generation([put(person(1, 'ada'))]))
  fixture.fill()
  await expect(store.commit(generation([put(person(2, 'bob'))]))).rejects.toMatchObject(refused)
  const reading = store.entries()[Symbol.asyncIterator]()
  const first = await reading.next()
  fixture.makeRoom()
  const commit = store.commit(generation([put(person(3, 'carol'))]))
  expect([first.value, (await reading.next()).done]).toEqual([person(1, 'ada'), true])
  await commit
  expect(await stateOf(store.entries())).toEqual([person(1, 'ada'), person(3, 'carol')])
})

test('writes nothing for a generation that is stored already', async () => {
  const steps: string[] = []
  await using fixture = await levelFixture({ chunkBytes: 100, onWrite: (step) => steps.push(step) })
  const same = generation([put(person(1, 'ada'))], [{ collection: 'cursor', key: ['p'], value: { token: 1 } }])
  await fixture.store.commit(same)
  const before = steps.length
  await fixture.store.commit(same)
  expect(steps.slice(before)).toEqual([])
})

test('a generation that is refused after some of it was staged leaves nothing behind', async () => {
  const steps: string[] = []
  await using fixture = await levelFixture({
    chunkBytes: 100,
    onWrite: (step, when) => void (when === 'after' && steps.push(step)),
  })
  const { store } = fixture
  await store.commit(generation([put(person(1, 'ada'))]))
  steps.length = 0
  await expect(store.commit(generation([put(person(2, 'bob')), put(person(3, 'ada'))]))).rejects.toMatchObject({
    code: 'duplicateDn',
  })
  expect(new Set(steps)).toEqual(new Set(['chunk', 'finish']))
  expect(steps.at(-1)).toBe('finish')
  expect(store.lastChange).toBe(1)
  expect(await store.commit(generation([put(person(2, 'bob'))]))).toEqual({ firstChange: 2, lastChange: 2 })
  const reopened = await fixture.reopen()
  expect(await reopened.readEntry(uuid(3))).toBeUndefined()
  expect(await reopened.verify()).toEqual([])
})
