import { hashSync } from 'bcryptjs'
import { afterAll, describe, expect, test } from 'vitest'
import {
  type AuthenticatorOptions,
  createAuthenticator,
} from '../../../../server/directory/authentication/authenticator.ts'
import { createBcryptPool } from '../../../../server/directory/authentication/bcrypt-pool.ts'
import { directoryPassword } from '../../../../server/directory/credentials/credential-records.ts'
import { openDirectory } from '../../../../server/directory/directory.ts'
import { createDirectoryReplica } from '../../../../server/directory/directory-replica.ts'
import type { Generation } from '../../../../server/directory/directory-store.ts'
import { openMemoryStore } from '../../../../server/storage/memory-store.ts'
import { anEntry, put, remove } from '../../../builders/directory-view.ts'

const suffix = 'dc=example,dc=com'
const bcrypt = createBcryptPool(1)
afterAll(() => bcrypt[Symbol.asyncDispose]())

const person = (uid: string, more: Record<string, string[]> = {}) =>
  anEntry(`uid=${uid},ou=people,${suffix}`, { objectClass: ['top', 'person', 'inetOrgPerson'], uid: [uid], ...more })
const ada = person('ada', {
  mail: ['ada@example.com', 'shared@example.com'],
  userPrincipalName: ['ada@corp.example.com'],
})
const bob = person('bob', { mail: ['bob@example.com', 'ada@example.com', 'shared@example.com'] })
const carol = person('carol', { mail: ['twin@example.com'] })
const dave = person('dave', { mail: ['twin@example.com'] })
const long = person('long')
const blocked = person('blocked', { userAccountControl: ['514'] })
const secret = hashSync('secret', 4)
const generation: Generation = {
  cause: { kind: 'server', id: 'test' },
  entries: [
    ...[ada, bob, carol, dave, long, blocked].map(put),
    put(anEntry(`cn=printer,${suffix}`, { objectClass: ['device'], uid: ['printer'] })),
  ],
  records: [
    directoryPassword(ada.entryUUID, secret, new Date(0)),
    {
      collection: 'credential',
      key: [ada.entryUUID, 'ldif:0'],
      value: { kind: 'imported', hash: '{CLEARTEXT}second' },
    },
    directoryPassword(carol.entryUUID, 'plain', new Date(0)),
    directoryPassword(blocked.entryUUID, secret, new Date(0)),
    directoryPassword(long.entryUUID, hashSync('x'.repeat(72), 4), new Date(0)),
  ],
}
const anywhere = { isAllowedFrom: () => true, requireTls: false }
const binders = [
  { name: 'svc', password: 'binder-secret', ...anywhere },
  { name: 'Odd, one+', password: 'odd-secret', ...anywhere },
]
const here = { address: '127.0.0.1', isSecure: true }

async function start(options: Partial<AuthenticatorOptions> = {}) {
  const directory = await openDirectory(openMemoryStore(), suffix)
  await directory.commit(generation)
  const served = createDirectoryReplica(suffix)
  await directory.follow(served)
  const authenticator = createAuthenticator({ directory: served, binders, bindByName: true, bcrypt, ...options })
  const as = (name: string, password: string | Buffer) =>
    authenticator.authenticate(name, Buffer.from(password as string), here)
  return { directory, as }
}

const adaIdentity = { identity: { kind: 'user', entryUUID: ada.entryUUID, dn: ada.dn } }

describe('a person signs in', () => {
  test.each([
    ['by DN', ada.dn],
    ['by DN in another spelling', `USERID = Ada, OU=People, ${suffix}`],
    ['by user name', 'ADA'],
    ['by user principal name', 'ada@corp.example.com'],
    ['by primary mail address', 'ada@example.com'],
  ])('%s', async (_, name) => {
    const { as } = await start()
    expect(await as(name, 'secret')).toEqual(adaIdentity)
    expect(await as(name, 'Secret')).toEqual({ refused: 'wrong password' })
  })

  test('with any of several passwords', async () => {
    const { as } = await start()
    expect(await as('ada', 'second')).toEqual(adaIdentity)
    expect(await as('ada', '')).toEqual({ refused: 'wrong password' })
  })

  test('not with a password longer than bcrypt reads, nor with one that it stops in', async () => {
    const { as } = await start()
    expect(await as('long', 'x'.repeat(72))).toHaveProperty('identity')
    expect(await as('long', 'x'.repeat(73))).toEqual({ refused: 'wrong password' })
    expect(await as('ada', 'secret\0more')).toEqual({ refused: 'wrong password' })
  })
})

describe('nobody signs in', () => {
  test.each([
    ['as an entry that is not there', `uid=nobody,ou=people,${suffix}`, 'no such entry'],
    ['as the root', '', 'no such entry'],
    ['without a password set', bob.dn, 'no password is set'],
    ['by a name nobody has', 'nobody', 'no single person has this name'],
    ['by a mail address that is nobody’s first', 'shared@example.com', 'no single person has this name'],
    ['by a mail address two have', 'twin@example.com', 'no single person has this name'],
    ['by the user name of what is no person', 'printer', 'no single person has this name'],
    ['by what only looks like a DN', 'uid=ada,', 'no single person has this name'],
  ])('%s', async (_, name, refused) => {
    const { as } = await start()
    expect(await as(name, 'secret')).toEqual({ refused })
  })

  test('by name where that is off', async () => {
    const { as } = await start({ bindByName: false })
    expect(await as('ada', 'secret')).toEqual({ refused: 'no single person has this name' })
    expect(await as(ada.dn, 'secret')).toEqual(adaIdentity)
  })

  test('once the entry or the password is gone', async () => {
    const { directory, as } = await start()
    const { key, collection } = directoryPassword(ada.entryUUID, '', new Date(0))
    await directory.commit({ ...generation, entries: [], records: [{ collection, key, value: undefined }] })
    expect(await as('ada', 'secret')).toEqual({ refused: 'wrong password' })
    await directory.commit({ ...generation, entries: [remove(ada)], records: [] })
    expect(await as(ada.dn, 'second')).toEqual({ refused: 'no such entry' })
  })

  test('whose entry goes while the password is checked', async () => {
    const { directory, as } = await start()
    const answer = as(ada.dn, 'secret')
    await directory.commit({ ...generation, entries: [remove(ada)], records: [] })
    expect(await answer).toEqual({ refused: 'the entry is gone' })
  })
})

describe('a binder signs in', () => {
  test.each([
    ['below ou=services', `cn=svc,ou=services,${suffix}`, 'binder-secret', 'svc'],
    ['below the base', `CN=SVC,${suffix}`, 'binder-secret', 'svc'],
    ['by a name that has to be escaped', `cn=odd\\, one\\+,ou=services,${suffix}`, 'odd-secret', 'Odd, one+'],
  ])('%s', async (_, dn, password, name) => {
    const { as } = await start()
    expect(await as(dn, password)).toMatchObject({ identity: { kind: 'binder', name } })
    expect(await as(dn, `${password}x`)).toEqual({ refused: 'wrong password' })
    expect(await as(dn, '')).toEqual({ refused: 'wrong password' })
  })
})

test('an entry that is shown as disabled does not sign in, however right its password', async () => {
  const { as } = await start()
  expect(await as(blocked.dn, 'secret')).toEqual({ refused: 'the account is disabled' })
})
