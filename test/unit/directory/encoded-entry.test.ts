import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeEntry, EncodedEntry, encodedValues, entryName } from '../../../server/directory/encoded-entry.ts'
import { encodeEntry } from '../../../server/directory/entry-encoder.ts'
import { LayoutTable } from '../../../server/directory/entry-layout.ts'
import { Arena } from '../../../server/directory/memory/arena.ts'
import { type AttributeValue, type Entry, valueOctets } from '../../../server/directory/entry.ts'
import { escapeDnValue } from '../../../server/protocol/distinguished-name.ts'
import { Schema } from '../../../server/directory/schema/schema.ts'
import { anEntry, uuid } from '../../builders/directory-view.ts'

const encode = (entry: Entry, schema = new Schema(), layouts = new LayoutTable(schema)) => {
  const arena = new Arena()
  encodeEntry(entry, layouts, arena)
  const slab = arena.slab(0)
  if (slab === undefined) throw new Error('an arena begins with slab 0')
  return new EncodedEntry(slab, 0, layouts.all)
}
const description = (encoded: ReturnType<typeof encode>) =>
  encoded.layout.attributes.map((attribute) => attribute.description)

function valuesOf(encoded: ReturnType<typeof encode>, name: string): string[] {
  const index = encoded.layout.attributes.findIndex((attribute) => attribute.description === name)
  return index < 0 ? [] : Array.from(encodedValues(encoded, index), String)
}

/** Octets that are UTF-8 text come back as text. */
const asRead = (value: AttributeValue): AttributeValue => {
  const text = Buffer.from(valueOctets(value)).toString('utf8')
  return Buffer.from(text).equals(valueOctets(value)) ? text : value
}

test('decodes what it encoded', () => {
  const value = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.uint8Array({ maxLength: 300 }))
  const name = fc.constantFrom('cn', 'CN', 'mail', 'jpegPhoto', 'userCertificate;binary', 'x-new', 'cn;lang-de;lang-en')
  const attributes = fc.uniqueArray(fc.tuple(name, fc.array(value, { minLength: 1, maxLength: 5 })), {
    selector: ([description]) => description,
  })
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), attributes, (name, pairs) => {
      const dn = `cn=${escapeDnValue(name)}`
      const decoded = decodeEntry(encode({ dn, entryUUID: uuid(1), attributes: new Map(pairs) }))
      expect(decoded).toEqual({
        dn,
        entryUUID: uuid(1),
        attributes: new Map(pairs.map(([description, values]) => [description, values.map(asRead)])),
      })
    }),
    { numRuns: 200 },
  )
})

test.each([0, 127, 128, 255, 256, 65_535, 65_536])('keeps values of %d octets', (length) => {
  const value = Uint8Array.from({ length }, (_, index) => 0x80 | index)
  const decoded = decodeEntry(encode(anEntry(`cn=${'x'.repeat(length)}`, { jpegPhoto: [value, value], cn: ['a'] })))
  expect(decoded.dn).toHaveLength(length + 3)
  expect(decoded.attributes.get('jpegPhoto')?.map((read) => Buffer.from(valueOctets(read)).equals(value))).toEqual([
    true,
    true,
  ])
  expect(decoded.attributes.get('cn')).toEqual(['a'])
})

test('puts user attributes first, then stored operational ones, then those that follow from the entry', () => {
  const entry = anEntry('cn=a', { modifyTimestamp: ['20260101000000Z'], objectClass: ['top', 'person'], cn: ['a'] })
  const encoded = encode(entry)
  expect(description(encoded)).toEqual([
    'objectClass',
    'cn',
    'modifyTimestamp',
    'structuralObjectClass',
    'entryUUID',
    'entryDN',
    'subschemaSubentry',
  ])
  expect(valuesOf(encoded, 'entryDN')).toEqual(['cn=a'])
  expect(valuesOf(encoded, 'entryUUID')).toEqual([entry.entryUUID])
  expect(entryName(encoded)).toBe('cn=a')
})

test('gives no entryUUID and entryDN to an entry that the server makes up', () => {
  const encoded = encode({ dn: '', entryUUID: '', attributes: new Map([['objectClass', ['top']]]) })
  expect(description(encoded)).toEqual(['objectClass', 'subschemaSubentry'])
})

test('leaves out attributes without values', () => {
  expect(description(encode(anEntry('cn=a', { cn: ['a'], mail: [] })))).not.toContain('mail')
})

test('has its own answer to what a foreign directory says of an entry itself', () => {
  const entry = anEntry('cn=a', {
    cn: ['a'],
    EntryUUID: ['11111111-1111-4111-8111-111111111111'],
    entryDN: ['cn=elsewhere'],
    structuralObjectClass: ['account'],
    hasSubordinates: ['TRUE'],
    subschemaSubentry: ['cn=other'],
  })
  const encoded = encode(entry)
  expect(description(encoded)).toEqual(['cn', 'entryUUID', 'entryDN', 'subschemaSubentry'])
  expect(valuesOf(encoded, 'entryUUID')).toEqual([entry.entryUUID])
})

describe('the structural object class', () => {
  test.each([
    [['top', 'person', 'organizationalPerson', 'inetOrgPerson', 'posixAccount'], ['inetOrgPerson']],
    [['INETORGPERSON', 'person'], ['inetOrgPerson']],
    [['2.5.6.6'], ['person']],
    [['top', 'posixAccount'], []],
    [['x-unknown'], []],
  ])('of %j is %j', (objectClass, structural) => {
    expect(valuesOf(encode(anEntry('cn=a', { objectClass })), 'structuralObjectClass')).toEqual(structural)
  })

  test('is found whatever the spelling of the attribute', () => {
    expect(valuesOf(encode(anEntry('cn=a', { objectclass: ['person'] })), 'structuralObjectClass')).toEqual(['person'])
  })
})

test('entries of one shape share one layout', () => {
  const layouts = new LayoutTable(new Schema())
  const make = (attributes: Record<string, string[]>) =>
    encode(anEntry('cn=a', attributes), layouts.schema, layouts).layout
  expect(make({ cn: ['a'], sn: ['b'] })).toBe(make({ cn: ['c'], sn: ['d', 'e'] }))
  expect(make({ cn: ['a'], sn: ['b'] })).not.toBe(make({ sn: ['a'], cn: ['b'] }))
})

describe('makes the schema learn', () => {
  test('attribute types and object classes that entries use', () => {
    const schema = new Schema()
    encode(anEntry('cn=a', { objectclass: ['top', 'x-class'], 'x-attribute;x-option': ['a'] }), schema)
    expect(schema.attributeType('x-attribute')).toBeDefined()
    expect(schema.objectClass('x-class')?.may).toContain('x-attribute')
  })

  test('a class of an entry whose attributes were all seen before', () => {
    const layouts = new LayoutTable(new Schema())
    encode(anEntry('cn=a', { objectClass: ['top', 'person'], cn: ['a'] }), layouts.schema, layouts)
    encode(anEntry('cn=b', { objectClass: ['top', 'x-class'], cn: ['b'] }), layouts.schema, layouts)
    expect(layouts.schema.objectClass('x-class')).toBeDefined()
  })
})

test('refuses what is no attribute description', () => {
  expect(() => encode(anEntry('cn=a', { 'cn;;x': ['a'] }))).toThrow('"cn;;x" is not an attribute description')
})
