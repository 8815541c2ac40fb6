import { describe, expect, test } from 'vitest'
import { smallView } from '../../../server/directory/memory/view-writer.ts'
import { Schema } from '../../../server/directory/schema/schema.ts'
import { findEntry, parseName, startSearch } from '../../../server/directory/search.ts'
import { LdapError } from '../../../server/protocol/ldap-error.ts'
import { parseFilter } from '../../../server/protocol/filter-string.ts'
import type { Scope } from '../../../server/protocol/request-decoder.ts'
import { ResultCode } from '../../../server/protocol/result-code.ts'
import { anEntry, readsAllBut, search, viewOf } from '../../builders/directory-view.ts'

const base = 'dc=example,dc=com'
const people = `ou=people,${base}`
const dns = [base, people, `uid=ada,${people}`, `cn=key,uid=ada,${people}`, `ou=people2,${base}`]
const directory = viewOf(dns.map((dn) => anEntry(dn, { objectClass: ['top'], description: ['x'] })))
const everything = readsAllBut()

describe('the scope', () => {
  test.each<[Scope, string, number[]]>([
    ['baseObject', people, [1]],
    ['singleLevel', base, [1, 4]],
    ['singleLevel', people, [2]],
    ['singleLevel', `cn=key,uid=ada,${people}`, []],
    ['wholeSubtree', people, [1, 2, 3]],
    ['wholeSubtree', base, [0, 1, 2, 3, 4]],
    ['wholeSubtree', '', [0, 1, 2, 3, 4]],
    ['subordinateSubtree', people, [2, 3]],
    ['subordinateSubtree', `cn=key,uid=ada,${people}`, []],
  ])('%s below "%s"', async (scope, baseObject, expected) => {
    for (const filter of ['(objectClass=*)', '(objectClass=top)', '(description=x)'])
      expect(search(await directory, { filter, scope, baseObject })).toEqual(expected.map((index) => dns[index]))
  })
})

test('gives the entries in slot order, from any slot on, however many are looked at in one turn', async () => {
  const view = await directory
  for (const filter of ['(objectClass=top)', '(description=x)']) {
    for (const count of [1, 2, 100]) {
      for (let after = -1; after < dns.length; after += 1) {
        const parameters = { baseObject: base, scope: 'wholeSubtree', filter: parseFilter(filter) } as const
        const started = startSearch(view, parameters, everything, after)
        const slots: number[] = []
        while (!started.isDone) slots.push(...started.next(count))
        expect(slots).toEqual([0, 1, 2, 3, 4].filter((slot) => slot > after))
      }
    }
  }
})

test('says whether an index narrowed it down', async () => {
  const start = async (filter: string, scope: Scope) =>
    startSearch(await directory, { baseObject: base, scope, filter: parseFilter(filter) }, everything).isUnindexed
  expect(await start('(objectClass=top)', 'wholeSubtree')).toBe(false)
  expect(await start('(description=x)', 'wholeSubtree')).toBe(true)
  expect(await start('(description=x)', 'singleLevel')).toBe(false)
})

