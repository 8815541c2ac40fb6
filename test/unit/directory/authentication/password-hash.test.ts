import { createHash } from 'node:crypto'
import { hashSync } from 'bcryptjs'
import { describe, expect, test } from 'vitest'
import { credentialChange, directoryPassword } from '../../../../server/directory/credentials/credential-records.ts'
import { CredentialTable } from '../../../../server/directory/credentials/credential-table.ts'
import { readStoredPassword } from '../../../../server/directory/authentication/password-hash.ts'

function letsIn(stored: string, password: string): boolean | undefined {
  const read = readStoredPassword(stored)
  return read?.kind === 'fast' ? read.matches(Buffer.from(password)) : undefined
}

const salted = (scheme: string, algorithm: string, password: string, salt: Buffer) => {
  const digest = createHash(algorithm).update(password).update(salt).digest()
  return `{${scheme}}${Buffer.concat([digest, salt]).toString('base64')}`
}

describe('lets in with the right password alone', () => {
  test.each([
    ['{SHA}, as in RFC 3112 and every manual', '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=', 'secret'],
    ['{SHA}, the vector of FIPS 180', '{SHA}qZk+NkcGgWq6PiVxeFDCbJzQ2J0=', 'abc'],
    ['{SHA256}, the vector of FIPS 180', '{SHA256}ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=', 'abc'],
    ['{SHA512}, the vector of FIPS 180', `{SHA512}${createHash('sha512').update('abc').digest('base64')}`, 'abc'],
    ['{SSHA} with a salt of 4 octets', salted('SSHA', 'sha1', 'secret', Buffer.from('salt')), 'secret'],
    ['{SSHA} with a salt of 1 octet', salted('SSHA', 'sha1', 'secret', Buffer.of(0)), 'secret'],
    ['{ssha256} in small letters', salted('ssha256', 'sha256', 'pässword', Buffer.alloc(16, 7)), 'pässword'],
    ['{SSHA512}', salted('SSHA512', 'sha512', '', Buffer.alloc(8, 255)), ''],
    ['{CLEARTEXT}', '{CLEARTEXT}secret', 'secret'],
    ['clear text', 'secret', 'secret'],
    ['clear text with a dollar sign', 'se$cret$', 'se$cret$'],
    ['clear text with a brace', '{secret', '{secret'],
  ])('%s', (_, stored, password) => {
    expect(letsIn(stored, password)).toBe(true)
    for (const wrong of [`${password}x`, password.toUpperCase() + 1, `${password}\0`, stored]) {
      if (wrong !== password) expect(letsIn(stored, wrong)).toBe(false)
    }
  })
})

test.each(['$2a$', '$2b$', '$2y$'])('knows bcrypt: %s', (prefix) => {
  const hash = hashSync('secret', 4).replace(/^\$2[aby]\$/, prefix)
  for (const stored of [hash, `{CRYPT}${hash}`, `{BCRYPT}${hash}`, `{crypt}${hash}`])
    expect(readStoredPassword(stored)).toEqual({ kind: 'bcrypt', hash })
})

test.each([
  '',
  '{MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==',
  '{UNKNOWN}secret',
  '{SASL}ada@example.com',
  '{CRYPT}$6$salt$hash',
  '{CRYPT}ab01FAX.bQRSU',
  '{BCRYPT}secret',
  '{CLEARTEXT}',
  '{SHA}',
  '{SHA}c2hvcnQ=',
  '{SSHA}5en6G6MezRroT3XKqkdPOmY/BfQ=',
  '{SSHA}',
  '$6$salt$hash',
  '$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA',
  '$2b$10$tooshort',
])('lets nobody in with %j', (stored) => {
  expect(readStoredPassword(stored)).toBeUndefined()
})

describe('the passwords of an entry', () => {
  test('are those of its records, the last of each id', () => {
    const table = new CredentialTable()
    table.apply(directoryPassword('u1', 'old', new Date(0)))
    table.apply(directoryPassword('u1', 'new', new Date(1)))
    table.apply(credentialChange('u1', 'ldif:0', { kind: 'imported', hash: '{CLEARTEXT}other' }))
    table.apply(directoryPassword('u2', 'elsewhere', new Date(0)))
    const matching = (password: string) =>
      [...table.passwordsOf('u1')].filter((stored) => stored.kind === 'fast' && stored.matches(Buffer.from(password)))
    expect(matching('old')).toHaveLength(0)
    expect(matching('new')).toHaveLength(1)
    expect(matching('other')).toHaveLength(1)
    expect(matching('elsewhere')).toHaveLength(0)
  })

  test('go with their records, and with values that are none', () => {
    const table = new CredentialTable()
    for (const gone of [
      undefined,
      null,
      'x',
      5,
      [],
      { hash: 'x' },
      { kind: 'directory' },
      { kind: 'later', hash: 'x' },
    ]) {
      table.apply(directoryPassword('u1', 'secret', new Date(0)))
      expect([...table.passwordsOf('u1')]).toHaveLength(1)
      table.apply({ collection: 'credential', key: ['u1', 'directory'], value: gone })
      expect([...table.passwordsOf('u1')]).toHaveLength(0)
    }
  })
})
