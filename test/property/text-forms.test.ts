import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BerReader } from '../../server/protocol/ber-reader.ts'
import {
  type Dn,
  dnKey,
  formatDn,
  normalizeDn,
  parentDn,
  parentKey,
  parseDn,
} from '../../server/protocol/distinguished-name.ts'
import { type Filter, readFilter } from '../../server/protocol/filter.ts'
import { FilterSyntaxError, formatFilter, parseFilter } from '../../server/protocol/filter-string.ts'
import { formatLdifRecord, LdifSyntaxError, parseLdif } from '../../server/protocol/ldif.ts'
import { prepareString } from '../../server/protocol/string-preparation.ts'
import { encodeFilter } from '../builders/ldap-messages.ts'

/** Text that is hard on escaping: every special character, space, octets of several lengths. */
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom(...' ,+"\\<>;=#*()\0\r\n:aA1é😀ß'), maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
)
const octets = fc.oneof(
  text.map((value) => Buffer.from(value)),
  fc.uint8Array({ maxLength: 8 }).map((value) => Buffer.from(value)),
)
const type = fc.constantFrom('cn', 'CN', 'ou', 'dc', 'x-y1', '2.5.4.3', '1.2.3')
const isText = (value: Uint8Array) => Buffer.from(Buffer.from(value).toString('utf8')).equals(value)
const dnValue = fc.oneof(
  text,
  fc
    .uint8Array({ minLength: 1, maxLength: 8 })
    .filter((value) => !isText(value))
    .map((value) => Buffer.from(value)),
)
const dn: fc.Arbitrary<Dn> = fc.array(fc.array(fc.record({ type, value: dnValue }), { minLength: 1, maxLength: 3 }), {
  maxLength: 5,
})

describe('a DN', () => {
  test('reads back as it was written', () => {
    fc.assert(
      fc.property(dn, (original) => {
        expect(parseDn(formatDn(original))).toEqual(original)
      }),
    )
  })

  test('has one key in its text form and in its parsed form', () => {
    fc.assert(
      fc.property(dn, (original) => {
        expect(normalizeDn(formatDn(original))).toBe(dnKey(original))
      }),
    )
  })

  test('has one key however it is written', () => {
    const spelling = fc.record({
      spaces: fc.constantFrom('', ' ', '  '),
      change: fc.constantFrom(
        (t: string) => t,
        (t: string) => t.toUpperCase(),
        (t: string) => t.toLowerCase(),
      ),
      isEscaped: fc.boolean(),
      isReversed: fc.boolean(),
    })
    const hex = (value: string) => Array.from(Buffer.from(value), (octet) => `\\${octet.toString(16).padStart(2, '0')}`)
    const ascii = fc.string({ unit: fc.constantFrom(...'abcXYZ0 ,+#='), minLength: 1, maxLength: 6 })
    const plainDn = fc.array(fc.array(fc.record({ type, value: ascii }), { minLength: 1, maxLength: 3 }), {
      maxLength: 4,
    })
    fc.assert(
      fc.property(plainDn, spelling, (original, { spaces, change, isEscaped, isReversed }) => {
        const value = (of: string) =>
          isEscaped ? hex(change(of)).join('') : change(of).replace(/[ ,+#=]/g, (special) => `\\${special}`)
        const written = original
          .map((rdn) =>
            (isReversed ? rdn.toReversed() : rdn)
              .map((pair) => `${change(pair.type)}${spaces}=${spaces}${value(pair.value)}`)
              .join(`${spaces}+${spaces}`),
          )
          .join(`${spaces},${spaces}`)
        expect(normalizeDn(written)).toBe(dnKey(original))
      }),
    )
  })

  test('is below another exactly when its key begins with the key of the other', () => {
    const short = fc.array(fc.constantFrom('a', 'b', 'ab', 'a+b', 'a\\'), { maxLength: 4 })
    fc.assert(
      fc.property(short, short, (a, b) => {
        const named = (values: readonly string[]): Dn => values.map((value) => [{ type: 'cn', value }])
        const isBelow = b.length <= a.length && b.every((value, i) => a[a.length - b.length + i] === value)
        expect(dnKey(named(a)).startsWith(dnKey(named(b)))).toBe(isBelow)
      }),
      { numRuns: 500 },
    )
  })

  test('has the key of its parent as the parent of its key', () => {
    fc.assert(
      fc.property(dn, (original) => {
        expect(parentKey(dnKey(original))).toBe(dnKey(original.slice(1)))
        expect(parentDn(formatDn(original))).toBe(formatDn(original.slice(1)))
      }),
    )
  })

  test('of any text is read or refused with a column inside it', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          fc.array(fc.constantFrom('cn', '=', ',', '+', 'a', '#04', '"', '\\', ' ')).map((p) => p.join('')),
        ),
        (any) => {
          try {
            expect(parseDn(formatDn(parseDn(any)))).toEqual(parseDn(any))
          } catch (error) {
            expect(error).toMatchObject({ name: 'DnSyntaxError' })
            expect((error as { column: number }).column).toBeGreaterThan(0)
            expect((error as { column: number }).column).toBeLessThanOrEqual(any.length + 1)
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})

const attribute = fc.constantFrom('cn', 'objectClass', '2.5.4.3', 'cn;lang-de', 'x')
const part = octets.filter((value) => value.length > 0)
const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.record({ type: fc.constant('present' as const), attribute }),
    fc.record({
      type: fc.constantFrom('equality' as const, 'greaterOrEqual' as const, 'lessOrEqual' as const, 'approx' as const),
      attribute,
      value: octets,
    }),
    fc
      .record({
        type: fc.constant('substrings' as const),
        attribute,
        initial: fc.option(part, { nil: undefined }),
        any: fc.array(part, { maxLength: 3 }),
        final: fc.option(part, { nil: undefined }),
      })
      .filter(({ initial, any, final }) => initial !== undefined || final !== undefined || any.length > 0),
    fc
      .record({
        type: fc.constant('extensible' as const),
        rule: fc.option(fc.constantFrom('caseExactMatch', '2.5.13.2', '1.2.840.113556.1.4.803'), { nil: undefined }),
        attribute: fc.option(attribute, { nil: undefined }),
        value: octets,
        dnAttributes: fc.boolean(),
      })
      .filter(({ rule, attribute }) => rule !== undefined || attribute !== undefined),
    fc.record({
      type: fc.constantFrom('and' as const, 'or' as const),
      filters: fc.array(tie('filter'), { maxLength: 4 }),
    }),
    fc.record({ type: fc.constant('not' as const), filter: tie('filter') }),
  ),
}))

