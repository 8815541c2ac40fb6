import { expect, test } from 'vitest'
import type { Search } from '../../../server/directory/search.ts'
import { Pager } from '../../../server/ldap/pager.ts'

const start = { after: -1, sent: 0 }

function takeTime(): void {
  const until = performance.now() + 2 // more than a turn has
  while (performance.now() < until);
}

/** Entries 0, 1, …, so many found by each look; `isSlow`: each look takes longer than a turn may. */
function searchFor(count: number, { foundAtOnce = 1, isSlow = false } = {}): Search & { looks: number } {
  let at = 0
  return {
    isUnindexed: true,
    looks: 0,
    get isDone() {
      return at >= count
    },
    next() {
      this.looks += 1
      if (isSlow) takeTime()
      const found = Array.from({ length: Math.min(foundAtOnce, count - at) }, (_, index) => at + index)
      at += found.length
      return found
    },
  }
}

test('looks that take long leave others their turn after a few', () => {
  const search = searchFor(1000, { foundAtOnce: 0, isSlow: true })
  const pager = new Pager(search, { sizeLimit: 0 }, undefined, start)
  for (let turn = 1; turn < 10; turn += 1) {
    expect(pager.advance(() => true)).toBe('more')
    expect(search.looks).toBeLessThanOrEqual(turn * 2)
  }
})

test('entries that take long to send leave others their turn after a few', () => {
  const pager = new Pager(searchFor(1000, { foundAtOnce: 100 }), { sizeLimit: 0 }, undefined, start)
  for (let turn = 1; turn < 10; turn += 1) {
    const before = pager.entries
    const outcome = pager.advance(() => {
      takeTime()
      return true
    })
    expect(outcome).toBe('more')
    expect(pager.entries - before).toBeLessThanOrEqual(8)
  }
})

test.each([
  [{ sizeLimit: 0 }, undefined, 'end', 250],
  [{ sizeLimit: 250 }, undefined, 'end', 250],
  [{ sizeLimit: 249 }, undefined, 'sizeLimit', 249],
  [{ sizeLimit: 0 }, 100, 'page', 100],
  [{ sizeLimit: 0 }, 250, 'end', 250],
] as const)(
  'however often it is interrupted, %j with pages of %j sends each entry once',
  (limits, size, last, count) => {
    const page = size === undefined ? undefined : { size, cookie: Buffer.alloc(0) }
    const pager = new Pager(searchFor(250, { foundAtOnce: 7 }), limits, page, start)
    const sent: number[] = []
    let outcome = 'more'
    while (outcome === 'more') outcome = pager.advance((slot) => sent.push(slot) % 3 > 0)
    expect(outcome).toBe(last)
    expect(sent).toEqual(Array.from({ length: count }, (_, index) => index))
  },
)
