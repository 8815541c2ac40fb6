import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AttributeChange } from '../../../server/directory/directory-store.ts'
import type { AttributeValue, Entry } from '../../../server/directory/entry.ts'
import { differenceOf } from '../../../server/storage/change-log.ts'
import { person } from '../../contract/entry-builder.ts'

const values = fc.uniqueArray(fc.oneof(fc.constantFrom('a', 'b', 'c', 'd'), fc.uint8Array({ maxLength: 1 })), {
  minLength: 1,
  selector: (value) => (typeof value === 'string' ? value : `octets ${value.join()}`),
})
const entry = fc
  .dictionary(fc.constantFrom('cn', 'mail', 'member'), values, { noNullPrototype: true })
  .map((attributes) => person(1, 'ada', attributes))

const logged = (value: AttributeValue) =>
  typeof value === 'string' ? value : { base64: Buffer.from(value).toString('base64') }
const loggedAttributes = (of: Entry | undefined) =>
  new Map([...(of?.attributes ?? [])].map(([name, list]) => [name, list.map(logged)]))

function replay(before: Map<string, AttributeChange['added'][number][]>, changes: readonly AttributeChange[]) {
  const result = new Map(before)
  for (const { attribute, removed, added } of changes) {
    const gone = new Set(removed.map((value) => JSON.stringify(value)))
    const kept = (result.get(attribute) ?? []).filter((value) => !gone.has(JSON.stringify(value)))
    result.set(attribute, [...kept, ...added])
    if (kept.length + added.length === 0) result.delete(attribute)
  }
  return result
}

test('replaying a difference gives the entry after it, values in order', () => {
  fc.assert(
    fc.property(fc.option(entry, { nil: undefined }), fc.option(entry, { nil: undefined }), (before, after) => {
      const difference = differenceOf(before, after)
      expect(replay(loggedAttributes(before), difference?.attributes ?? [])).toEqual(loggedAttributes(after))
    }),
  )
})

test('finds no difference between equal entries', () => {
  expect(differenceOf(person(1, 'ada'), person(1, 'ada'))).toBeUndefined()
  expect(differenceOf(undefined, undefined)).toBeUndefined()
})
