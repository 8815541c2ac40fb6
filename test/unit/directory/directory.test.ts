import { expect, test } from 'vitest'
import { openDirectory } from '../../../server/directory/directory.ts'
import { openMemoryStore } from '../../../server/storage/memory-store.ts'

const cause = { kind: 'server', id: 'test' } as const

test('what a commit is decided on is what it is written onto, however many are made at once', async () => {
  const directory = await openDirectory(openMemoryStore(), 'dc=example,dc=com')
  const increment = () =>
    directory.commitFrom(async () => {
      const count = Number((await directory.store.get('meta', ['count'])) ?? 0)
      return { cause, entries: [], records: [{ collection: 'meta', key: ['count'], value: count + 1 }] }
    })
  await Promise.all(Array.from({ length: 20 }, increment))
  expect(await directory.store.get('meta', ['count'])).toBe(20)
})

test('a decision that fails or decides on nothing writes nothing, and holds up nobody', async () => {
  const directory = await openDirectory(openMemoryStore(), 'dc=example,dc=com')
  const failing = directory.commitFrom(() => Promise.reject(new Error('undecided')))
  const nothing = directory.commitFrom(() => Promise.resolve(undefined))
  const written = directory.commit({ cause, entries: [], records: [{ collection: 'meta', key: ['a'], value: 1 }] })
  await expect(failing).rejects.toThrow('undecided')
  expect(await nothing).toBeUndefined()
  await written
  expect(await directory.store.get('meta', ['a'])).toBe(1)
})
