import { describe, expect, test } from 'vitest'
import { attributeTypeDefinitions } from '../../../server/directory/schema/attribute-types.ts'
import { parseDefinition } from '../../../server/directory/schema/definition.ts'
import { matchingRules } from '../../../server/directory/schema/matching-rules.ts'
import { objectClassDefinitions } from '../../../server/directory/schema/object-classes.ts'
import { findMatchingRule, Schema } from '../../../server/directory/schema/schema.ts'
import { subschemaEntry } from '../../../server/directory/schema/subschema-entry.ts'
import { Syntax } from '../../../server/directory/schema/syntaxes.ts'

const types = attributeTypeDefinitions.map(parseDefinition)
const classes = objectClassDefinitions.map(parseDefinition)
const folded = (names: readonly string[]) => names.map((name) => name.toLowerCase())
const repeated = (names: readonly string[]) => names.filter((name, index) => names.indexOf(name) !== index)
const typeNames = new Set(folded(types.flatMap(({ oid, names }) => [oid, ...names])))
const classNames = new Set(folded(classes.flatMap(({ oid, names }) => [oid, ...names])))
const syntaxes = new Set<string>(Object.values(Syntax))

describe('parses', () => {
  test('a definition with every kind of field', () => {
    const definition = parseDefinition(
      "( 1.2.3 NAME ( 'a' 'b' ) DESC 'two  words (here)' SUP name EQUALITY caseIgnoreMatch SYNTAX 1.2.4{64} SINGLE-VALUE USAGE directoryOperation )",
    )
    expect(definition.oid).toBe('1.2.3')
    expect(definition.names).toEqual(['a', 'b'])
    expect(Object.fromEntries(definition.fields)).toEqual({
      NAME: ['a', 'b'],
      DESC: ['two  words (here)'],
      SUP: ['name'],
      EQUALITY: ['caseIgnoreMatch'],
      SYNTAX: ['1.2.4{64}'],
      'SINGLE-VALUE': [],
      USAGE: ['directoryOperation'],
    })
  })

  test('lists with and without spaces around the dollar', () => {
    expect(parseDefinition("( 1.2 NAME 'c' MUST a MAY (b$c $ d) )").fields.get('MAY')).toEqual(['b', 'c', 'd'])
  })

  test.each(['', 'cn', '1.2.3 NAME x', "( 1.2.3 NAME 'x'", '('])('nothing that is no definition: %j', (text) => {
    expect(() => parseDefinition(text)).toThrow('not a schema definition')
  })
})

describe('the attribute types', () => {
  test('have OIDs and names that nothing else has', () => {
    expect(repeated(types.map(({ oid }) => oid))).toEqual([])
    expect(repeated(folded(types.flatMap(({ names }) => names)))).toEqual([])
  })

  test('name known superiors, rules and syntaxes', () => {
    for (const { text, fields } of types) {
      for (const name of fields.get('SUP') ?? []) expect(typeNames, text).toContain(name.toLowerCase())
      for (const keyword of ['EQUALITY', 'ORDERING', 'SUBSTR'])
        for (const name of fields.get(keyword) ?? []) expect(findMatchingRule(name), text).toBeDefined()
      for (const name of fields.get('SYNTAX') ?? []) expect(syntaxes, text).toContain(name)
      expect(fields.has('SUP') || fields.has('SYNTAX'), text).toBe(true)
    }
  })

  test('have rules of the kind their keyword says', () => {
    const schema = new Schema()
    for (const { oid } of types) {
      const type = schema.attributeType(oid)
      if (type?.equality) expect(type.equality.use, oid).toBe('equality')
      if (type?.ordering) expect(type.ordering.comparison.compare, oid).toBeDefined()
      if (type?.substrings) expect(type.substrings.comparison.substrings, oid).toBeDefined()
    }
  })

  test('are operational where RFC 4512 says so', () => {
    const schema = new Schema()
    for (const name of [
      'entryUUID',
      'createTimestamp',
      'memberOf',
      'rosterdSource',
      'subschemaSubentry',
      'namingContexts',
    ])
      expect(schema.attributeType(name)?.isOperational, name).toBe(true)
    for (const name of ['objectClass', 'cn', 'member', 'userPassword', 'sshPublicKey'])
      expect(schema.attributeType(name)?.isOperational, name).toBe(false)
  })
})

describe('the object classes', () => {
  test('have OIDs and names that nothing else has', () => {
    expect(repeated(classes.map(({ oid }) => oid))).toEqual([])
    expect(repeated(folded(classes.flatMap(({ names }) => names)))).toEqual([])
    expect(repeated([...types, ...classes].map(({ oid }) => oid))).toEqual([])
  })

  test('name known superiors and attribute types, each once', () => {
    for (const { text, fields } of classes) {
      for (const name of fields.get('SUP') ?? []) expect(classNames, text).toContain(name.toLowerCase())
      const attributes = [...(fields.get('MUST') ?? []), ...(fields.get('MAY') ?? [])]
      for (const name of attributes) expect(typeNames, text).toContain(name.toLowerCase())
      expect(repeated(folded(attributes)), text).toEqual([])
    }
  })
})

test('matching rules have OIDs, names and known syntaxes of their own', () => {
  expect(repeated(matchingRules.map(({ oid }) => oid))).toEqual([])
  expect(repeated(folded(matchingRules.map(({ name }) => name)))).toEqual([])
  for (const { name, syntax } of matchingRules) expect(syntaxes, name).toContain(syntax)
})

