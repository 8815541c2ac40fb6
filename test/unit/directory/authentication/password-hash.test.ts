import { createHash, pbkdf2Sync } from 'node:crypto'
import { hashSync } from 'bcryptjs'
import { describe, expect, test } from 'vitest'
import { readStoredPassword } from '../../../../server/directory/authentication/password-hash.ts'

/** By whom a password is let in: checked at once, or in a worker. */
function letsIn(stored: string, password: string): boolean {
  const read = readStoredPassword(stored)
  return read.kind !== 'unusable' && read.matches(Buffer.from(password))
}

const salted = (scheme: string, algorithm: string, password: string, salt: Buffer) => {
  const digest = createHash(algorithm).update(password).update(salt).digest()
  return `{${scheme}}${Buffer.concat([digest, salt]).toString('base64')}`
}
/** As OpenLDAP's pw-pbkdf2 writes it. */
const pbkdf2 = (scheme: string, digest: string, bytes: number, password: string, salt: Buffer) => {
  const text = (octets: Buffer) => octets.toString('base64').replaceAll('+', '.').replaceAll('=', '')
  return `{${scheme}}1000$${text(salt)}$${text(pbkdf2Sync(password, salt, 1000, bytes, digest))}`
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
  ])('at once: %s', (_, stored, password) => {
    expect(readStoredPassword(stored).kind).toBe('fast')
    expectOnly(stored, password)
  })

  const bcrypt = hashSync('secret', 4)
  test.each([
    ['bcrypt $2a$', bcrypt.replace(/^\$2b/, '$2a'), 'secret'],
    ['bcrypt $2b$', bcrypt, 'secret'],
    ['bcrypt $2y$ of crypt', `{CRYPT}${bcrypt.replace(/^\$2b/, '$2y')}`, 'secret'],
    ['{BCRYPT}', `{BCRYPT}${bcrypt}`, 'secret'],
    // Written by crypt of glibc.
    ['{CRYPT}$5$', '{CRYPT}$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5', 'Hello world!'],
    ['$5$ with rounds', '$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA', 'Hello world!'],
    [
      '{crypt}$6$',
      '{crypt}$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
      'Hello world!',
    ],
    [
      '$6$ of a password as long as its digest',
      '$6$saltstring$ZmX6nr8Zq.2AgXm2.0XN3Q1BgwxzYMMYCVt1KZnceG4slhT9tXtc1t4dWt4eQ9azhoXoDvOepUeSvsXm1SvQM0',
      'p'.repeat(64),
    ],
    [
      '$5$ of a password as long as its digest',
      '$5$saltstring$yqJNhK2BWr/oslLyF3.DSMU8ECg4cunGgVzluUBrbXB',
      'p'.repeat(32),
    ],
    ['{PBKDF2}', pbkdf2('PBKDF2', 'sha1', 20, 'secret', Buffer.alloc(16, 0xfb)), 'secret'],
    ['{PBKDF2-SHA256}', pbkdf2('PBKDF2-SHA256', 'sha256', 32, 'pässword', Buffer.alloc(16, 1)), 'pässword'],
    ['{pbkdf2-sha512}', pbkdf2('pbkdf2-sha512', 'sha512', 64, 'secret', Buffer.alloc(16, 2)), 'secret'],
    [
      'Django’s pbkdf2_sha256',
      `pbkdf2_sha256$1000$salt$${pbkdf2Sync('secret', 'salt', 1000, 32, 'sha256').toString('base64')}`,
      'secret',
    ],
  ])('in a worker: %s', (_, stored, password) => {
    expect(readStoredPassword(stored).kind).toBe('slow')
    expectOnly(stored, password)
  })
})

function expectOnly(stored: string, password: string): void {
  expect(letsIn(stored, password)).toBe(true)
  for (const wrong of [`${password}x`, password.toUpperCase() + 1, `${password}\0`, stored])
    if (wrong !== password) expect(letsIn(stored, wrong)).toBe(false)
}

test('a password that bcrypt would cut lets nobody in', () => {
  const long = 'x'.repeat(72)
  expect(letsIn(hashSync(long, 4), long)).toBe(true)
  expect(letsIn(hashSync(long, 4), `${long}y`)).toBe(false)
  const read = readStoredPassword(hashSync('\ufffd', 4))
  expect(read.kind === 'slow' && read.matches(Buffer.of(0xff))).toBe(false)
})

test.each([
  ['', 'the stored password is empty'],
  ['{MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==', 'passwords of the scheme {MD5} cannot be checked'],
  ['{UNKNOWN}secret', 'passwords of the scheme {UNKNOWN} cannot be checked'],
  ['{SASL}ada@example.com', 'passwords of the scheme {SASL} cannot be checked'],
  ['{CRYPT}$6$salt$hash', 'the {CRYPT} password is not in the form of its scheme'],
  ['{CRYPT}ab01FAX.bQRSU', '{CRYPT} passwords in the form of DES cannot be checked'],
  ['{CRYPT}$1$salt$qJH7.N4xYta3aEG/dfqo/0', '$1$ passwords cannot be checked'],
  [`{CRYPT}$6$rounds=2000000$salt$${'x'.repeat(86)}`, 'the {CRYPT} password asks for more than 1000000 rounds'],
  [`$2b$17$${'x'.repeat(53)}`, 'the bcrypt password has a cost of more than 16'],
  [`$2b$03$${'x'.repeat(53)}`, 'the {CRYPT} password is not in the form of its scheme'],
  ['{BCRYPT}secret', '{CRYPT} passwords in the form of DES cannot be checked'],
  ['{CLEARTEXT}', 'the {CLEARTEXT} password is not in the form of its scheme'],
  ['{SHA}', 'the {SHA} password is not in the form of its scheme'],
  ['{SHA}c2hvcnQ=', 'the {SHA} password is not in the form of its scheme'],
  ['{SSHA}5en6G6MezRroT3XKqkdPOmY/BfQ=', 'the {SSHA} password is not in the form of its scheme'],
  ['{SSHA}', 'the {SSHA} password is not in the form of its scheme'],
  ['{PBKDF2-SHA256}1000$c2FsdA', 'the {PBKDF2-SHA256} password is not in the form of its scheme'],
  ['{PBKDF2-SHA256}1000$c2FsdA$c2hvcnQ', 'the {PBKDF2-SHA256} password is not in the form of its scheme'],
  [
    `pbkdf2_sha1$9000000$salt$${Buffer.alloc(20).toString('base64')}`,
    'the {pbkdf2_sha1} password asks for more than 2000000 rounds',
  ],
  ['bcrypt_sha256$12$salt$aGFzaA==', 'passwords of the scheme bcrypt_sha256 cannot be checked'],
  ['$6$salt$hash', 'the {CRYPT} password is not in the form of its scheme'],
  ['$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA', '$argon2id$ passwords cannot be checked'],
  ['$2b$10$tooshort', 'the {CRYPT} password is not in the form of its scheme'],
])('lets nobody in with %j, and says why', (stored, why) => {
  expect(readStoredPassword(stored)).toEqual({ kind: 'unusable', why })
})
