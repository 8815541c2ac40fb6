import { describe, expect, test } from 'vitest'
import { BerReader, Tag } from '../../server/protocol/ber-reader.ts'
import { element, integerElement, textElement } from '../../server/protocol/ber-writer.ts'
import { parseFilter } from '../../server/protocol/filter-string.ts'
import { Oid } from '../../server/protocol/oids.ts'
import { ResultCode } from '../../server/protocol/result-code.ts'
import {
  bindOperation,
  compareOperation,
  control,
  pagedResultsValue,
  type SearchOptions,
} from '../builders/client-requests.ts'
import { encodeFilter } from '../builders/ldap-messages.ts'
import { RawLdapClient, type ReceivedResult } from '../builders/raw-ldap-client.ts'
import { reader, startTestLdapServer, suffix } from '../builders/running-ldap-server.ts'

const people = `ou=people,${suffix}`
const groups = `ou=groups,${suffix}`
const ada = `uid=ada,${people}`
const byUid: SearchOptions = { filter: '(uid=*)', attributes: ['uid'] }

async function searched(options: SearchOptions, ...controls: Buffer[]): Promise<ReceivedResult> {
  await using server = await startTestLdapServer()
  await using client = await RawLdapClient.connect(server.port)
  await client.bind(reader.dn, reader.password)
  const answer = await client.search(options, 2, ...controls)
  expect(server.defects).toEqual([])
  return answer
}
const uids = (answer: ReceivedResult) => answer.entries.flatMap(({ attributes }) => attributes.get('uid') ?? [])

describe('RFC 2891: server side sorting', () => {
  const key = (attribute: string, { rule, reverse }: { rule?: string; reverse?: boolean } = {}) =>
    element(
      Tag.sequence,
      textElement(Tag.octetString, attribute),
      ...(rule ? [textElement(0x80, rule)] : []),
      ...(reverse ? [element(0x81, Buffer.of(0xff))] : []),
    )
  const sort = (isCritical: boolean, ...keys: Buffer[]) =>
    control(Oid.sortRequest, isCritical, element(Tag.sequence, ...keys))
  const resultOf = (answer: ReceivedResult) =>
    new BerReader(answer.controls.get(Oid.sortResponse) ?? Buffer.alloc(0))
      .readConstructed(Tag.sequence)
      .readInteger(Tag.enumerated)

  test.each([
    ['by number', [key('uidNumber')], ['ada', 'grace', 'zoë']],
    ['the other way round', [key('uidNumber', { reverse: true })], ['zoë', 'grace', 'ada']],
    ['by name, case ignored', [key('CN')], ['ada', 'grace', 'zoë']],
    ['by an ordering rule', [key('cn', { rule: '2.5.13.3', reverse: true })], ['zoë', 'grace', 'ada']],
    ['entries without a value last', [key('mail', { reverse: false })], ['ada', 'grace', 'zoë']],
    ['entries without a value first when reversed', [key('mail', { reverse: true })], ['zoë', 'grace', 'ada']],
    [
      'by a second key where the first is equal',
      [key('gidNumber'), key('uid', { reverse: true })],
      ['zoë', 'grace', 'ada'],
    ],
  ])('%s', async (_name, keys, expected) => {
    const answer = await searched(byUid, sort(true, ...keys))
    expect(uids(answer)).toEqual(expected)
    expect(resultOf(answer)).toBe(ResultCode.success)
  })

  test.each([
    ['an unknown attribute', ['noSuchAttribute'], ResultCode.noSuchAttribute],
    ['an attribute that may not be read', ['userPassword'], ResultCode.noSuchAttribute],
    ['an attribute without an order', ['objectClass'], ResultCode.inappropriateMatching],
    ['an attribute named twice', ['uid', 'userid'], ResultCode.unwillingToPerform],
  ])('%s fails the search when critical, and only the order when not', async (_name, attributes, code) => {
    const keys = attributes.map((name) => key(name))
    const critical = await searched(byUid, sort(true, ...keys))
    expect(critical).toMatchObject({ resultCode: ResultCode.unavailableCriticalExtension, entries: [] })
    expect(resultOf(critical)).toBe(code)
    const lenient = await searched(byUid, sort(false, ...keys))
    expect([lenient.resultCode, lenient.entries.length, resultOf(lenient)]).toEqual([ResultCode.success, 3, code])
  })

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['no keys', element(Tag.sequence)],
    ['garbage', Buffer.from('300304', 'hex')],
  ])('a control with %s is protocolError', async (_name, value) => {
    expect((await searched(byUid, control(Oid.sortRequest, true, value))).resultCode).toBe(ResultCode.protocolError)
  })

  test('pages of a sorted search go on in order', async () => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    await client.bind(reader.dn, reader.password)
    const order = sort(true, key('uid', { reverse: true }))
    const found: string[] = []
    let cookie: Buffer = Buffer.alloc(0)
    do {
      const answer = await client.search(byUid, 2, order, control(Oid.pagedResults, true, pagedResultsValue(1, cookie)))
      found.push(...uids(answer))
      const value = answer.controls.get(Oid.pagedResults) ?? Buffer.alloc(0)
      cookie = value.subarray(value.indexOf(Tag.octetString, 5) + 2)
    } while (cookie.length > 0)
    expect(found).toEqual(['zoë', 'grace', 'ada'])
  })

  describe('virtual list view', () => {
    const view = (before: number, after: number, ...target: Uint8Array[]) =>
      control(
        Oid.virtualListViewRequest,
        true,
        element(Tag.sequence, integerElement(Tag.integer, before), integerElement(Tag.integer, after), ...target),
      )
    const byOffset = (offset: number, count: number) =>
      element(0xa0, integerElement(Tag.integer, offset), integerElement(Tag.integer, count))
    const position = (answer: ReceivedResult) => {
      const value = new BerReader(answer.controls.get(Oid.virtualListViewResponse) ?? Buffer.alloc(0)).readConstructed(
        Tag.sequence,
      )
      return [value.readInteger(), value.readInteger(), value.readInteger(Tag.enumerated)]
    }
    const order = sort(true, key('uid'))

    test.each([
      ['the first two', view(0, 1, byOffset(1, 0)), ['ada', 'grace'], [1, 3, 0]],
      ['around the second', view(1, 1, byOffset(2, 3)), ['ada', 'grace', 'zoë'], [2, 3, 0]],
      ['the last, by a client that thinks the list is longer', view(0, 0, byOffset(100, 100)), ['zoë'], [3, 3, 0]],
      ['from a value on', view(0, 5, textElement(0x81, 'b')), ['grace', 'zoë'], [2, 3, 0]],
      ['from nothing on', view(0, 5, textElement(0x81, '')), ['ada', 'grace', 'zoë'], [1, 3, 0]],
      ['behind the end', view(0, 5, textElement(0x81, 'zzz')), [], [4, 3, 0]],
    ])('%s', async (_name, window, expected, target) => {
      const answer = await searched(byUid, order, window)
      expect(uids(answer)).toEqual(expected)
      expect(position(answer)).toEqual(target)
    })

    test('an offset outside the list is offsetRangeError', async () => {
      expect(await searched(byUid, order, view(0, 1, byOffset(9, 3)))).toMatchObject({
        resultCode: ResultCode.offsetRangeError,
        entries: [],
      })
    })

    test('needs the sort control', async () => {
      expect((await searched(byUid, view(0, 1, byOffset(1, 0)))).resultCode).toBe(ResultCode.sortControlMissing)
    })
  })
})

