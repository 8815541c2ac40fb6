import { describe, expect, test } from 'vitest'
import { BerReader, Tag } from '../../../server/protocol/ber-reader.ts'
import { BerWriter } from '../../../server/protocol/ber-writer.ts'
import { encodeControl } from '../../../server/protocol/controls.ts'
import { LdapError } from '../../../server/protocol/ldap-error.ts'
import { pagedResultsControl, readPagedResults } from '../../../server/protocol/paged-results.ts'
import { Operation } from '../../../server/protocol/operation.ts'
import {
  noticeOfDisconnection,
  responseOperation,
  writeResult,
  writeSuccess,
} from '../../../server/protocol/response-encoder.ts'
import { ResultCode, resultCodeName } from '../../../server/protocol/result-code.ts'

const success = { resultCode: ResultCode.success, matchedDN: '', diagnosticMessage: '' }
const written = (write: (writer: BerWriter) => void) => {
  const writer = new BerWriter()
  write(writer)
  return writer.take()
}

test.each([0, 1, 127, 128, 65_535, 0x7fffffff])('a bare success looks the same written the short way: id %d', (id) => {
  const short = written((writer) => writeSuccess(writer, id, Operation.searchResultDone))
  expect(short).toEqual(written((writer) => writeResult(writer, id, Operation.searchResultDone, success)))
})

test('a result carries code, matched DN, message and controls', () => {
  const octets = written((writer) =>
    writeResult(
      writer,
      300,
      Operation.searchResultDone,
      { resultCode: ResultCode.noSuchObject, matchedDN: 'dc=é', diagnosticMessage: 'x'.repeat(200) },
      { controls: [encodeControl('1.2.3', Buffer.from('v')), encodeControl('1.2.4', undefined)] },
    ),
  )
  const message = new BerReader(octets).readConstructed(Tag.sequence)
  expect(message.readInteger()).toBe(300)
  const result = message.readConstructed(Operation.searchResultDone)
  expect(result.readInteger(Tag.enumerated)).toBe(32)
  expect(result.readText()).toBe('dc=é')
  expect(result.readText()).toBe('x'.repeat(200))
  expect(result.isAtEnd).toBe(true)
  const controls = message.readConstructed(0xa0)
  const first = controls.readConstructed(Tag.sequence)
  expect([first.readText(), first.readText()]).toEqual(['1.2.3', 'v'])
  const second = controls.readConstructed(Tag.sequence)
  expect([second.readText(), second.isAtEnd, controls.isAtEnd, message.isAtEnd]).toEqual(['1.2.4', true, true, true])
})

test('an extended result carries name and value', () => {
  const octets = written((writer) =>
    writeResult(writer, 1, Operation.extendedResponse, success, {
      responseName: '1.2',
      responseValue: Buffer.from('v'),
    }),
  )
  const message = new BerReader(octets).readConstructed(Tag.sequence)
  message.skip()
  const result = message.readConstructed(Operation.extendedResponse)
  result.skip()
  result.skip()
  result.skip()
  expect([result.readText(0x8a), result.readText(0x8b), result.isAtEnd]).toEqual(['1.2', 'v', true])
})

test('a notice of disconnection has id 0 and its name (RFC 4511 §4.4.1)', () => {
  const message = new BerReader(noticeOfDisconnection(ResultCode.protocolError, 'bad')).readConstructed(Tag.sequence)
  expect(message.readInteger()).toBe(0)
  const result = message.readConstructed(Operation.extendedResponse)
  expect([result.readInteger(Tag.enumerated), result.readText(), result.readText(), result.readText(0x8a)]).toEqual([
    2,
    '',
    'bad',
    '1.3.6.1.4.1.1466.20036',
  ])
})

test.each([
  [Operation.bindRequest, Operation.bindResponse],
  [Operation.searchRequest, Operation.searchResultDone],
  [Operation.modifyRequest, Operation.modifyResponse],
  [Operation.addRequest, Operation.addResponse],
  [Operation.delRequest, Operation.delResponse],
  [Operation.modifyDnRequest, Operation.modifyDnResponse],
  [Operation.compareRequest, Operation.compareResponse],
  [Operation.extendedRequest, Operation.extendedResponse],
  [Operation.unbindRequest, undefined],
  [Operation.abandonRequest, undefined],
])('operation %d is answered with %d', (request, response) => {
  expect(responseOperation(request)).toBe(response)
})

test('names result codes by RFC 4511, and the others by number', () => {
  expect(resultCodeName(49)).toBe('invalidCredentials')
  expect(resultCodeName(4096)).toBe('4096')
})

describe('the paged results control', () => {
  const read = (value: Buffer | undefined) =>
    readPagedResults({ oid: '1.2.840.113556.1.4.319', isCritical: true, value })

  test('is read back as it was written', () => {
    const control = new BerReader(pagedResultsControl(1000, Buffer.from('cookie'))).readConstructed(Tag.sequence)
    expect(control.readText()).toBe('1.2.840.113556.1.4.319')
    expect(read(control.readOctets())).toEqual({ size: 1000, cookie: Buffer.from('cookie') })
  })

  test.each([
    ['no value', undefined],
    ['an empty value', Buffer.alloc(0)],
    ['a negative size', Buffer.from('30050201ff0400', 'hex')],
    ['no cookie', Buffer.from('3003020101', 'hex')],
    ['a cookie that is cut off', Buffer.from('30060201010402', 'hex')],
  ])('is refused with %s', (_, value) => {
    expect(() => read(value)).toThrow(LdapError)
    expect(() => read(value)).toThrow(expect.objectContaining({ resultCode: ResultCode.protocolError }))
  })
})
