import { expect, test } from 'vitest'
import { type PersonSource, whyNotVouching } from '../../../sync/authentication-source.ts'

const owner: PersonSource = { provider: 'contoso', id: 'a', linked: undefined, signIn: { allowed: true } }
const confirmed: PersonSource = { provider: 'acme', id: 'b', linked: 'confirmed', signIn: { allowed: true } }
const matched: PersonSource = { provider: 'globex', id: 'c', linked: 'automatic', signIn: { allowed: true } }
const blocked = { signIn: { allowed: false, reason: 'sign-in blocked' } } as const
const of = (wanted: PersonSource) => (source: PersonSource) => source.id === wanted.id

test('the owner and confirmed sources vouch for a person, in whatever order they come', () => {
  for (const sources of [
    [owner, confirmed, matched],
    [confirmed, matched, owner],
  ]) {
    expect(whyNotVouching(sources, of(owner))).toBeUndefined()
    expect(whyNotVouching(sources, of(confirmed))).toBeUndefined()
  }
})

test('a source linked by matching fields does not, also when the others are gone', () => {
  expect(whyNotVouching([owner, matched], of(matched))).toContain('globex:c is linked by matching fields alone')
  expect(whyNotVouching([{ ...owner, signIn: undefined }, matched], of(matched))).toContain('matching fields alone')
})

test('a source that is blocked, gone or of somebody else does not', () => {
  expect(whyNotVouching([{ ...owner, ...blocked }], of(owner))).toBe('contoso:a: sign-in blocked')
  expect(whyNotVouching([{ ...owner, signIn: undefined }, confirmed], of(owner))).toBe('contoso:a is gone')
  expect(whyNotVouching([owner], of(confirmed))).toContain('not one of the person')
})

test('who is blocked where they are first looked for does not get in elsewhere', () => {
  expect(whyNotVouching([{ ...owner, ...blocked }, confirmed], of(confirmed))).toBe('contoso:a: sign-in blocked')
})

test('a confirmed source vouches when the one before it is gone', () => {
  expect(whyNotVouching([{ ...owner, signIn: undefined }, confirmed], of(confirmed))).toBeUndefined()
})
