import { expect, test } from 'vitest'
import { accountState, RecentBinds } from '../../../../server/directory/authentication/recent-binds.ts'
import { createDirectoryReplica } from '../../../../server/directory/directory-replica.ts'
import { openDirectory } from '../../../../server/directory/directory.ts'
import { openMemoryStore } from '../../../../server/storage/memory-store.ts'
import { anEntry, put, remove } from '../../../builders/directory-view.ts'

const suffix = 'dc=example,dc=com'
const cause = { kind: 'server', id: 'test' } as const
const password = Buffer.from('secret')
const person = (uid: string, mail: string) =>
  anEntry(`uid=${uid},ou=people,${suffix}`, {
    objectClass: ['top', 'person', 'inetOrgPerson'],
    uid: [uid],
    mail: [mail],
  })

async function setUp({ people = 1, capacity = 10 } = {}) {
  const entries = Array.from({ length: people }, (_, number) => person(`p${number}`, 'a@example.com'))
  const directory = await openDirectory(openMemoryStore(), suffix)
  const served = createDirectoryReplica(suffix)
  await directory.follow(served)
  await directory.commit({ cause, entries: entries.map(put), records: [] })
  let nowMs = Date.parse('2026-03-01T12:00:00Z')
  const recentBinds = new RecentBinds({ directory: served, minutes: 10, now: () => new Date(nowMs), capacity })
  const entryOf = (number: number) => served.view.entry(served.view.slotOfUuid(entries[number]?.entryUUID ?? ''))
  return {
    directory,
    entries,
    pass: (ms: number) => (nowMs += ms),
    remember: (number = 0, until?: number) => {
      const uuid = entries[number]?.entryUUID ?? ''
      recentBinds.remember(uuid, password, 'directory', accountState(served, uuid), until)
    },
    knows: (number = 0, typed = password) => {
      const entry = entryOf(number)
      const recent = entry && recentBinds.of(entry)
      return recent !== undefined && recentBinds.isRight(recent, typed)
    },
    recentOf: (number = 0) => {
      const entry = entryOf(number)
      return entry && recentBinds.of(entry)
    },
  }
}

test('a password is known for its minutes, of the person as they were then', async () => {
  const { directory, entries, pass, remember, knows } = await setUp()
  remember()
  expect(knows()).toBe(true)
  expect(knows(0, Buffer.from('other'))).toBe(false)
  pass(10 * 60_000 - 1)
  expect(knows()).toBe(true)
  pass(1)
  expect(knows()).toBe(false)

  remember()
  pass(-1) // the clock was set back
  expect(knows()).toBe(false)

  remember()
  const changed = { ...person('p0', 'b@example.com'), entryUUID: entries[0]?.entryUUID ?? '' }
  await directory.commit({ cause, entries: [put(changed)], records: [] })
  expect(knows()).toBe(false)
  remember()
  await directory.commit({ cause, entries: [remove(changed)], records: [] })
  await directory.commit({ cause, entries: [put(changed)], records: [] })
  expect(knows()).toBe(false)
})

test('what may not be used for so long is not known for longer', async () => {
  const { pass, remember, knows } = await setUp()
  remember(0, Date.parse('2026-03-01T12:05:00Z'))
  pass(5 * 60_000 - 1)
  expect(knows()).toBe(true)
  pass(1)
  expect(knows()).toBe(false)
})

test('of too many the first are forgotten', async () => {
  const { remember, knows } = await setUp({ people: 5, capacity: 3 })
  for (const number of [0, 1, 2, 0, 3, 4]) remember(number)
  expect([0, 1, 2, 3, 4].map((number) => knows(number))).toEqual([true, false, false, true, true])
})

test('a digest that is kept keeps no more than itself', async () => {
  const { remember, recentOf } = await setUp()
  remember()
  expect(recentOf()?.mac.buffer.byteLength).toBe(32)
})
