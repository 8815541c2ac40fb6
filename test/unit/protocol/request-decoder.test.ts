import { describe, expect, test } from 'vitest'
import { BerError, BerReader, Tag } from '../../../server/protocol/ber-reader.ts'
import { element, integerElement, textElement } from '../../../server/protocol/ber-writer.ts'
import { LdapError } from '../../../server/protocol/ldap-error.ts'
import { Operation } from '../../../server/protocol/operation.ts'
import { decodeRequest, defaultDecoderLimits, openMessage } from '../../../server/protocol/request-decoder.ts'
import { boolean, control, message, searchRequest } from '../../builders/ldap-messages.ts'

const limits = { ...defaultDecoderLimits, attributes: 3, controls: 2 }
const decode = (operation: Buffer, controls?: readonly Buffer[]) =>
  decodeRequest(openMessage(message(operation, controls)), limits)
const text = (value: string) => textElement(Tag.octetString, value)
const version = (number: number) => integerElement(Tag.integer, number)
const unbind = element(Operation.unbindRequest)

describe('opens a message', () => {
  test('and finds its id and operation', () => {
    expect(openMessage(message(unbind, undefined, 0x7fffffff))).toMatchObject({
      messageId: 0x7fffffff,
      operation: Operation.unbindRequest,
    })
  })

  test('with id 0 when no answer to it is expected', () => {
    expect(openMessage(message(unbind, undefined, 0)).messageId).toBe(0)
    expect(openMessage(message(integerElement(Operation.abandonRequest, 1), undefined, 0)).messageId).toBe(0)
  })

  test.each([
    ['that is no sequence', text('x'), 'tag 0x4'],
    ['without an id', element(Tag.sequence, unbind), 'tag 0x42'],
    ['with a negative id', message(unbind, undefined, -1), 'message id -1'],
    ['with an id above 2^31-1', message(unbind, undefined, 0x80000000), 'message id 2147483648'],
    ['with id 0 that expects an answer', message(searchRequest(), undefined, 0), 'message id 0 in a request'],
    ['without an operation', element(Tag.sequence, version(1)), 'unknown operation'],
    ['with an operation nobody knows', message(element(0x7e)), 'unknown operation 0x7e'],
    ['with the operation of a response', message(element(Operation.searchResultDone)), 'unknown operation 0x65'],
  ])('not %s', (_, octets, problem) => {
    expect(() => openMessage(octets)).toThrow(BerError)
    expect(() => openMessage(octets)).toThrow(problem)
  })
})

describe('decodes a bind', () => {
  const bind = (...parts: readonly Buffer[]) => element(Operation.bindRequest, ...parts)

  test('with a password', () => {
    const request = decode(bind(version(3), text('cn=a'), textElement(0x80, 'p\xe9'))).request
    expect(request).toEqual({
      type: 'bind',
      version: 3,
      name: 'cn=a',
      authentication: { type: 'simple', password: Buffer.from('p\xe9') },
    })
  })

  test('with an empty name and password', () => {
    expect(decode(bind(version(3), text(''), textElement(0x80, ''))).request).toMatchObject({
      name: '',
      authentication: { type: 'simple', password: Buffer.alloc(0) },
    })
  })

  test('with SASL, with and without credentials', () => {
    for (const parts of [[text('EXTERNAL')], [text('EXTERNAL'), text('secret')]])
      expect(decode(bind(version(3), text(''), element(0xa3, ...parts))).request).toMatchObject({
        authentication: { type: 'sasl', mechanism: 'EXTERNAL' },
      })
  })

  test('of another version, and with a choice nobody knows', () => {
    expect(decode(bind(version(2), text('cn=a'), element(0x81))).request).toEqual({
      type: 'bind',
      version: 2,
      name: 'cn=a',
      authentication: { type: 'unknown' },
    })
  })

  test('not without authentication', () => {
    expect(() => decode(bind(version(3), text('cn=a')))).toThrow(BerError)
  })
})

describe('decodes a search', () => {
  test('with all its fields', () => {
    expect(
      decode(
        searchRequest({
          baseObject: 'dc=x',
          scope: 1,
          derefAliases: 3,
          sizeLimit: 7,
          timeLimit: 2_147_483_647,
          typesOnly: true,
          filter: textElement(0x87, 'cn'),
          attributes: ['cn', '+'],
        }),
      ).request,
    ).toEqual({
      type: 'search',
      baseObject: 'dc=x',
      scope: 'singleLevel',
      sizeLimit: 7,
      timeLimitSeconds: 2_147_483_647,
      typesOnly: true,
      filter: { type: 'present', attribute: 'cn' },
      attributes: ['cn', '+'],
    })
  })

  test.each([
    [0, 'baseObject'],
    [1, 'singleLevel'],
    [2, 'wholeSubtree'],
    [3, 'subordinateSubtree'],
  ])('with scope %d', (scope, name) => {
    expect(decode(searchRequest({ scope })).request).toMatchObject({ scope: name })
  })

  test.each([
    [{ scope: 4 }, 'unknown search scope 4'],
    [{ scope: -1 }, 'unknown search scope -1'],
    [{ derefAliases: 4 }, 'unknown derefAliases 4'],
    [{ sizeLimit: -1 }, 'negative size or time limit'],
    [{ timeLimit: -1 }, 'negative size or time limit'],
    [{ attributes: ['a', 'b', 'c', 'd'] }, 'more than 3 attributes requested'],
  ])('not with %j', (fields, problem) => {
    expect(() => decode(searchRequest(fields))).toThrow(LdapError)
    expect(() => decode(searchRequest(fields))).toThrow(problem)
  })

  test('not when it is cut off at any octet', () => {
    const whole = searchRequest({ attributes: ['cn'] })
    for (let length = 2; length < whole.length; length += 1) {
      const contents = whole.subarray(2, length)
      expect(() => decode(element(Operation.searchRequest, contents))).toThrow(BerError)
    }
  })
})

