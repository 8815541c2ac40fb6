import { expect, test } from 'vitest'
import { namesIn, passwordRefusal } from '../../../../server/directory/credentials/password-policy.ts'

const names = namesIn(
  new Map<string, readonly string[]>([
    ['uid', ['ada']],
    ['cn', ['Ada King-Noel']],
    ['sn', ['Lovelace']],
    ['mail', ['countess@contoso.example']],
  ]),
  'Lighthouse',
)
const codeOf = async (password: string, minLength = 12) => (await passwordRefusal(password, { minLength, names }))?.code

test.each([
  ['a few words', 'quiet otter paints seven'],
  ['random letters', 'k3p7x2ab7f2mq4xz'],
  ['72 octets', 'otter Zebra 7 paints! quiet moon, seven violins and a glacier; candle up'],
  ['accents, which count as one character each', 'Über-Größe blüht nämlich spät'],
])('takes %s', async (_, password) => {
  expect(Buffer.byteLength(password)).toBeLessThanOrEqual(72)
  expect(await codeOf(password)).toBeUndefined()
})

test.each([
  ['one character too short', 'otter-zebr7', 'tooShort'],
  ['many octets in few characters', '🦦🦓🎻', 'tooShort'],
  ['73 octets', 'otter Zebra 7 paints! quiet moon, seven violins and a glacier; candle up!', 'tooLong'],
  ['73 octets of accented letters', 'ü'.repeat(37), 'tooLong'],
  ['a NUL character', 'quiet otter\0paints seven', 'weak'],
  ['a keyboard row', 'qwertyuiop123', 'weak'],
  ['a well-known password', 'Password1234!', 'weak'],
  ['a repeated word', 'otterotterotter', 'weak'],
  ['the family name in other case', 'quiet LOVELACE paints seven', 'containsName'],
  ['a part of the common name', 'quiet king-noel! paints', 'containsName'],
  ['the local part of the address', 'countess paints seven otters', 'containsName'],
  ['the organization in wide letters', 'quiet ｌｉｇｈｔｈｏｕｓｅ paints', 'containsName'],
])('refuses %s', async (_, password, code) => {
  expect(await codeOf(password)).toBe(code)
})

test('the length asked for is a setting', async () => {
  expect(await codeOf('k3p7x2ab7f2mq4xz', 16)).toBeUndefined()
  expect(await codeOf('k3p7x2ab7f2mq4xz', 17)).toBe('tooShort')
})

test('a message says what to do and never repeats the password', async () => {
  for (const password of ['otter-zebr7', 'otterotterotter', 'quiet lovelace paints']) {
    const message = (await passwordRefusal(password, { minLength: 12, names }))?.message ?? ''
    expect(message).toMatch(/^(Use|Leave out) /)
    expect(message).not.toContain(password)
  }
})
