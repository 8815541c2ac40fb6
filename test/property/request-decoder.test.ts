import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BerError } from '../../server/protocol/ber-reader.ts'
import { integerElement, textElement, element } from '../../server/protocol/ber-writer.ts'
import type { Filter } from '../../server/protocol/filter.ts'
import { LdapError } from '../../server/protocol/ldap-error.ts'
import { Operation } from '../../server/protocol/operation.ts'
import { decodeRequest, defaultDecoderLimits, openMessage } from '../../server/protocol/request-decoder.ts'
import { control, encodeFilter, message, searchRequest } from '../builders/ldap-messages.ts'

const filter: Filter = {
  type: 'and',
  filters: [
    {
      type: 'or',
      filters: [
        { type: 'present', attribute: 'cn' },
        { type: 'equality', attribute: 'sn', value: Buffer.from('a') },
      ],
    },
    { type: 'not', filter: { type: 'approx', attribute: 'sn', value: Buffer.from('b') } },
    {
      type: 'substrings',
      attribute: 'cn',
      initial: Buffer.from('a'),
      any: [Buffer.from('b')],
      final: Buffer.from('c'),
    },
    { type: 'extensible', rule: '1.2', attribute: 'cn', value: Buffer.from('d'), dnAttributes: true },
  ],
}
const messages = [
  message(searchRequest({ filter: encodeFilter(filter), attributes: ['cn', '+'] }), [
    control('1.2.3', true, Buffer.from('v')),
  ]),
  message(element(Operation.bindRequest, integerElement(2, 3), textElement(4, 'cn=a'), textElement(0x80, 'secret'))),
  message(
    element(Operation.bindRequest, integerElement(2, 3), textElement(4, ''), element(0xa3, textElement(4, 'PLAIN'))),
  ),
  message(
    element(Operation.compareRequest, textElement(4, 'cn=a'), element(0x30, textElement(4, 'cn'), textElement(4, 'a'))),
  ),
  message(element(Operation.extendedRequest, textElement(0x80, '1.2.3'), textElement(0x81, 'v'))),
  message(integerElement(Operation.abandonRequest, 7)),
]

/** What the wire front does with a message; undefined when it was refused as it should be. */
function decode(octets: Buffer) {
  try {
    return decodeRequest(openMessage(octets), defaultDecoderLimits)
  } catch (error) {
    if (error instanceof BerError || error instanceof LdapError) return undefined
    throw error
  }
}

test('every message of the examples is decoded', () => {
  for (const octets of messages) expect(decode(octets)).toBeDefined()
})

test('any octets are decoded or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      decode(Buffer.from(octets))
      decode(message(Buffer.from(octets)))
      decode(message(element(Operation.searchRequest, octets)))
    }),
    { numRuns: 2000 },
  )
})

test('a message with octets changed, put in and taken away is decoded or refused', () => {
  const mutation = fc.record({
    at: fc.nat(200),
    removed: fc.nat(3),
    inserted: fc.uint8Array({ maxLength: 3 }),
  })
  fc.assert(
    fc.property(
      fc.constantFrom(...messages),
      fc.array(mutation, { minLength: 1, maxLength: 4 }),
      (original, mutations) => {
        let octets = original
        for (const { at, removed, inserted } of mutations) {
          const from = at % (octets.length + 1)
          octets = Buffer.concat([octets.subarray(0, from), inserted, octets.subarray(from + removed)])
        }
        decode(octets)
      },
    ),
    { numRuns: 3000 },
  )
})

test('a message cut off anywhere is refused', () => {
  for (const octets of messages)
    for (let length = 0; length < octets.length; length += 1) expect(decode(octets.subarray(0, length))).toBeUndefined()
})