test('what is published reads back as what is registered', () => {
  const schema = new Schema()
  schema.learn(['x-foo', 'x-bar', '1.2.3.4'], ['x-class'])
  const published = subschemaEntry(schema).attributes
  const read = (name: string) => (published.get(name) ?? []).map((text) => parseDefinition(String(text)))
  for (const { oid, names, fields } of read('attributeTypes')) {
    const type = schema.attributeType(oid)
    expect(type?.names).toEqual(names)
    for (const name of names) expect(schema.attributeType(name)).toBe(type)
    if (fields.has('SUP')) expect(type?.superior).toBe(schema.attributeType(fields.get('SUP')?.[0] ?? ''))
  }
  for (const { oid, names, fields } of read('objectClasses')) {
    const objectClass = schema.objectClass(oid)
    for (const name of names) expect(schema.objectClass(name)).toBe(objectClass)
    expect(objectClass?.must).toEqual(fields.get('MUST') ?? [])
    expect(objectClass?.may).toEqual(fields.get('MAY') ?? [])
  }
  expect(read('attributeTypes')).toHaveLength(types.length + 3)
  expect(read('objectClasses')).toHaveLength(classes.length + 1)
  expect(read('matchingRules').map(({ oid }) => oid)).toEqual(matchingRules.map(({ oid }) => oid))
  expect(new Set(read('ldapSyntaxes').map(({ oid }) => oid))).toEqual(syntaxes)
})

describe('a description', () => {
  const schema = new Schema()

  test('is found by every name, in any case, and by OID', () => {
    const cn = schema.attributeType('cn')
    for (const text of ['cn', 'CN', 'commonName', '2.5.4.3']) expect(schema.description(text)?.type).toBe(cn)
  })

  test('has its options folded and sorted', () => {
    expect(schema.description('cn;Lang-EN;binary')?.options).toEqual(['binary', 'lang-en'])
  })

  test.each(['', ';', 'nothing', 'cn;', 'cn;;binary', 'cn;a b', ' cn', '*', '+', '1.1', '__proto__'])(
    'is none: %j',
    (text) => {
      expect(schema.description(text)).toBeUndefined()
      expect(schema.description(text)).toBeUndefined()
    },
  )

  test('is the same however long its options and however many others were asked for', () => {
    const long = `cn;${'x'.repeat(1000)}`
    const first = schema.description(long)
    for (let n = 0; n < 10_100; n += 1) schema.description(`unknown-${n}`)
    expect(schema.description(long)).toEqual(first)
  })
})

describe('learns', () => {
  test('names nobody registered, each once, by any spelling', () => {
    const schema = new Schema()
    expect(schema.description('x-foo')).toBeUndefined()
    schema.learn(['x-foo', 'X-Foo', 'cn'], ['x-class', 'X-CLASS', 'top'])
    expect(schema.description('X-FOO')?.type.name).toBe('x-foo')
    expect(schema.objectClass('X-Class')?.may).toEqual(['x-foo', 'cn'])
    expect(schema.definitions().objectClasses.filter((text) => /x-class/i.test(text))).toHaveLength(1)
  })

  test('to allow in a class of its own what the other classes of an entry do not', () => {
    const schema = new Schema()
    schema.learn(['objectClass', 'cn', 'sn', 'x-foo', 'entryUUID'], ['top', 'person', 'x-class'])
    expect(schema.objectClass('x-class')?.may).toEqual(['x-foo'])
    schema.learn(['objectClass', 'uid', 'x-foo', 'x-bar'], ['x-class'])
    expect(schema.objectClass('x-class')?.may).toEqual(['x-foo', 'uid', 'x-bar'])
    expect(schema.definitions().objectClasses.at(-1)).toBe(
      "( x-class-oid NAME 'x-class' SUP top AUXILIARY MAY ( x-foo $ uid $ x-bar ) )",
    )
  })

  test('nothing of a class that has a definition', () => {
    const schema = new Schema()
    const before = schema.objectClass('person')?.definition
    schema.learn(['uidNumber'], ['person'])
    expect(schema.objectClass('person')?.definition).toBe(before)
    expect(schema.revision).toBe(0)
  })

  test('nothing when all is known, and says so', () => {
    const schema = new Schema()
    schema.learn(['cn', 'COMMONNAME'], ['person'])
    expect(schema.revision).toBe(0)
    schema.learn(['x-foo'], [])
    schema.learn(['x-foo'], [])
    expect(schema.revision).toBe(1)
  })

  test('a class after its name was looked up', () => {
    const schema = new Schema()
    expect([...schema.withSuperiors('x-class')]).toEqual(['x-class'])
    schema.learn([], ['x-class'])
    expect([...schema.withSuperiors('x-class')]).toEqual(['x-class', 'top'])
  })
})

test('knows the superiors of a class and the attributes they bring', () => {
  const schema = new Schema()
  expect([...schema.withSuperiors('INETORGPERSON')]).toEqual(['inetorgperson', 'organizationalperson', 'person', 'top'])
  const inetOrgPerson = schema.objectClass('inetOrgPerson')
  const names = inetOrgPerson ? Array.from(schema.attributesOfClass(inetOrgPerson), ({ name }) => name) : []
  expect(names).toEqual(expect.arrayContaining(['mail', 'title', 'sn', 'objectClass']))
  expect(names).not.toContain('uidNumber')
})

test('knows the subtypes of a type', () => {
  const schema = new Schema()
  const name = schema.attributeType('name')
  const subtypes = name ? schema.withSubtypes(name).map((type) => type.name) : []
  expect(subtypes).toEqual(expect.arrayContaining(['name', 'cn', 'sn', 'ou', 'givenName']))
  expect(subtypes).not.toContain('uid')
})
