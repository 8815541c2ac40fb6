import { expect, test } from 'vitest'
import { openMemoryStore } from '../../../../server/storage/memory-store.ts'
import { planRelink, undoChange } from '../../../../sync/identities/relink.ts'
import type { IdentityRecord, Ledgers } from '../../../../sync/ledgers.ts'
import type { NameRecord } from '../../../../sync/name-claims.ts'
import { fakeClock } from '../../../sync/fake-clock.ts'

const now = '2026-03-01T08:00:00.000Z'

/** As many people of one tenant as of another, each with ids of their own. */
function twoTenants(count: number): Ledgers {
  const identities = new Map<string, IdentityRecord>()
  const names = new Map<string, NameRecord>()
  const numbers = new Map<number, string>()
  for (let n = 0; n < count; n++)
    for (const [tenant, first] of [
      ['old', 0],
      ['new', 1_000_000],
    ] as const) {
      const [key, name, number] = [`${tenant}/${n}`, `${tenant}${n}`, first + n]
      identities.set(key, { entryUUID: name, kind: 'user', number, firstSeen: now, goneSince: null })
      names.set(name, { holder: key, base: name, suffix: 0, freed: null })
      numbers.set(number, key)
    }
  return { identities, names: { user: names, group: new Map() }, numbers, words: new Map() }
}

/** How often other work could run meanwhile. */
async function turnsDuring(work: () => Promise<void>): Promise<number> {
  let turns = 0
  let next = setImmediate(function count() {
    turns++
    next = setImmediate(count)
  })
  await work()
  clearImmediate(next)
  return turns
}

// Any work that grows with the square of this takes longer than the test may.
test('tens of thousands are relinked at once, and other work goes on meanwhile', async () => {
  const count = 20_000
  const ledgers = twoTenants(count)
  const pairs = Array.from({ length: count }, (_, n) => ({ from: `old/${n}`, to: `new/${n}` }))
  const turns = await turnsDuring(async () => {
    const { moves, left, records } = await planRelink(pairs, ledgers, now)
    expect([moves.length, left.length]).toEqual([count, 0])
    const undo = await undoChange(openMemoryStore({ clock: fakeClock() }), records, 'root', now)
    expect(undo).toMatchObject({ collection: 'meta', value: { changes: { length: records.length } } })
  })
  expect(turns).toBeGreaterThan(3)
}, 20_000)