describe('however much is asked at once', () => {
  const members = Array.from({ length: 30_000 }, (_, index) => `u${index}`)
  const crowd = viewOf([
    anEntry(base, { objectClass: ['top'] }),
    ...dns.slice(1).map((dn) => anEntry(dn, { objectClass: ['top'], description: ['x y z'] })),
    anEntry(`cn=all,${base}`, { objectClass: ['posixGroup'], cn: ['all'], memberUid: members }),
  ])
  const terms = (count: number, term: (index: number) => string) =>
    `(|${Array.from({ length: count }, (_, index) => term(index)).join('')})`
  const start = async (filter: string) =>
    startSearch(await crowd, { baseObject: base, scope: 'wholeSubtree', filter: parseFilter(filter) }, everything)

  test('candidates are not gathered from more terms than there are entries', async () => {
    expect((await start(terms(2, (index) => `(cn=a${index}*)`))).isUnindexed).toBe(false)
    expect((await start(terms(5000, (index) => `(memberUid=*a${index}*)`))).isUnindexed).toBe(true)
    expect((await start(terms(5000, () => '(objectClass=top)'))).isUnindexed).toBe(true)
    expect(
      search(
        await crowd,
        terms(5000, () => '(objectClass=posixGroup)'),
      ),
    ).toEqual([`cn=all,${base}`])
  })

  test('a turn ends before its entries are all looked at', async () => {
    const heavy = await start(terms(10_000, (index) => `(description=${index})`))
    let turns = 0
    for (; !heavy.isDone; turns += 1) expect(heavy.next(1000)).toEqual([])
    expect(turns).toBeGreaterThan(1)
  })

  test('one entry that would take too much work ends the search with adminLimitExceeded', async () => {
    const tooMuch = await start(terms(100, (index) => `(memberUid=*a${index}*)`))
    expect(() => {
      while (!tooMuch.isDone) tooMuch.next(1000)
    }).toThrow(expect.objectContaining({ resultCode: ResultCode.adminLimitExceeded }))
    expect(
      search(
        await crowd,
        terms(3, (index) => `(memberUid=*u${index}99)`),
      ),
    ).toEqual([`cn=all,${base}`])
  })

  test('names are found by index, however many a group has', async () => {
    const dnsOf = members.map((name) => `uid=${name},${people}`)
    const view = await viewOf([
      anEntry(base, { objectClass: ['top'] }),
      anEntry(`cn=all,${base}`, { cn: ['all'], member: dnsOf }),
      anEntry(`cn=both,${base}`, { cn: ['both'], member: dnsOf, uniqueMember: [`uid=u1,${people}`] }),
    ])
    const namedIn = (attribute: string) => (index: number) => `(${attribute}=uid=u${index},${people})`
    expect(search(view, terms(2000, namedIn('uniqueMember')))).toEqual([`cn=all,${base}`, `cn=both,${base}`])
    expect(search(view, `(!${terms(2000, (index) => namedIn('uniqueMember')(index + 2))})`)).toEqual([
      base,
      `cn=both,${base}`,
    ])
  })
})

describe('an entry that is not there, or may not be read,', () => {
  const errorOf = async (name: string, canRead: (slot: number) => boolean = () => true) => {
    const view = await directory
    try {
      return findEntry(view, name, { ...everything, canRead })
    } catch (error) {
      if (error instanceof LdapError) return { code: error.resultCode, matchedDN: error.matchedDN, text: error.message }
      throw error
    }
  }

  test('is noSuchObject, with the deepest entry above it that may be read', async () => {
    const nobody = `cn=x,uid=nobody,${people}`
    expect(await errorOf(nobody)).toEqual({ code: ResultCode.noSuchObject, matchedDN: people, text: '' })
    expect(await errorOf(nobody, (slot) => slot === 0)).toMatchObject({ matchedDN: base })
    expect(await errorOf(nobody, () => false)).toMatchObject({ matchedDN: '' })
    expect(await errorOf('dc=elsewhere')).toMatchObject({ code: ResultCode.noSuchObject, matchedDN: '' })
  })

  test('looks the same in both cases', async () => {
    const hidden = await errorOf(`uid=ada,${people}`, (slot) => slot < 2)
    expect(hidden).toEqual(await errorOf(`uid=nobody,${people}`, (slot) => slot < 2))
  })

  test('is found by any spelling when it is there', async () => {
    expect(await errorOf(`OU = People , ${base.toUpperCase()}`)).toBe(1)
  })
})

test('answers invalidDNSyntax to what is no DN', () => {
  expect(() => parseName('nonsense')).toThrow(expect.objectContaining({ resultCode: ResultCode.invalidDNSyntax }))
})

test('a view the server makes up can be searched without indexes', () => {
  const view = smallView(new Schema(), [
    anEntry('cn=Subschema', { objectClass: ['top', 'subschema'], cn: ['Subschema'], member: ['cn=x'] }),
  ])
  for (const filter of [
    '(objectClass=subschema)',
    '(cn=sub*)',
    '(&(cn=subschema)(objectClass=*))',
    '(member=cn=x)',
    '(uniqueMember=cn=x)',
  ])
    expect(search(view, filter)).toEqual(['cn=Subschema'])
  expect(search(view, '(memberOf=cn=x)')).toEqual([])
})
