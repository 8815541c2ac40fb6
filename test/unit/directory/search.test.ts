import { describe, expect, test } from 'vitest'
import { smallView } from '../../../server/directory/directory-view.ts'
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
