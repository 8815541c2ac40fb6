import { describe, expect, test } from 'vitest'
import { postingHas, slotsOf } from '../../../server/directory/memory/value-index.ts'
import { ViewWriter } from '../../../server/directory/memory/view-writer.ts'
import type { Entry } from '../../../server/directory/entry.ts'
import { Schema } from '../../../server/directory/schema/schema.ts'
import { normalizeDn } from '../../../server/protocol/distinguished-name.ts'
import { anEntry, put, remove, search, viewAfter } from '../../builders/directory-view.ts'
import { stateOf } from '../../builders/view-state.ts'

const base = 'dc=example,dc=com'
const ada = anEntry(`uid=ada,${base}`, { objectClass: ['person'], uid: ['ada'], cn: ['Ada'] })
const bob = anEntry(`uid=bob,${base}`, { objectClass: ['person'], uid: ['bob'], cn: ['Bob'] })
const renamed = (entry: Entry, dn: string): Entry => ({ ...entry, dn })

async function after(...steps: readonly (readonly ReturnType<typeof put>[])[]) {
  const writer = new ViewWriter(new Schema())
  for (const changes of steps) await viewAfter(writer, changes)
  return writer.view
}

test('an entry is found by DN and by entryUUID', async () => {
  const view = await after([put(ada)])
  expect(view.slotOfKey(normalizeDn(`UID=Ada, ${base}`))).toBe(view.slotOfUuid(ada.entryUUID))
})

test('a view does not change once it is made', async () => {
  const writer = new ViewWriter(new Schema())
  const first = await viewAfter(writer, [put(ada), put(bob)])
  const before = stateOf(first)
  await viewAfter(writer, [remove(ada), put(renamed(bob, `uid=ada,${base}`))])
  expect(stateOf(first)).toEqual(before)
})

test('an entry keeps its slot when it changes', async () => {
  const view = await after([put(ada), put(bob)], [put(renamed(ada, `uid=countess,${base}`))])
  expect(view.slotOfUuid(ada.entryUUID)).toBe(0)
  expect(search(view, '(uid=ada)')).toEqual([`uid=countess,${base}`])
})

test('a deleted entry is nowhere', async () => {
  const view = await after([put(ada), put(bob)], [remove(ada)], [remove(ada)])
  expect(stateOf(view)).toEqual(stateOf(await after([put(bob)])))
  expect(search(view, '(objectClass=*)')).toEqual([bob.dn])
})

test('changed values are found, former ones are not', async () => {
  const view = await after([put(ada)], [put({ ...ada, attributes: new Map([['cn', ['Countess']]]) })])
  expect(search(view, '(cn=countess)')).toEqual([ada.dn])
  expect(search(view, '(cn=ada)')).toEqual([])
  expect(search(view, '(cn=A*)')).toEqual([])
})

describe('DNs that change hands', () => {
  const swapped = [put(renamed(ada, bob.dn)), put(renamed(bob, ada.dn))]
  const expected = [put(renamed(ada, bob.dn)), put(renamed(bob, ada.dn))]

  test.each([
    ['swapped in one step', [[put(ada), put(bob)], swapped]],
    ['swapped in the other order', [[put(ada), put(bob)], swapped.toReversed()]],
    [
      'swapped by way of a third name',
      [
        [put(ada), put(bob)],
        [put(renamed(ada, 'uid=x')), put(renamed(bob, ada.dn)), put(renamed(ada, bob.dn))],
      ],
    ],
    ['swapped twice and back', [[put(ada), put(bob)], swapped, [put(ada), put(bob)], swapped]],
  ])('%s', async (_, steps) => {
    expect(stateOf(await after(...steps))).toEqual(stateOf(await after(expected)))
  })

  test('an entry that passes through the DN of another leaves it there', async () => {
    const view = await after(
      [put(ada), put(bob)],
      [put(renamed(ada, bob.dn)), put(renamed(ada, `uid=countess,${base}`))],
    )
    expect(view.slotOfKey(normalizeDn(bob.dn))).toBe(view.slotOfUuid(bob.entryUUID))
    expect(view.slotOfKey(normalizeDn(ada.dn))).toBeUndefined()
  })

  test('a newcomer takes the DN of an entry deleted after it', async () => {
    const heir = anEntry(ada.dn, { uid: ['ada'] })
    const view = await after([put(ada)], [put(heir), remove(ada)])
    expect(stateOf(view)).toEqual(stateOf(await after([put(heir)])))
  })

  test('an entry that is put and deleted in one step was never there', async () => {
    const view = await after([put(ada)], [put(renamed(bob, ada.dn)), remove(bob)])
    expect(stateOf(view)).toEqual(stateOf(await after([put(ada)])))
  })
})

test('the children of an entry follow it', async () => {
  const child = anEntry(`cn=key,${ada.dn}`)
  const view = await after([put(ada), put(child)], [put(renamed(child, `cn=key,${bob.dn}`))])
  expect(slotsOf(view.children.get(normalizeDn(ada.dn)))).toEqual([])
  expect(slotsOf(view.children.get(normalizeDn(bob.dn)))).toEqual([1])
})

test('a value that goes from one attribute and stays in another of its type is still found', async () => {
  const both = anEntry(`uid=eve,${base}`, { objectClass: ['person'], cn: ['Eve'], 'cn;lang-de': ['Eve'], sn: ['x'] })
  const other = { ...both, attributes: new Map([...both.attributes, ['cn', ['Eva']]]) }
  const view = await after([put(both)], [put(other)])
  expect(search(view, '(cn=Eve)')).toEqual([both.dn])
  expect(search(view, '(cn=Eva)')).toEqual([both.dn])
})

test('many entries with one value are all found', async () => {
  const entries = Array.from({ length: 1200 }, (_, n) =>
    anEntry(`uid=u${n},${base}`, { gidNumber: ['7'], uid: [`u${n}`] }),
  )
  const view = await after(entries.map(put), entries.filter((_, n) => n % 3 === 0).map(remove))
  expect(search(view, '(gidNumber=7)')).toHaveLength(800)
})

test('a posting has its slots and no others', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 7, 8].filter((slot) => postingHas([1, 3, 4, 7], slot))).toEqual([1, 3, 4, 7])
  expect([4, 5, 6].filter((slot) => postingHas(5, slot))).toEqual([5])
  expect(postingHas(undefined, 0)).toBe(false)
  expect(postingHas([], 0)).toBe(false)
})