describe('dereference', () => {
  const specification = (attribute: string, attributes: string[]) =>
    element(
      Tag.sequence,
      textElement(Tag.octetString, attribute),
      element(Tag.sequence, ...attributes.map((name) => textElement(Tag.octetString, name))),
    )
  const ask = (attribute: string, attributes: string[], isCritical = true) =>
    control(Oid.dereference, isCritical, element(Tag.sequence, specification(attribute, attributes)))
  const followed = (answer: ReceivedResult) => {
    const value = answer.entries[0]?.controls.get(Oid.dereference)
    if (!value) return []
    const list = new BerReader(value).readConstructed(Tag.sequence)
    const found: [string, string, Record<string, string[]>][] = []
    while (!list.isAtEnd) {
      const item = list.readConstructed(Tag.sequence)
      const result: [string, string, Record<string, string[]>] = [item.readText(), item.readText(), {}]
      const attributes = item.peekTag() === 0xa0 ? item.readConstructed(0xa0) : undefined
      while (attributes && !attributes.isAtEnd) {
        const attribute = attributes.readConstructed(Tag.sequence)
        const name = attribute.readText()
        const set = attribute.readConstructed(Tag.set)
        const values: string[] = []
        while (!set.isAtEnd) values.push(set.readText())
        result[2][name] = values
      }
      found.push(result)
    }
    return found
  }
  const engineering: SearchOptions = { base: `cn=engineering,${groups}`, scope: 0, attributes: ['cn'] }

  test('brings attributes of the members with the group', async () => {
    expect(followed(await searched(engineering, ask('member', ['uid', 'memberOf', 'userPassword'])))).toEqual([
      ['member', ada, { uid: ['ada'], memberOf: [`cn=engineering,${groups}`] }],
      ['member', `uid=grace,${people}`, { uid: ['grace'], memberOf: [`cn=engineering,${groups}`] }],
    ])
  })

  test('an entry without the attribute has no control', async () => {
    expect(
      (await searched({ ...engineering, base: `cn=empty,${groups}` }, ask('member', ['uid']))).entries[0]?.controls
        .size,
    ).toBe(0)
  })

  test('an attribute that holds no DNs is protocolError when critical, else nothing', async () => {
    expect((await searched(engineering, ask('cn', ['uid']))).resultCode).toBe(ResultCode.protocolError)
    expect(followed(await searched(engineering, ask('cn', ['uid'], false)))).toEqual([])
  })

  test('an attribute named twice, by any name, is protocolError', async () => {
    const twice = element(Tag.sequence, specification('member', ['uid']), specification('2.5.4.31', ['cn']))
    const answer = await searched(engineering, control(Oid.dereference, true, twice))
    expect([answer.resultCode, answer.entries]).toEqual([ResultCode.protocolError, []])
  })
})

