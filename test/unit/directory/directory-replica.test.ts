import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Directory, openDirectory } from '../../../server/directory/directory.ts'
import { createDirectoryReplica } from '../../../server/directory/directory-replica.ts'
import type { EntryChange } from '../../../server/directory/directory-store.ts'
import { slotsOf } from '../../../server/directory/memory/value-index.ts'
import { decodeEntry } from '../../../server/directory/encoded-entry.ts'
import { filledMark } from '../../../server/directory/filled-mark.ts'
import type { DirectoryFollower } from '../../../server/directory/replication.ts'
import type { ServedDirectory } from '../../../server/directory/served-directory.ts'
import { normalizeDn } from '../../../server/protocol/distinguished-name.ts'
import { openMemoryStore } from '../../../server/storage/memory-store.ts'

const suffix = 'dc=example,dc=com'
const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

const person = (n: number, version: number): EntryChange => ({
  type: 'put',
  entry: {
    dn: `uid=p${n},${suffix}`,
    entryUUID: uuid(n),
    attributes: new Map<string, readonly (string | Uint8Array)[]>([
      ['objectClass', ['top', 'account', version % 3 === 0 ? 'posixAccount' : 'ownClass']],
      ['uid', [`p${n}`]],
      ['cn', [`Version ${version}`, 'Zoë']],
      ...(version % 2 === 0 ? [['ownAttribute', [Uint8Array.of(0xff, version)]] as const] : []),
    ]),
  },
})

/** Everything that goes to another thread is copied as a thread's messages are. */
function overThread(follower: DirectoryFollower): DirectoryFollower {
  return {
    take: (update) => follower.take(structuredClone(update)),
  }
}

/** What the directory holds, and what a copy has to know of it. */
function truth(directory: Directory) {
  const entries = [...directory.entries()].sort((a, b) => (a.dn < b.dn ? -1 : 1))
  return {
    isFilled: directory.isFilled,
    entries,
    keys: entries.map(({ dn }) => normalizeDn(dn)).sort(),
    uids: entries.map(({ dn }) => [/uid=(p\d+)/.exec(dn)?.[1], 1]).sort(),
    knowsOwnClass: entries.some(({ attributes }) => attributes.get('objectClass')?.includes('ownClass')),
  }
}

function contents({ view, schema, isFilled }: ServedDirectory): ReturnType<typeof truth> {
  const entries = Array.from(view.slots(), (slot) => view.entry(slot)).flatMap((entry) =>
    entry ? [decodeEntry(entry)] : [],
  )
  const uid = schema.attributeType('uid')
  const postings = uid && view.equality.get(uid)
  const people = schema.objectClass('ownClass') && view.equality.get(objectClassOf(schema))?.get('ownclass')
  return {
    isFilled,
    entries: entries.sort((a, b) => (a.dn < b.dn ? -1 : 1)),
    keys: Array.from(view.parts.byKey, ([key]) => key).sort(),
    uids: Array.from(postings ?? [], ([value, slots]) => [value, slotsOf(slots).length]).sort(),
    knowsOwnClass: slotsOf(people).length > 0,
  }
}

function objectClassOf(schema: ServedDirectory['schema']) {
  const type = schema.attributeType('objectClass')
  if (type === undefined) throw new Error('objectClass is in every schema')
  return type
}

async function openWith(people: number): Promise<Directory> {
  const directory = await openDirectory(openMemoryStore(), suffix)
  const entries = Array.from({ length: people }, (_, n) => person(n, n))
  await directory.commit({ cause: { kind: 'server', id: 'test' }, entries, records: [filledMark] })
  return directory
}

test('a copy in another thread has every state of the directory, from any point on', async () => {
  const change = fc.oneof(
    fc.record({ n: fc.nat(40), version: fc.nat(20) }).map(({ n, version }) => person(n, version)),
    fc.nat(40).map((n): EntryChange => ({ type: 'delete', entryUUID: uuid(n) })),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(change, { maxLength: 30 }), { maxLength: 5 }),
      fc.nat(450),
      async (commits, people) => {
        const directory = await openWith(people)
        const replica = createDirectoryReplica(suffix)
        await directory.follow(overThread(replica))
        expect(contents(replica)).toEqual(truth(directory))
        for (const changes of commits) {
          const once = new Map(
            changes.map((each) => [each.type === 'put' ? each.entry.entryUUID : each.entryUUID, each]),
          )
          await directory.commit({ cause: { kind: 'server', id: 'test' }, entries: [...once.values()], records: [] })
          expect(contents(replica)).toEqual(truth(directory))
        }
      },
    ),
    { numRuns: 30 },
  )
})

test('a password is in the copy when its commit resolves, and gone when that one resolves', async () => {
  const directory = await openWith(1)
  const replica = createDirectoryReplica(suffix)
  const record = (hash: string | undefined) => ({
    cause: { kind: 'user', id: uuid(0) } as const,
    entries: [],
    records: [
      {
        collection: 'credential' as const,
        key: [uuid(0), 'directory'],
        value: hash === undefined ? undefined : { kind: 'directory', hash },
      },
    ],
  })
  await directory.commit(record('{SSHA}dGVzdHRlc3R0ZXN0dGVzdHRlc3RzYWx0'))
  await directory.follow(overThread(replica))
  expect(replica.credentials.credentials(uuid(0)).length).toBe(1)
  await directory.commit(record(undefined))
  expect(replica.credentials.credentials(uuid(0)).length).toBe(0)
})

test('of a commit that the store refuses, nothing is seen, then or later', async () => {
  const store = openMemoryStore()
  let isFull = false
  const directory = await openDirectory(
    {
      ...store,
      async commit(generation) {
        if (isFull) throw new Error('no space left on device')
        return await store.commit(generation)
      },
    },
    suffix,
  )
  const replica = createDirectoryReplica(suffix)
  await directory.follow(overThread(replica))
  const commit = (...entries: readonly EntryChange[]) =>
    directory.commit({ cause: { kind: 'server', id: 'test' }, entries, records: [] })
  await commit(person(1, 1), person(2, 1))
  const before = truth(directory)
  isFull = true
  await expect(commit(person(2, 2), person(3, 1), { type: 'delete', entryUUID: uuid(1) })).rejects.toThrow(
    'no space left',
  )
  expect(truth(directory)).toEqual(before)
  expect(contents(replica)).toEqual(before)
  isFull = false
  await commit(person(4, 1))
  expect(truth(directory).entries.map(({ dn }) => dn)).toEqual([1, 2, 4].map((n) => `uid=p${n},${suffix}`))
  expect(contents(replica)).toEqual(truth(directory))
})