test('decodes a compare', () => {
  const compare = element(Operation.compareRequest, text('cn=a'), element(Tag.sequence, text('sn'), text('b')))
  expect(decode(compare).request).toEqual({ type: 'compare', entry: 'cn=a', attribute: 'sn', value: Buffer.from('b') })
})

test('decodes an extended request with and without a value', () => {
  const whoAmI = textElement(0x80, '1.3.6.1.4.1.4203.1.11.3')
  expect(decode(element(Operation.extendedRequest, whoAmI)).request).toEqual({
    type: 'extended',
    name: '1.3.6.1.4.1.4203.1.11.3',
    value: undefined,
  })
  expect(decode(element(Operation.extendedRequest, whoAmI, textElement(0x81, 'x'))).request).toMatchObject({
    value: Buffer.from('x'),
  })
})

test('decodes an abandon and an unbind', () => {
  expect(decode(integerElement(Operation.abandonRequest, 42)).request).toEqual({ type: 'abandon', messageId: 42 })
  expect(decode(unbind).request).toEqual({ type: 'unbind' })
})

const attribute = element(Tag.sequence, text('cn'), element(Tag.set, text('x'), text('y')))
const change = element(Tag.sequence, integerElement(Tag.enumerated, 2), attribute)
const writes = [
  [
    'add',
    Operation.addRequest,
    element(Operation.addRequest, text('cn=x'), element(Tag.sequence, attribute, attribute)),
  ],
  ['delete', Operation.delRequest, textElement(Operation.delRequest, 'not even a DN')],
  ['modify', Operation.modifyRequest, element(Operation.modifyRequest, text('cn=x'), element(Tag.sequence, change))],
  [
    'modifyDN',
    Operation.modifyDnRequest,
    element(Operation.modifyDnRequest, text('cn=x'), text('cn=y'), boolean(true), textElement(0x80, 'dc=com')),
  ],
] as const

test.each(writes)('takes a well-formed %s for a write and keeps nothing of it', (_, operation, request) => {
  expect(decode(request).request).toEqual({ type: 'write', operation })
})

test.each(writes.filter(([name]) => name !== 'delete'))(
  'refuses %s that is cut or has too much in it',
  (_, operation, request) => {
    const contents = request.subarray(2)
    expect(() => decode(element(operation, contents.subarray(0, -3)))).toThrow(BerError)
    expect(() => decode(element(operation, contents, text('more')))).toThrow(BerError)
    expect(() => decode(textElement(operation, 'anything'))).toThrow(BerError)
  },
)

describe('decodes controls', () => {
  test('with and without criticality and value', () => {
    expect(decode(unbind, [control('1.2.3'), control('1.2.4', true, Buffer.from('v'))]).controls).toEqual([
      { oid: '1.2.3', isCritical: false, value: undefined },
      { oid: '1.2.4', isCritical: true, value: Buffer.from('v') },
    ])
  })

  test('of a search, whose octets are the operation without them', () => {
    const operation = searchRequest({ attributes: ['cn'] })
    const decoded = decode(operation, [control('1.2.3', false, Buffer.alloc(0))])
    expect(decoded.octets.equals(operation)).toBe(true)
    expect(decoded.controls).toEqual([{ oid: '1.2.3', isCritical: false, value: Buffer.alloc(0) }])
  })

  test('and ignores elements nobody knows behind the operation (RFC 4511 §4)', () => {
    const octets = element(Tag.sequence, version(1), unbind, element(0xa5, text('x')))
    expect(decodeRequest(openMessage(octets), limits).controls).toEqual([])
  })

  test('but not more than allowed', () => {
    expect(() => decode(unbind, [control('1'), control('2'), control('3')])).toThrow('more than 2 controls')
  })

  test('but not with a criticality that is no boolean', () => {
    const odd = element(Tag.sequence, text('1.2.3'), Buffer.of(1, 2, 0, 0))
    expect(() => decode(unbind, [odd])).toThrow(BerError)
  })
})

test('an envelope is positioned at the operation', () => {
  const { reader } = openMessage(message(text('x').fill(0x42, 0, 1)))
  expect(reader).toBeInstanceOf(BerReader)
  expect(reader.peekTag()).toBe(Operation.unbindRequest)
})