describe('RFC 4528: assertion', () => {
  const assert = (filter: string) => control(Oid.assertion, true, encodeFilter(parseFilter(filter)))
  const adaAlone: SearchOptions = { base: ada, scope: 0, attributes: ['uid'] }

  test('lets search and compare go on when it holds', async () => {
    expect(uids(await searched(adaAlone, assert('(mail=ada@example.com)')))).toEqual(['ada'])
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    await client.bind(reader.dn, reader.password)
    expect((await client.request(2, compareOperation(ada, 'uid', 'ada'), assert('(cn=Ada*)'))).resultCode).toBe(
      ResultCode.compareTrue,
    )
    expect((await client.request(3, compareOperation(ada, 'uid', 'ada'), assert('(cn=Eve*)'))).resultCode).toBe(
      ResultCode.assertionFailed,
    )
  })

  test.each(['(mail=eve@example.com)', '(noSuchAttribute=x)', '(userPassword=ada-secret)', '(!(userPassword=x))'])(
    '%s fails it',
    async (filter) => {
      expect(await searched(adaAlone, assert(filter))).toMatchObject({
        resultCode: ResultCode.assertionFailed,
        entries: [],
      })
    },
  )
})

describe('RFC 3876: matched values', () => {
  const only = (...filters: string[]) =>
    control(
      Oid.matchedValues,
      true,
      element(Tag.sequence, ...filters.map((filter) => encodeFilter(parseFilter(filter)))),
    )
  const attributesOf = (answer: ReceivedResult) => Object.fromEntries(answer.entries[0]?.attributes ?? [])
  const adaAlone: SearchOptions = { base: ada, scope: 0, attributes: ['mail', 'uid', 'memberOf'] }

  test.each([
    ['the values that match', ['(mail=c*)'], { mail: ['countess@example.com'] }],
    ['those of any item', ['(mail=c*)', '(uid=ADA)'], { mail: ['countess@example.com'], uid: ['ada'] }],
    ['all of an attribute', ['(mail=*)'], { mail: ['ada@example.com', 'countess@example.com'] }],
    [
      'values of an attribute computed from groups',
      [`(memberOf=cn=engineering,${groups})`],
      { memberOf: [`cn=engineering,${groups}`] },
    ],
    ['none that do not match', ['(mail=zzz)'], {}],
    ['nothing for an unknown attribute', ['(noSuchAttribute=*)'], {}],
  ])('returns %s', async (_name, filters, expected) => {
    expect(attributesOf(await searched(adaAlone, only(...filters)))).toEqual(expected)
  })

  test('and, or, not are no items', async () => {
    expect((await searched(adaAlone, only('(!(mail=x))'))).resultCode).toBe(ResultCode.protocolError)
  })

  test('more than 16 items are protocolError: each value is compared with each', async () => {
    const items = (count: number) => only(...Array.from({ length: count }, (_, index) => `(mail=${index})`))
    expect((await searched(adaAlone, items(16))).resultCode).toBe(ResultCode.success)
    expect((await searched(adaAlone, items(17))).resultCode).toBe(ResultCode.protocolError)
  })
})

describe('password policy control', () => {
  test.each([
    ['without a value', undefined],
    ['with an empty value', Buffer.alloc(0)],
  ])('%s is answered beside the bind', async (_name, value) => {
    await using server = await startTestLdapServer()
    await using client = await RawLdapClient.connect(server.port)
    const answer = await client.request(1, bindOperation(ada, 'ada-secret'), control(Oid.passwordPolicy, true, value))
    expect(answer.resultCode).toBe(ResultCode.success)
    expect(answer.controls.get(Oid.passwordPolicy)?.toString('hex')).toBe('3000')
    const plain = await client.request(2, bindOperation(ada, 'ada-secret'))
    expect(plain.controls.size).toBe(0)
  })
})
