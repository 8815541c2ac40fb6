import { expect, test } from 'vitest'
import { ntHash } from '../../../../server/directory/credentials/nt-hash.ts'

// The first is of MS-NLMP §4.2.2.1.2, the others are well known.
test.each([
  ['Password', 'A4F49C406510BDCAB6824EE7C30FD852'],
  ['password', '8846F7EAEE8FB117AD06BDD830B7586C'],
  ['', '31D6CFE0D16AE931B73C59D7E0C089C0'],
])('of "%s" is the published one', (password, hash) => {
  expect(ntHash(password)).toBe(hash)
})

test('is of the UTF-16 code units, accents and pairs too', () => {
  expect(new Set(['ü', 'u', 'ü'.normalize('NFD'), '🦦'].map(ntHash)).size).toBe(4)
})
