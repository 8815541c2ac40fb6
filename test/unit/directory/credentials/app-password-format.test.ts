import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  appPasswordMac,
  appPasswordRecordId,
  newAppPassword,
  parseAppPassword,
} from '../../../../server/directory/credentials/app-password-format.ts'

test('a new app password is an id and five groups, and is recognized with its id', () => {
  const made = newAppPassword()
  expect(made.text).toMatch(/^[a-z2-7]{8}(-[a-z2-7]{4}){5}$/)
  expect(parseAppPassword(made.text)).toEqual(made)
  expect(appPasswordRecordId(made)).toBe(`app:${made.text.slice(0, 8)}`)
})

test('no two are alike, and every letter occurs', () => {
  const texts = Array.from({ length: 100 }, () => newAppPassword().text)
  expect(new Set(texts).size).toBe(100)
  expect(new Set(texts.join('').replaceAll('-', '')).size).toBe(32)
})

test.each([
  ['a group less', 'k3p9x2ab-7f2m-q4xz-5nha-b2ct'],
  ['digits that base32 does not have', 'k3p9x2ab-7f2m-q4xz-5nha-b2ct-yw6d'],
  ['capital letters', 'K3P7X2AB-7F2M-Q4XZ-5NHA-B2CT-YW6D'],
  ['a space behind', 'k3p7x2ab-7f2m-q4xz-5nha-b2ct-yw6d '],
  ['a line behind', 'k3p7x2ab-7f2m-q4xz-5nha-b2ct-yw6d\n'],
  ['nothing', ''],
])('is not taken for one: %s', (_, text) => {
  expect(parseAppPassword(text)).toBeUndefined()
})

test('the MAC is HMAC-SHA-256 over the whole text', () => {
  const key = Buffer.alloc(32, 7)
  const text = 'k3p7x2ab-7f2m-q4xz-5nha-b2ct-yw6d'
  expect(appPasswordMac(key, { text })).toEqual(createHmac('sha256', key).update(text).digest())
})