describe('a filter', () => {
  test('reads back from text as it was written', () => {
    fc.assert(
      fc.property(filter, (original) => {
        expect(parseFilter(formatFilter(original))).toEqual(original)
      }),
    )
  })

  test('reads back from BER as a client encoded it', () => {
    fc.assert(
      fc.property(filter, (original) => {
        const reader = new BerReader(encodeFilter(original))
        expect(readFilter(reader, { depth: 64, terms: 10_000 })).toEqual(original)
        expect(reader.isAtEnd).toBe(true)
      }),
    )
  })

  test('of any text is read or refused with a column inside it', () => {
    const pieces = fc.array(
      fc.constantFrom('(', ')', '&', '|', '!', 'cn', '=', '*', ':', 'dn', '\\', '2a', '>', '~', ' '),
    )
    fc.assert(
      fc.property(pieces, (parts) => {
        const any = parts.join('')
        try {
          expect(parseFilter(formatFilter(parseFilter(any)))).toEqual(parseFilter(any))
        } catch (error) {
          expect(error).toBeInstanceOf(FilterSyntaxError)
          expect((error as FilterSyntaxError).column).toBeLessThanOrEqual(any.length + 1)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('LDIF', () => {
  const name = fc.constantFrom('cn', 'sn', 'mail', 'jpegPhoto', 'cn;lang-de', '2.5.4.3')
  const values = fc.array(fc.oneof(text, fc.string({ maxLength: 300 }), octets), { minLength: 1, maxLength: 3 })
  const record = fc.record({
    dn: fc.oneof(text, fc.string({ unit: 'grapheme', maxLength: 200 })),
    attributes: fc.uniqueArray(fc.tuple(name, values), { selector: ([description]) => description }),
  })
  const asRead = (value: string | Uint8Array) =>
    typeof value !== 'string' && isText(value) ? Buffer.from(value).toString('utf8') : value

  test.each(['\n', '\r\n'])('reads back as it was written, lines ended by %j', (lineEnd) => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 4 }), (records) => {
        const written = records.map(({ dn, attributes }) => formatLdifRecord(dn, attributes)).join('')
        const read = parseLdif(written.replaceAll('\n', lineEnd))
        expect(read.map(({ dn, attributes }) => ({ dn, attributes: [...attributes] }))).toEqual(
          records.map(({ dn, attributes }) => ({
            dn,
            attributes: attributes.map(([description, list]) => [description, list.map(asRead)]),
          })),
        )
      }),
    )
  })

  test('of any text is read or refused with a line inside it', () => {
    const pieces = fc.array(
      fc.constantFrom('dn', ':', ': ', ':: ', 'cn', 'YQ==', '\n', '\n ', '\n\n', '#', '\r\n', 'x', '\0'),
    )
    fc.assert(
      fc.property(pieces, (parts) => {
        const any = parts.join('')
        try {
          parseLdif(any)
        } catch (error) {
          expect(error).toBeInstanceOf(LdifSyntaxError)
          expect((error as LdifSyntaxError).line).toBeLessThanOrEqual(any.split('\n').length)
        }
      }),
      { numRuns: 500 },
    )
  })
})

test('preparing a string twice changes nothing, and case, form and spacing do not count', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (value) => {
      const prepared = prepareString(value, true)
      expect(prepareString(prepared, true)).toBe(prepared)
      expect(prepareString(value.normalize('NFD'), true)).toBe(prepared)
      expect(prepareString(` ${value}\u00ad\t`, true)).toBe(prepared)
      expect(prepareString(prepareString(value, false), false)).toBe(prepareString(value, false))
    }),
    { numRuns: 500 },
  )
})
