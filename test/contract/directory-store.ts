import { describe, expect, test } from 'vitest'
import type { DirectoryStore, Json } from '../../server/directory/directory-store.ts'
import { collect, generation, person, put, remove, stateOf, uuid } from './entry-builder.ts'

export const contractTime = '2026-11-22T08:00:00.000Z'

/** A store whose clock stands at {@link contractTime}. */
export interface StoreFixture extends AsyncDisposable {
  readonly store: DirectoryStore
  /** Closes the store and opens what it left; only where `isDurable`. */
  readonly reopen?: () => Promise<DirectoryStore>
}

/** Every guarantee of the interface {@link DirectoryStore}; each implementation passes all of it. */
export function directoryStoreContract(
  name: string,
  { isDurable, open }: { isDurable: boolean; open: () => Promise<StoreFixture> },
): void {
  describe(name, () => {
    test('begins empty', async () => {
      await using fixture = await open()
      const { store } = fixture
      expect(store.lastChange).toBe(0)
      expect(await collect(store.entries())).toEqual([])
      expect(await collect(store.changes(0))).toEqual([])
      expect(await store.readEntry(uuid(1))).toBeUndefined()
      expect(await store.get('cursor', ['contoso'])).toBeUndefined()
      expect(await store.verify()).toEqual([])
    })

    test('gives back an entry as it was put, texts and octets apart', async () => {
      await using fixture = await open()
      const entry = person(1, 'ada', {
        cn: ['Ada Lovelace', 'Åda 😀'],
        jpegPhoto: [new Uint8Array([0, 255, 216]), new Uint8Array([])],
        'description;lang-de': ['', 'Gräfin'],
        userCertificate: ['text', new TextEncoder().encode('text')],
      })
      await fixture.store.commit(generation([put(entry)]))
      expect(await fixture.store.readEntry(uuid(1))).toEqual(entry)
      expect(await collect(fixture.store.entries())).toEqual([entry])
    })

    test('keeps no attribute without values', async () => {
      await using fixture = await open()
      await fixture.store.commit(generation([put(person(1, 'ada', { member: [] }))]))
      expect((await fixture.store.readEntry(uuid(1)))?.attributes.has('member')).toBe(false)
    })

    test('does not keep octets that the caller still holds', async () => {
      await using fixture = await open()
      const octets = new Uint8Array([1, 2, 3])
      await fixture.store.commit(generation([put(person(1, 'ada', { jpegPhoto: [octets] }))]))
      octets.fill(9)
      const stored = await fixture.store.readEntry(uuid(1))
      expect(stored?.attributes.get('jpegPhoto')).toEqual([new Uint8Array([1, 2, 3])])
    })

    describe('change log', () => {
      test('forgets the oldest changes, and goes on with its numbers', async () => {
        await using fixture = await open()
        const { store } = fixture
        await store.commit(generation([put(person(1, 'ada')), put(person(2, 'bob'))]))
        expect(await store.forgetChanges(contractTime)).toBe(0)
        expect(await store.forgetChanges('2026-11-22T08:00:00.001Z')).toBe(2)
        expect(await collect(store.changes(0))).toEqual([])
        expect(store.lastChange).toBe(2)
        await store.commit(generation([remove(2)]))
        expect((await collect(store.changes(0))).map(({ number, type }) => [number, type])).toEqual([[3, 'delete']])
        expect(await store.verify()).toEqual([])
        const reopened = isDurable ? await fixture.reopen?.() : undefined
        expect((reopened ?? store).lastChange).toBe(3)
      })

      test('numbers changes from 1, with time and cause', async () => {
        await using fixture = await open()
        const { store } = fixture
        const result = await store.commit(generation([put(person(1, 'ada')), put(person(2, 'bob'))]))
        expect(result).toEqual({ firstChange: 1, lastChange: 2 })
        expect(store.lastChange).toBe(2)
        const [first, second] = await collect(store.changes(0))
        expect(first).toEqual({
          number: 1,
          time: contractTime,
          cause: { kind: 'run', id: 'run-1' },
          type: 'add',
          entryUUID: uuid(1),
          dn: 'uid=ada,ou=people,dc=example,dc=com',
          attributes: [
            { attribute: 'objectClass', removed: [], added: ['top', 'person'] },
            { attribute: 'uid', removed: [], added: ['ada'] },
          ],
        })
        expect(second).toMatchObject({ number: 2, entryUUID: uuid(2) })
        expect(await collect(store.changes(1))).toEqual([second])
        expect(await collect(store.changes(2))).toEqual([])
      })

      test('tells which values went and came', async () => {
        await using fixture = await open()
        const { store } = fixture
        await store.commit(generation([put(person(1, 'ada', { mail: ['a@x', 'b@x'], title: ['Dr'] }))]))
        const photo = new Uint8Array([255, 0])
        await store.commit(generation([put(person(1, 'ada', { mail: ['b@x', 'c@x'], jpegPhoto: [photo] }))]))
        expect(await collect(store.changes(1))).toMatchObject([
          {
            number: 2,
            type: 'modify',
            attributes: [
              { attribute: 'mail', removed: ['a@x'], added: ['c@x'] },
              { attribute: 'title', removed: ['Dr'], added: [] },
              { attribute: 'jpegPhoto', removed: [], added: [{ base64: '/wA=' }] },
            ],
          },
        ])
      })

      test('logs values that only changed places', async () => {
        await using fixture = await open()
        await fixture.store.commit(generation([put(person(1, 'ada', { mail: ['a@x', 'b@x'] }))]))
        await fixture.store.commit(generation([put(person(1, 'ada', { mail: ['b@x', 'a@x'] }))]))
        expect(await collect(fixture.store.changes(1))).toMatchObject([
          { attributes: [{ attribute: 'mail', removed: ['a@x', 'b@x'], added: ['b@x', 'a@x'] }] },
        ])
      })

      test('records a rename with the DN before it', async () => {
        await using fixture = await open()
        await fixture.store.commit(generation([put(person(1, 'ada'))]))
        await fixture.store.commit(generation([put(person(1, 'lovelace'))]))
        expect(await collect(fixture.store.changes(1))).toMatchObject([
          {
            type: 'rename',
            dn: 'uid=lovelace,ou=people,dc=example,dc=com',
            previousDn: 'uid=ada,ou=people,dc=example,dc=com',
            attributes: [{ attribute: 'uid', removed: ['ada'], added: ['lovelace'] }],
          },
        ])
      })

      test('records another spelling of the same DN as a rename', async () => {
        await using fixture = await open()
        const entry = person(1, 'ada')
        await fixture.store.commit(generation([put(entry)]))
        await fixture.store.commit(generation([put({ ...entry, dn: 'UID=Ada, ou=people,dc=example,dc=com' })]))
        expect(await collect(fixture.store.changes(1))).toMatchObject([{ type: 'rename', previousDn: entry.dn }])
        expect(await fixture.store.verify()).toEqual([])
      })

      test('records a deletion with the last DN and all values', async () => {
        await using fixture = await open()
        await fixture.store.commit(generation([put(person(1, 'ada'))]))
        await fixture.store.commit(generation([remove(1)]))
        const [deletion] = await collect(fixture.store.changes(1))
        expect(deletion).toMatchObject({ type: 'delete', dn: 'uid=ada,ou=people,dc=example,dc=com' })
        expect(deletion?.attributes).toContainEqual({ attribute: 'uid', removed: ['ada'], added: [] })
        expect(await fixture.store.readEntry(uuid(1))).toBeUndefined()
      })

      test('writes and logs nothing for a put that equals what is stored', async () => {
        await using fixture = await open()
        const { store } = fixture
        await store.commit(generation([put(person(1, 'ada', { mail: ['a@x'] }))]))
        const { dn, attributes } = person(1, 'ada', { mail: ['a@x'] })
        const reordered = new Map([...attributes].toReversed())
        const result = await store.commit(generation([put({ dn, entryUUID: uuid(1), attributes: reordered })]))
        expect(result).toEqual({ firstChange: 1, lastChange: 1 })
        expect(await collect(store.changes(1))).toEqual([])
      })

      test('logs nothing for records and for the deletion of what is not there', async () => {
        await using fixture = await open()
        const records = [{ collection: 'cursor', key: ['contoso'], value: 'token' }] as const
        const result = await fixture.store.commit(generation([remove(7)], records))
        expect(result).toEqual({ firstChange: 0, lastChange: 0 })
      })

      test('tells the net effect of a generation that names an entry more than once', async () => {
        await using fixture = await open()
        const { store } = fixture
        await store.commit(generation([put(person(1, 'ada'))]))
        await store.commit(
          generation([remove(1), put(person(1, 'ada', { title: ['Dr'] })), put(person(2, 'bob')), remove(2)]),
        )
        expect(await collect(store.changes(1))).toMatchObject([{ number: 2, type: 'modify', entryUUID: uuid(1) }])
      })
    })

    describe('DNs', () => {
      const taken = () => generation([put(person(1, 'ada')), put(person(2, 'bob'))])

      test('refuses as a whole a generation that gives a DN to a second entry', async () => {
        await using fixture = await open()
        const { store } = fixture
        await store.commit(taken())
        const before = await stateOf(store.entries())
        const second = { ...person(3, 'ADA'), dn: 'UID=ADA, OU=People,dc=example,dc=com' }
        const refused = store.commit(
          generation([put(person(2, 'bobby')), put(second)], [{ collection: 'cursor', key: ['p'], value: 1 }]),
        )
        await expect(refused).rejects.toMatchObject({ code: 'duplicateDn', message: expect.stringContaining(uuid(1)) })
        expect(await stateOf(store.entries())).toEqual(before)
        expect(store.lastChange).toBe(2)
        expect(await store.get('cursor', ['p'])).toBeUndefined()
        expect(await store.verify()).toEqual([])
      })

      test('refuses one DN for two entries of the same generation', async () => {
        await using fixture = await open()
        const refused = fixture.store.commit(generation([put(person(1, 'ada')), put(person(2, 'Ada'))]))
        await expect(refused).rejects.toMatchObject({ code: 'duplicateDn' })
        expect(await collect(fixture.store.entries())).toEqual([])
      })

      test('lets two entries swap DNs in one generation', async () => {
        await using fixture = await open()
        const { store } = fixture
        await store.commit(taken())
        await store.commit(generation([put(person(1, 'bob')), put(person(2, 'ada'))]))
        expect((await store.readEntry(uuid(1)))?.dn).toBe('uid=bob,ou=people,dc=example,dc=com')
        expect((await store.readEntry(uuid(2)))?.dn).toBe('uid=ada,ou=people,dc=example,dc=com')
        expect(await store.verify()).toEqual([])
      })

      test('lets an entry take the DN that another gives up, and remembers whose it is', async () => {
        await using fixture = await open()
        const { store } = fixture
        await store.commit(taken())
        await store.commit(generation([put(person(3, 'ada')), remove(1)]))
        await expect(store.commit(generation([put(person(4, 'ada'))]))).rejects.toMatchObject({ code: 'duplicateDn' })
        await store.commit(generation([put(person(3, 'carol'))]))
        await store.commit(generation([put(person(4, 'ada'))]))
        expect(await store.verify()).toEqual([])
      })

      test('refuses as a whole what is not a DN or not an entryUUID', async () => {
        await using fixture = await open()
        const { store } = fixture
        const bad = { ...person(2, 'bob'), dn: 'uid=bob,,dc=example' }
        await expect(store.commit(generation([put(person(1, 'ada')), put(bad)]))).rejects.toThrow('is not a DN')
        const upper = { ...person(2, 'bob'), entryUUID: 'ABCDEF00-0000-4000-8000-000000000001' }
        await expect(store.commit(generation([put(person(1, 'ada')), put(upper)]))).rejects.toMatchObject({
          code: 'invalidKey',
        })
        expect(await collect(store.entries())).toEqual([])
      })
    })

    describe('records', () => {
      const set = (key: readonly string[], value: Json | undefined, collection: 'mirror' | 'name' = 'mirror') => ({
        collection,
        key,
        value,
      })

      test('gives back JSON values, replaces and removes them', async () => {
        await using fixture = await open()
        const { store } = fixture
        const value = { a: [1, null, 'Ünïcode 😀', { b: false }], '': '' }
        await store.commit(generation([], [set(['p', 'user', '1'], value), set(['p', 'user', '2'], null)]))
        expect(await store.get('mirror', ['p', 'user', '1'])).toEqual(value)
        expect(await store.get('mirror', ['p', 'user', '2'])).toBeNull()
        await store.commit(generation([], [set(['p', 'user', '1'], 'new'), set(['p', 'user', '2'], undefined)]))
        expect(await store.get('mirror', ['p', 'user', '1'])).toBe('new')
        expect(await store.get('mirror', ['p', 'user', '2'])).toBeUndefined()
      })

      test('keeps the last of several changes of one record', async () => {
        await using fixture = await open()
        await fixture.store.commit(generation([], [set(['a'], 1), set(['b'], 1), set(['a'], undefined), set(['b'], 2)]))
        expect(await collect(fixture.store.list('mirror'))).toEqual([{ key: ['b'], value: 2 }])
      })

      test('lists in key order, element by element', async () => {
        await using fixture = await open()
        const inOrder = [['a'], ['a', ''], ['a', 'z'], ['a!'], ['aa', 'a'], ['b'], ['é'], ['\uffff'], ['😀']]
        await fixture.store.commit(
          generation(
            [],
            inOrder.toReversed().map((key) => set(key, key.length)),
          ),
        )
        const listed = await collect(fixture.store.list('mirror'))
        expect(listed.map(({ key }) => key)).toEqual(inOrder)
      })

      test('takes a prefix as whole elements', async () => {
        await using fixture = await open()
        const keys = [
          ['p', 'user', '1'],
          ['p', 'user', '2'],
          ['p', 'user'],
          ['p', 'users', '3'],
          ['pp', 'user', '4'],
          ['p'],
        ]
        await fixture.store.commit(
          generation(
            [],
            keys.map((key) => set(key, true)),
          ),
        )
        const under = async (...prefix: string[]) =>
          (await collect(fixture.store.list('mirror', prefix))).map(({ key }) => key)
        expect(await under('p', 'user')).toEqual([
          ['p', 'user'],
          ['p', 'user', '1'],
          ['p', 'user', '2'],
        ])
        expect(await under('p', 'us')).toEqual([])
        expect(await under('pp')).toEqual([['pp', 'user', '4']])
      })

      test('keeps collections apart', async () => {
        await using fixture = await open()
        await fixture.store.commit(generation([], [set(['x'], 1), set(['x'], 2, 'name')]))
        expect(await fixture.store.get('mirror', ['x'])).toBe(1)
        expect(await collect(fixture.store.list('name'))).toEqual([{ key: ['x'], value: 2 }])
        expect(await collect(fixture.store.list('run'))).toEqual([])
      })

      test.each([[[]], [['a\0b']], [['\ud800']]])('refuses the key %j', async (key) => {
        await using fixture = await open()
        await expect(fixture.store.commit(generation([], [set(key, 1)]))).rejects.toMatchObject({ code: 'invalidKey' })
        await expect(fixture.store.get('mirror', key)).rejects.toMatchObject({ code: 'invalidKey' })
      })

      test('does not keep a value that the caller still holds', async () => {
        await using fixture = await open()
        const value = { list: [1] }
        await fixture.store.commit(generation([], [set(['x'], value)]))
        value.list.push(2)
        expect(await fixture.store.get('mirror', ['x'])).toEqual({ list: [1] })
      })
    })

    describe('commits and readers', () => {
      const team = (title: string) =>
        Array.from({ length: 40 }, (_, n) => put(person(n + 1, `u${n + 1}`, { title: [title] })))
      const titles = async (store: DirectoryStore) =>
        new Set((await collect(store.entries())).map((entry) => entry.attributes.get('title')?.[0]))

      test('applies concurrent commits one by one, in call order', async () => {
        await using fixture = await open()
        const { store } = fixture
        const results = await Promise.all(
          ['A', 'B', 'C'].map((title) =>
            store.commit(generation(team(title), [{ collection: 'run', key: ['r'], value: title }])),
          ),
        )
        expect(results.map((result) => result.lastChange)).toEqual([40, 80, 120])
        expect(await store.get('run', ['r'])).toBe('C')
        expect((await collect(store.changes(0))).map(({ number }) => number)).toEqual(
          Array.from({ length: 120 }, (_, i) => i + 1),
        )
        expect(await store.verify()).toEqual([])
      })

      test('goes on after a refused commit', async () => {
        await using fixture = await open()
        const { store } = fixture
        const refused = store.commit(generation([put(person(1, 'ada')), put(person(2, 'ada'))]))
        const accepted = store.commit(generation([put(person(3, 'ada'))]))
        await expect(refused).rejects.toMatchObject({ code: 'duplicateDn' })
        expect(await accepted).toEqual({ firstChange: 1, lastChange: 1 })
      })

      test('a reader that began before a commit does not see it', async () => {
        await using fixture = await open()
        const { store } = fixture
        await store.commit(generation(team('old')))
        const reader = store.entries()[Symbol.asyncIterator]()
        const seen = [(await reader.next()).value?.attributes.get('title')?.[0]]
        await store.commit(generation([...team('new'), remove(40), put(person(41, 'u41', { title: ['new'] }))]))
        for (let step = await reader.next(); !step.done; step = await reader.next()) {
          seen.push(step.value.attributes.get('title')?.[0])
        }
        expect(seen).toEqual(Array(40).fill('old'))
        expect(await titles(store)).toEqual(new Set(['new']))
      })

      test('no reader ever sees the inside of a commit', async () => {
        await using fixture = await open()
        const { store } = fixture
        await store.commit(generation(team('0')))
        const committing = new AbortController()
        const commits = Promise.all(['1', '2', '3'].map((title) => store.commit(generation(team(title))))).finally(
          () => {
            committing.abort()
          },
        )
        let reads = 0
        while (!committing.signal.aborted) {
          expect((await titles(store)).size).toBe(1)
          expect((await collect(store.changes(0))).length % 40).toBe(0)
          expect(store.lastChange % 40).toBe(0)
          expect(await store.verify()).toEqual([])
          reads++
        }
        await commits
        expect(reads).toBeGreaterThan(0)
        expect(await titles(store)).toEqual(new Set(['3']))
      })

      test('refuses a commit after close, and closes twice', async () => {
        await using fixture = await open()
        const pending = fixture.store.commit(generation([put(person(1, 'ada'))]))
        const closing = fixture.store.close()
        await expect(fixture.store.commit(generation([]))).rejects.toMatchObject({ code: 'closed' })
        await closing
        expect(await pending).toMatchObject({ lastChange: 1 })
        await fixture.store.close()
      })
    })

    const testDurable = isDurable ? test : () => undefined
    testDurable('reopening finds entries, records, log and numbers', async () => {
      await using fixture = await open()
      const { store, reopen } = fixture
      if (!reopen) throw new Error('a durable store can be reopened')
      await store.commit(generation([put(person(1, 'ada')), put(person(2, 'bob'))]))
      await store.commit(generation([remove(2)], [{ collection: 'cursor', key: ['p'], value: { token: 't' } }]))
      const state = await stateOf(store.entries())
      const changes = await collect(store.changes(0))
      const again = await reopen()
      expect(again.lastChange).toBe(3)
      expect(await stateOf(again.entries())).toEqual(state)
      expect(await collect(again.changes(0))).toEqual(changes)
      expect(await again.get('cursor', ['p'])).toEqual({ token: 't' })
      expect(await again.verify()).toEqual([])
      expect(await again.commit(generation([put(person(2, 'bob'))]))).toEqual({ firstChange: 4, lastChange: 4 })
    })
  })
}
