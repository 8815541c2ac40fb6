import { describe, expect, test } from 'vitest'
import { type UserNameRule, wantedUserName } from '../../../sync/user-names.ts'
import { aUser } from './source-builders.ts'

const rule: UserNameRule = {
  attribute: 'userPrincipalName',
  strip: 'domain',
  fallback: 'upnLocalPart',
  posixSafe: true,
}

function named(userPrincipalName: string, changes: Partial<UserNameRule> = {}) {
  return wantedUserName(aUser({ userPrincipalName }), { ...rule, ...changes })
}

describe('a POSIX-safe user name', () => {
  test.each([
    ['Ada.Lovelace@example.com', 'ada.lovelace'],
    ['jürgen.müßig@example.com', 'jurgen.mussig'],
    ['Łukasz@example.com', 'lukasz'],
    ["o'brien@example.com", 'obrien'],
    ['Søren_Ångström@example.com', 'soren_angstrom'],
    ['ﬁnn@example.com', 'finn'],
    ['4ever@example.com', '_4ever'],
    ['-dash.@example.com', 'dash'],
    [`${'a'.repeat(40)}@example.com`, 'a'.repeat(32)],
    ['guest_other.example#EXT#@contoso.example', 'guest_other.example'],
  ])('of %s is %s', (principal, name) => {
    expect(named(principal)).toBe(name)
  })

  test('keeps the domain with a dot where it is not stripped', () => {
    expect(named('ada@example.com', { strip: 'none' })).toBe('ada.example.com')
  })

  test('does not exist for a name without a usable letter', () => {
    expect(named('大阪@example.com')).toBeUndefined()
  })
})

test('a name that need not be POSIX-safe keeps its letters', () => {
  expect(named('Jürgen@example.com', { posixSafe: false })).toBe('jürgen')
})

test('the fallback stands in for an attribute the record does not have', () => {
  const user = aUser({ userPrincipalName: 'ada@example.com', mail: 'countess@example.com' })
  const attribute = 'sAMAccountName'
  expect(wantedUserName(user, { ...rule, attribute })).toBe('ada')
  expect(wantedUserName(user, { ...rule, attribute, fallback: 'mailLocalPart' })).toBe('countess')
  expect(wantedUserName(user, { ...rule, attribute, fallback: 'none' })).toBeUndefined()
})

test('any field of the record may give the name, also one of a nested profile', () => {
  const user = aUser({ record: { badge: 'B17', profile: { nick: 'Lady' } } })
  expect(wantedUserName(user, { ...rule, attribute: 'badge' })).toBe('b17')
  expect(wantedUserName(user, { ...rule, attribute: 'nick' })).toBe('lady')
})
