import { hashSync } from 'bcryptjs'
import { afterAll, describe, expect, test } from 'vitest'
import {
  type AuthenticatorOptions,
  createAuthenticator,
} from '../../../../server/directory/authentication/authenticator.ts'
import { BinderRegistry, binderOf, secretHash } from '../../../../server/directory/authentication/binder-registry.ts'
import { createBcryptPool } from '../../../../server/directory/authentication/bcrypt-pool.ts'
import type { BindOrigin } from '../../../../server/directory/authentication/bind-check.ts'
import type { BindAttempt, BindOutcome, BindWatch } from '../../../../server/directory/authentication/bind-watch.ts'
import type { ProviderCheck, SignInServices } from '../../../../server/directory/authentication/sign-in-services.ts'
import {
  appPasswordMac,
  appPasswordRecordId,
  newAppPassword,
} from '../../../../server/directory/credentials/app-password-format.ts'
import {
  type AccountRecord,
  type AppPassword,
  credentialChange,
  type CredentialRecord,
  directoryPassword,
} from '../../../../server/directory/credentials/credential-records.ts'
import { openDirectory } from '../../../../server/directory/directory.ts'
import { createDirectoryReplica } from '../../../../server/directory/directory-replica.ts'
import type { EntryChange, Generation, RecordChange } from '../../../../server/directory/directory-store.ts'
import { LdapError } from '../../../../server/protocol/ldap-error.ts'
import { ResultCode } from '../../../../server/protocol/result-code.ts'
import { signInServices } from '../../../../server/sign-in.ts'
import { openMemoryStore } from '../../../../server/storage/memory-store.ts'
import { anEntry, put, remove } from '../../../builders/directory-view.ts'

const suffix = 'dc=example,dc=com'
const pool = createBcryptPool(1)
afterAll(() => pool[Symbol.asyncDispose]())

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
const cloud = person('cloud')
const strong = person('strong')
const secret = hashSync('secret', 4)
const start0 = Date.parse('2026-03-01T12:00:00Z')
const cause = { kind: 'server', id: 'test' } as const
const totp: CredentialRecord = { kind: 'totp', isConfirmed: true, lastStep: 0, recoveryCodes: [] }
const generation: Generation = {
  cause,
  entries: [
    ...[ada, bob, carol, dave, long, cloud, strong].map(put),
    put(anEntry(`cn=printer,${suffix}`, { objectClass: ['device'], uid: ['printer'] })),
  ],
  records: [
    directoryPassword(ada.entryUUID, secret, new Date(0)),
    credentialChange(ada.entryUUID, 'ldif:0', { kind: 'imported', hash: '{CLEARTEXT}second' }),
    credentialChange(carol.entryUUID, 'ldif:0', { kind: 'imported', hash: '{MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==' }),
    directoryPassword(long.entryUUID, hashSync('x'.repeat(72), 4), new Date(0)),
    directoryPassword(strong.entryUUID, secret, new Date(0)),
    credentialChange(strong.entryUUID, 'totp', totp),
  ],
}
const everything = { scope: 'tree', attributes: '*', networks: [], requireTls: false, grants: [] } as const
const binders = new BinderRegistry(
  [
    ['svc', 'binder-secret'],
    ['Odd, one+', 'odd-secret'],
  ].map(([name = '', password = '']) =>
    binderOf(name, everything, [
      { id: 'configuration', sha256: secretHash(password), endsAtMs: Number.POSITIVE_INFINITY },
    ]),
  ),
  suffix,
)
const here: BindOrigin = {
  address: '127.0.0.1',
  isSecure: true,
  binder: undefined,
  canChangePassword: false,
  isGone: () => false,
  requestId: 'of a test',
}
const appKey = Buffer.alloc(32, 7)

async function start(
  options: Partial<Omit<AuthenticatorOptions, 'signIn'>> & { signIn?: Partial<SignInServices> } = {},
) {
  const directory = await openDirectory(openMemoryStore(), suffix)
  await directory.commit(generation)
  const served = createDirectoryReplica(suffix)
  await directory.follow(served)
  const clock = { nowMs: start0 }
  let hashes = 0
  const authenticator = createAuthenticator({
    directory: served,
    binders,
    bindByName: true,
    passwords: { bcryptCost: 4, recentBindMinutes: 10, cachedPassThroughHours: 0, upgradeImported: false },
    now: () => new Date(clock.nowMs),
    ...options,
    bcrypt: {
      async compare(...check) {
        hashes += 1
        return await (options.bcrypt ?? pool).compare(...check)
      },
    },
    signIn: signInServices({ appPasswordKey: () => Promise.resolve(appKey), ...options.signIn }),
  })
  const as = (name: string, password: string | Buffer, origin: Partial<BindOrigin> = {}) =>
    Promise.resolve(authenticator.authenticate(name, Buffer.from(password as string), { ...here, ...origin }))
  const commit = (records: readonly RecordChange[], entries: readonly EntryChange[] = []) =>
    directory.commit({ cause, entries, records })
  return {
    as,
    commit,
    clock,
    /** How many slow hashes a bind asked for. */
    hashesOf: async (bind: () => Promise<unknown>) => {
      const before = hashes
      await bind()
      return hashes - before
    },
  }
}

const signedIn = (entry: typeof ada, credential = 'directory') => ({
  identity: { kind: 'user', entryUUID: entry.entryUUID, dn: entry.dn },
  credential,
  mustChange: false,
})
const account = (change: Partial<AccountRecord>): RecordChange => ({
  collection: 'account',
  key: [ada.entryUUID],
  value: { block: null, passThrough: null, ...change },
})
const block = { reason: 'left', by: 'owner', since: new Date(0).toISOString(), until: null }

describe('a person signs in', () => {
  test.each([
    ['by DN', ada.dn],
    ['by DN in another spelling', `USERID = Ada, OU=People, ${suffix}`],
    ['by user name', 'ADA'],
    ['by user principal name', 'ada@corp.example.com'],
    ['by primary mail address', 'ada@example.com'],
  ])('%s', async (_, name) => {
    const { as } = await start()
    expect(await as(name, 'secret')).toEqual(signedIn(ada))
    expect(await as(name, 'Secret')).toEqual({ refused: 'wrong password' })
  })

  test('with any of several passwords', async () => {
    const { as } = await start()
    expect(await as('ada', 'second')).toEqual(signedIn(ada, 'ldif:0'))
    expect(await as('ada', '')).toEqual({ refused: 'wrong password' })
  })

  test('not with a password longer than bcrypt reads, nor with one that it stops in', async () => {
    const { as } = await start()
    expect(await as('long', 'x'.repeat(72))).toHaveProperty('identity')
    expect(await as('long', 'x'.repeat(73))).toEqual({ refused: 'wrong password' })
    expect(await as('ada', 'secret\0more')).toEqual({ refused: 'wrong password' })
  })
})

describe('a password of a file', () => {
  const startWith = async (hash: string, upgradeImported = true) => {
    const asked: unknown[] = []
    const started = await start({
      passwords: { bcryptCost: 4, recentBindMinutes: 10, cachedPassThroughHours: 0, upgradeImported },
      signIn: {
        upgradeImported(found) {
          asked.push(found)
          return Promise.reject(new Error('not now'))
        },
      },
    })
    await started.commit([credentialChange(bob.entryUUID, 'ldif:0', { kind: 'imported', hash })])
    return { ...started, asked }
  }
  const crypt = '{CRYPT}$5$saltstring$yqJNhK2BWr/oslLyF3.DSMU8ECg4cunGgVzluUBrbXB'

  test.each([
    ['clear text', 'secret', 'secret'],
    ['crypt', crypt, 'p'.repeat(32)],
  ])('that is %s is upgraded once it was right', async (_, hash, password) => {
    const { as, asked } = await startWith(hash)
    await as('bob', 'wrong')
    expect(asked).toEqual([])
    expect(await as('bob', password)).toEqual(signedIn(bob, 'ldif:0'))
    expect(asked).toEqual([{ entryUUID: bob.entryUUID, id: 'ldif:0', stored: hash, password }])
  })

  test.each([
    ['is bcrypt already', secret, 'secret', true],
    ['bcrypt would cut', 'x'.repeat(80), 'x'.repeat(80), true],
    ['is to stay as it is', 'secret', 'secret', false],
  ])('that %s is not upgraded', async (_, hash, password, upgradeImported) => {
    const { as, asked } = await startWith(hash, upgradeImported)
    expect(await as('bob', password)).toEqual(signedIn(bob, 'ldif:0'))
    expect(asked).toEqual([])
  })
})

describe('nobody signs in', () => {
  test.each([
    ['as an entry that is not there', `uid=nobody,ou=people,${suffix}`, 'no such entry'],
    ['as the root', '', 'no such entry'],
    ['without a password set', bob.dn, 'no password is set; no provider checks passwords'],
    ['with a password of a scheme that cannot be checked', carol.dn, 'passwords of the scheme {MD5} cannot be checked'],
    ['by a name nobody has', 'nobody', 'no single person has this name'],
    ['by a mail address that is nobody’s first', 'shared@example.com', 'no single person has this name'],
    ['by a mail address two have', 'twin@example.com', 'no single person has this name'],
    ['by the user name of what is no person', 'printer', 'no single person has this name'],
    ['by what only looks like a DN', 'uid=ada,', 'no single person has this name'],
  ])('%s', async (_, name, refused) => {
    const { as, hashesOf } = await start()
    expect(await hashesOf(async () => expect(await as(name, 'secret')).toEqual({ refused }))).toBe(1)
  })

  test('by name where that is off', async () => {
    const { as } = await start({ bindByName: false })
    expect(await as('ada', 'secret')).toEqual({ refused: 'no single person has this name' })
    expect(await as(ada.dn, 'secret')).toEqual(signedIn(ada))
  })

  test('once the entry or the password is gone', async () => {
    const { commit, as } = await start()
    await commit([credentialChange(ada.entryUUID, 'directory', undefined)])
    expect(await as('ada', 'secret')).toEqual({ refused: 'wrong password' })
    await commit([], [remove(ada)])
    expect(await as(ada.dn, 'second')).toEqual({ refused: 'no such entry' })
  })

  test('whose entry goes while the password is checked', async () => {
    const gone = Promise.withResolvers<void>()
    const { commit, as } = await start({
      bcrypt: {
        async compare(password, hash) {
          await gone.promise
          return await pool.compare(password, hash)
        },
      },
    })
    const answer = as(ada.dn, 'secret')
    await commit([], [remove(ada)])
    gone.resolve()
    expect(await answer).toEqual({ refused: 'the entry is gone' })
  })
})

describe('however right the password, nobody signs in', () => {
  test.each([
    ['who is disabled', { userAccountControl: ['514'] }, 'the account is disabled'],
    ['whose account has expired', { shadowExpire: ['20000'] }, 'the account has expired'],
    ['whose file says that the account is locked', { nsAccountLock: ['TRUE'] }, 'the account is locked'],
    ['whom an administrator of OpenLDAP locked', { pwdAccountLockedTime: ['000001010000Z'] }, 'the account is locked'],
  ])('%s', async (_, attributes, refused) => {
    const { commit, as, hashesOf } = await start()
    await commit([], [put({ ...person('ada', attributes), entryUUID: ada.entryUUID })])
    for (const password of ['secret', 'second'])
      expect(await hashesOf(async () => expect(await as(ada.dn, password)).toEqual({ refused }))).toBe(1)
  })

  test('who is blocked here, until the block is over', async () => {
    const { commit, as, clock, hashesOf } = await start()
    await commit([account({ block: { ...block, until: new Date(start0 + 60_000).toISOString() } })])
    const refused = 'sign-in is blocked here'
    expect(await hashesOf(async () => expect(await as('ada', 'secret')).toEqual({ refused }))).toBe(1)
    expect(await hashesOf(async () => expect(await as('ada', 'second')).toEqual({ refused }))).toBe(1)
    clock.nowMs += 60_000
    expect(await as('ada', 'secret')).toEqual(signedIn(ada))
  })

  test.each([
    ['later', { shadowExpire: ['30000'] }],
    ['never', { shadowExpire: ['-1'] }],
    ['nor is locked after failed binds of long ago', { pwdAccountLockedTime: ['20200101000000Z'] }],
    ['and is unlocked', { nsAccountLock: ['FALSE'], userAccountControl: ['512'] }],
  ])('but those whose account expires %s', async (_, attributes) => {
    const { commit, as } = await start()
    await commit([], [put({ ...person('ada', attributes), entryUUID: ada.entryUUID })])
    expect(await as(ada.dn, 'secret')).toEqual(signedIn(ada))
  })
})

describe('a binder signs in', () => {
  test.each([
    ['below ou=services', `cn=svc,ou=services,${suffix}`, 'binder-secret', 'svc'],
    ['below the base', `CN=SVC,${suffix}`, 'binder-secret', 'svc'],
    ['by a name that has to be escaped', `cn=odd\\, one\\+,ou=services,${suffix}`, 'odd-secret', 'Odd, one+'],
  ])('%s', async (_, dn, password, name) => {
    const { as, hashesOf } = await start()
    expect(await as(dn, password)).toMatchObject({ identity: { kind: 'binder', name }, mustChange: false })
    for (const wrong of [`${password}x`, ''])
      expect(await hashesOf(async () => expect(await as(dn, wrong)).toEqual({ refused: 'wrong password' }))).toBe(1)
  })
})

describe('an app password', () => {
  const text = newAppPassword()
  const record: AppPassword = {
    kind: 'app',
    name: 'phone',
    mac: appPasswordMac(appKey, text).toString('base64'),
    createdAt: new Date(0).toISOString(),
    expiresAt: null,
    networks: [],
  }
  const id = appPasswordRecordId(text)
  const wrong = `${text.text.slice(0, -1)}${text.text.endsWith('a') ? 'b' : 'a'}`

  test('lets in at once, beside the password and without a second factor', async () => {
    const { commit, as, hashesOf } = await start()
    await commit([ada, strong].map(({ entryUUID }) => credentialChange(entryUUID, id, record)))
    expect(await hashesOf(async () => expect(await as('ada', text.text)).toEqual(signedIn(ada, id)))).toBe(0)
    expect(await as('strong', text.text)).toEqual(signedIn(strong, id))
    expect(await as('ada', 'secret')).toEqual(signedIn(ada))
  })

  test('lets in nobody when it is wrong, somebody else’s or revoked', async () => {
    const { commit, as, hashesOf } = await start()
    await commit([credentialChange(ada.entryUUID, id, record)])
    const isRefused = async (name: string, password: string, refused: string) =>
      expect(await hashesOf(async () => expect(await as(name, password)).toEqual({ refused }))).toBe(1)
    await isRefused('ada', wrong, 'wrong app password')
    await isRefused('strong', text.text, 'the code of the second factor is missing')
    await commit([credentialChange(ada.entryUUID, id, undefined)])
    await isRefused('ada', text.text, 'wrong password')
  })

  test.each<[string, Partial<AppPassword>, string]>([
    ['when it has expired', { expiresAt: new Date(start0).toISOString() }, 'the app password has expired'],
    ['when nobody can tell whether it has expired', { expiresAt: 'soon' }, 'the app password has expired'],
    ['from elsewhere', { networks: ['192.0.2.0/24'] }, 'the app password may not be used from there'],
    ['with a damaged record', { mac: 'AAAA' }, 'wrong app password'],
  ])('lets nobody in %s', async (_, change, refused) => {
    const { commit, as, hashesOf } = await start()
    await commit([credentialChange(ada.entryUUID, id, { ...record, ...change })])
    expect(await hashesOf(async () => expect(await as('ada', text.text)).toEqual({ refused }))).toBe(1)
  })

  test('cannot be checked while its key cannot be had', async () => {
    const { commit, as } = await start({
      signIn: { appPasswordKey: () => Promise.reject(new LdapError(ResultCode.unavailable, 'later')) },
    })
    await commit([credentialChange(ada.entryUUID, id, record)])
    await expect(as('ada', text.text)).rejects.toMatchObject({ resultCode: ResultCode.unavailable })
    expect(await as('ada', 'secret')).toEqual(signedIn(ada))
  })
})

describe('a second factor', () => {
  const startWith = async (code: string) => {
    const used = new Set<string>()
    const asked: string[] = []
    const started = await start({
      signIn: {
        redeemCode(_entryUUID, given) {
          asked.push(given)
          const isRight = given === code && !used.has(given)
          if (isRight) used.add(given)
          return Promise.resolve(isRight)
        },
      },
    })
    return { ...started, asked }
  }

  test.each([
    ['six digits', '123456'],
    ['a recovery code', 'abcd-ef23-4567'],
    ['a recovery code without hyphens', 'ABCDEF234567'],
  ])('is asked for behind the password: %s, each once', async (_, code) => {
    const { as } = await startWith(code)
    expect(await as('strong', `secret,${code}`)).toEqual(signedIn(strong))
    expect(await as('strong', `secret,${code}`)).toEqual({ refused: 'wrong or used code of the second factor' })
  })

  test.each([
    ['without a code', 'secret', 'the code of the second factor is missing'],
    ['with a code alone', '123456', 'the code of the second factor is missing'],
    ['with too few digits', 'secret,12345', 'the code of the second factor is missing'],
    ['with another code', 'secret,654321', 'wrong or used code of the second factor'],
    ['with another password', 'Secret,123456', 'wrong password'],
    ['with no password', ',123456', 'wrong password'],
  ])('lets nobody in %s', async (_, typed, refused) => {
    const { as, hashesOf } = await startWith('123456')
    expect(await hashesOf(async () => expect(await as('strong', typed)).toEqual({ refused }))).toBe(1)
    expect(await as('strong', 'secret,123456')).toEqual(signedIn(strong))
  })

  test('keeps its codes while the password is wrong, and is asked as often as when it is right', async () => {
    const { as, asked } = await startWith('123456')
    await as('strong', 'wrong,123456')
    expect(asked).toEqual([''])
  })

  test('is nobody’s who has none or has not confirmed it: such a password may end like a code', async () => {
    const { as, commit } = await startWith('123456')
    const hash = hashSync('secret,123456', 4)
    await commit([
      directoryPassword(ada.entryUUID, hash, new Date(0)),
      directoryPassword(strong.entryUUID, hash, new Date(0)),
      credentialChange(strong.entryUUID, 'totp', { ...totp, isConfirmed: false }),
    ])
    expect(await as('ada', 'secret,123456')).toEqual(signedIn(ada))
    expect(await as('strong', 'secret,123456')).toEqual(signedIn(strong))
  })

  test('is asked for with every bind', async () => {
    const { as, hashesOf } = await startWith('123456')
    await as('strong', 'secret,123456')
    expect(await hashesOf(() => as('strong', 'secret,123456'))).toBe(1)
  })
})

describe('a provider', () => {
  const startWith = async (answer: () => ProviderCheck, cachedPassThroughHours = 0) => {
    const asked: string[] = []
    const started = await start({
      passwords: { bcryptCost: 4, recentBindMinutes: 10, cachedPassThroughHours, upgradeImported: false },
      signIn: {
        checkAtProvider({ entryUUID, password, address }) {
          asked.push(`${entryUUID === cloud.entryUUID ? 'cloud' : entryUUID} ${password} ${address}`)
          return Promise.resolve(answer())
        },
      },
    })
    return { ...started, asked }
  }
  const unavailable = { outcome: 'unavailable', reason: 'Contoso does not answer' } as const
  const kept = (checkedAt: number) =>
    credentialChange(cloud.entryUUID, 'provider', {
      kind: 'provider',
      provider: 'contoso',
      sourceId: 'x',
      hash: secret,
      checkedAt: new Date(checkedAt).toISOString(),
    })

  test('is asked for the password of who has none here', async () => {
    const { as, asked } = await startWith(() => ({ outcome: 'right' }))
    expect(await as('cloud', 'pässword')).toEqual(signedIn(cloud, 'provider'))
    expect(asked).toEqual(['cloud pässword 127.0.0.1'])
    expect(await as('ada', 'other')).toEqual({ refused: 'wrong password' })
    expect(asked).toHaveLength(1)
  })

  test.each<[ProviderCheck, string]>([
    [{ outcome: 'wrong', reason: 'Contoso: wrong password' }, 'Contoso: wrong password'],
    [{ outcome: 'refused', reason: 'Contoso asks for a second factor' }, 'Contoso asks for a second factor'],
    [{ outcome: 'not-asked', reason: 'it is switched off' }, 'no password is set; it is switched off'],
  ])('lets nobody in who is %j', async (answer, refused) => {
    const { as, hashesOf } = await startWith(() => answer)
    expect(await hashesOf(async () => expect(await as('cloud', 'secret')).toEqual({ refused }))).toBe(1)
  })

  test('is not asked where an administrator said so, for who may not sign in, nor for what is no text', async () => {
    const { as, asked, commit } = await startWith(() => ({ outcome: 'right' }))
    expect(await as('cloud', Buffer.of(0xff))).toEqual({ refused: 'no password of a provider is like this one' })
    expect(await as('cloud', 'x'.repeat(1025))).toEqual({ refused: 'no password of a provider is like this one' })
    await commit([{ ...account({ passThrough: 'never' }), key: [cloud.entryUUID] }])
    expect(await as('cloud', 'secret')).toEqual({ refused: 'no password is set' })
    await commit([{ ...account({ block }), key: [cloud.entryUUID] }])
    expect(await as('cloud', 'secret')).toEqual({ refused: 'sign-in is blocked here' })
    expect(asked).toEqual([])
  })

  test('that does not answer is told as such, whatever the password', async () => {
    const { as, commit } = await startWith(() => unavailable)
    expect(await as('cloud', 'secret')).toEqual({ unavailable: unavailable.reason })
    await commit([kept(start0)])
    expect(await as('cloud', 'secret')).toEqual({ unavailable: unavailable.reason })
  })

  test('that does not answer is stood in for by what it said lately', async () => {
    const { as, commit, clock } = await startWith(() => unavailable, 1)
    await commit([kept(start0)])
    expect(await as('cloud', 'secret')).toEqual(signedIn(cloud, 'provider'))
    expect(await as('cloud', 'Secret')).toEqual({ unavailable: unavailable.reason })
    clock.nowMs += 3_600_000 - 1
    expect(await as('cloud', 'secret')).toEqual(signedIn(cloud, 'provider'))
    clock.nowMs += 1
    expect(await as('cloud', 'secret')).toEqual({ unavailable: unavailable.reason })
  })

  test('is not asked twice in a row for the same password, but anew as soon as a change there was seen', async () => {
    let answer: ProviderCheck = { outcome: 'right' }
    const { as, asked, commit } = await startWith(() => answer)
    await as('cloud', 'secret')
    await commit([kept(start0)])
    answer = { outcome: 'wrong', reason: 'changed' }
    expect(await as('cloud', 'secret')).toEqual(signedIn(cloud, 'provider'))
    expect(await as('cloud', 'other')).toEqual({ refused: 'changed' })
    expect(asked).toHaveLength(2)
    await commit([credentialChange(cloud.entryUUID, 'provider', undefined)])
    expect(await as('cloud', 'secret')).toEqual({ refused: 'changed' })
  })
})

describe('a password that was right a moment ago', () => {
  test('is not hashed again, in any spelling of the name', async () => {
    const { as, hashesOf, clock } = await start()
    expect(await hashesOf(() => as('ada', 'secret'))).toBe(1)
    clock.nowMs += 10 * 60_000 - 1
    expect(await hashesOf(async () => expect(await as(ada.dn, 'secret')).toEqual(signedIn(ada)))).toBe(0)
    expect(await hashesOf(async () => expect(await as('ada', 'Secret')).toHaveProperty('refused'))).toBe(1)
    clock.nowMs += 1
    expect(await hashesOf(() => as('ada', 'secret'))).toBe(1)
    clock.nowMs -= 5 * 60_000
    expect(await hashesOf(() => as('ada', 'secret'))).toBe(1)
  })

  test('is hashed every time where that is asked for', async () => {
    const { as, hashesOf } = await start({
      passwords: { bcryptCost: 4, recentBindMinutes: 0, cachedPassThroughHours: 0, upgradeImported: false },
    })
    await as('ada', 'secret')
    expect(await hashesOf(() => as('ada', 'secret'))).toBe(1)
  })

  test.each<[string, readonly RecordChange[], readonly EntryChange[], object]>([
    [
      'another password was set',
      [directoryPassword(ada.entryUUID, hashSync('new', 4), new Date(0))],
      [],
      { refused: 'wrong password' },
    ],
    ['it was taken away', [credentialChange(ada.entryUUID, 'directory', undefined)], [], { refused: 'wrong password' }],
    [
      'a second factor was set up',
      [credentialChange(ada.entryUUID, 'totp', totp)],
      [],
      { refused: expect.any(String) },
    ],
    ['she was blocked', [account({ block })], [], { refused: 'sign-in is blocked here' }],
    [
      'she was disabled',
      [],
      [put({ ...person('ada', { userAccountControl: ['514'] }), entryUUID: ada.entryUUID })],
      { refused: 'the account is disabled' },
    ],
    ['she has gone', [], [remove(ada)], { refused: 'no such entry' }],
  ])('is none any more in the very next bind after %s', async (_, records, entries, expected) => {
    const { as, commit } = await start()
    expect(await as(ada.dn, 'secret')).toEqual(signedIn(ada))
    await commit(records, entries)
    expect(await as(ada.dn, 'secret')).toEqual(expected)
  })

  test('is not enough any more when a second factor was set up while it was looked at', async () => {
    const started = Promise.withResolvers<void>()
    const changed = Promise.withResolvers<void>()
    const { as, commit } = await start({
      bcrypt: {
        async compare(password, hash) {
          started.resolve()
          await changed.promise
          return await pool.compare(password, hash)
        },
      },
    })
    const bind = as('ada', 'secret')
    await started.promise
    await commit([credentialChange(ada.entryUUID, 'totp', totp)])
    changed.resolve()
    expect(await bind).toEqual({ refused: 'the code of the second factor is missing' })
  })

  test('is not taken once its change is acknowledged, by none of several workers that look at it', async () => {
    await using workers = createBcryptPool(3)
    const begun = Promise.withResolvers<void>()
    const changed = Promise.withResolvers<void>()
    const people = [ada, bob, carol]
    let looking = 0
    const { as, commit } = await start({
      bcrypt: {
        async compare(password, hash) {
          if ((looking += 1) === people.length) begun.resolve()
          const isRight = await workers.compare(password, hash)
          await changed.promise
          return isRight
        },
      },
    })
    await commit(people.map(({ entryUUID }) => directoryPassword(entryUUID, secret, new Date(0))))
    const binds = people.map(({ dn }) => as(dn, 'secret'))
    await begun.promise
    await commit(people.map(({ entryUUID }) => directoryPassword(entryUUID, hashSync('new', 4), new Date(1))))
    changed.resolve()
    expect(await Promise.all(binds)).toEqual(people.map(() => ({ refused: 'wrong password' })))
    expect(await Promise.all(people.map(({ dn }) => as(dn, 'secret')))).toEqual(
      people.map(() => ({ refused: 'wrong password' })),
    )
    expect(await Promise.all(people.map(({ dn }) => as(dn, 'new')))).toEqual(people.map((one) => signedIn(one)))
  })

  test('is not kept when it was changed while it was looked at', async () => {
    const started = Promise.withResolvers<void>()
    const changed = Promise.withResolvers<void>()
    const { as, commit } = await start({
      bcrypt: {
        async compare(password, hash) {
          started.resolve()
          const isRight = await pool.compare(password, hash)
          await changed.promise
          return isRight
        },
      },
    })
    const bind = as('ada', 'secret')
    await started.promise
    await commit([directoryPassword(ada.entryUUID, hashSync('new', 4), new Date(0))])
    changed.resolve()
    expect(await bind).toEqual({ refused: 'wrong password' })
    expect(await as('ada', 'secret')).toEqual({ refused: 'wrong password' })
    expect(await as('ada', 'new')).toEqual(signedIn(ada))
  })
})

describe('hundreds of binds in one moment', () => {
  const outcomes = async (binds: readonly Promise<unknown>[]) => {
    const settled = await Promise.allSettled(binds)
    const isBusy = (reason: unknown) => reason instanceof LdapError && reason.resultCode === ResultCode.busy
    const busy = settled.filter((each) => each.status === 'rejected' && isBusy(each.reason)).length
    return { busy, answered: settled.filter(({ status }) => status === 'fulfilled').length }
  }
  const many = <T>(make: (index: number) => T) => Array.from({ length: 300 }, (_, index) => make(index))

  test.each(['ada', 'nobody', `cn=svc,${suffix}`])('are no 300 guesses at %s before the first counts', async (name) => {
    const { as, hashesOf } = await start()
    expect(
      await hashesOf(async () =>
        expect(await outcomes(many((index) => as(name, `guess ${index}`)))).toEqual({ busy: 292, answered: 8 }),
      ),
    ).toBe(8)
    expect(await as('ada', 'secret')).toEqual(signedIn(ada))
  })

  test('are answered when they are of different people, or elsewhere', async () => {
    const { as } = await start()
    const guesses = [...'abcdefgh'].map((guess) => as('ada', guess))
    expect(await as('ada', 'secret', { address: '192.0.2.1' })).toEqual(signedIn(ada))
    expect(await as('strong', 'secret')).toHaveProperty('refused')
    expect(await outcomes(guesses)).toEqual({ busy: 0, answered: 8 })
  })

  test('with one and the same password are no guesses', async () => {
    const { as } = await start()
    expect(await outcomes(many(() => as(`cn=svc,${suffix}`, 'binder-secret')))).toEqual({ busy: 0, answered: 300 })
    for (const name of ['ada', 'nobody'])
      expect(await outcomes(many(() => as(name, 'secret')))).toEqual({ busy: 0, answered: 300 })
  })
})

describe('a password that has to be changed', () => {
  const { key, collection, value } = directoryPassword(ada.entryUUID, secret, new Date(0))
  const change = { key, collection, value: { ...(value as object), mustChange: true } }

  test('lets in only who can change it now, each time after a look at it', async () => {
    const { as, commit, hashesOf } = await start()
    await commit([change])
    expect(await as('ada', 'secret')).toEqual({ refused: 'the password has to be changed first' })
    const canChangePassword = true
    for (let time = 0; time < 2; time += 1)
      expect(
        await hashesOf(async () =>
          expect(await as('ada', 'secret', { canChangePassword })).toEqual({ ...signedIn(ada), mustChange: true }),
        ),
      ).toBe(1)
    expect(await as('ada', 'Secret', { canChangePassword })).toEqual({ refused: 'wrong password' })
  })
})

describe('whoever counts binds', () => {
  const watching = (admit: BindWatch['admit'] = () => undefined) => {
    const seen: (BindAttempt & BindOutcome)[] = []
    return { seen, watch: { admit, ended: (attempt, outcome) => seen.push({ ...attempt, ...outcome }) } as BindWatch }
  }

  test('is told who it was for, from where, through whom, and how it ended', async () => {
    const { watch, seen } = watching()
    const { as } = await start({ watch })
    await as('ada', 'secret', { address: '192.0.2.1', binder: 'svc' })
    await as('ADA@example.com', 'wrong')
    await as(ada.dn, 'wrong')
    await as(ada.dn, 'wronger')
    await as('Nobody', 'wrong')
    await as(`cn=svc,${suffix}`, 'binder-secret')
    const account = { kind: 'person', id: ada.entryUUID }
    const refused = { outcome: 'refused', fingerprint: expect.any(String), binder: undefined, address: '127.0.0.1' }
    expect(seen).toEqual([
      { account, address: '192.0.2.1', binder: 'svc', outcome: 'signed-in', credential: 'directory' },
      { ...refused, account },
      { ...refused, account },
      { ...refused, account },
      { ...refused, account: { kind: 'unknown', id: 'nobody' } },
      {
        account: { kind: 'binder', id: 'svc' },
        address: '127.0.0.1',
        binder: undefined,
        outcome: 'signed-in',
        credential: 'configuration',
      },
    ])
    const [, one, same, other, nobody] = seen.map((each) => (each.outcome === 'refused' ? each.fingerprint : ''))
    expect(same).toBe(one)
    expect(new Set([one, other, nobody]).size).toBe(3)
  })

  test('may refuse at once', async () => {
    const { watch, seen } = watching(() => 'too many failed binds')
    const { as, hashesOf } = await start({ watch })
    const refused = 'too many failed binds'
    for (const name of ['ada', 'nobody', `cn=svc,${suffix}`])
      expect(await hashesOf(async () => expect(await as(name, 'secret')).toEqual({ refused }))).toBe(0)
    expect(seen).toEqual([])
  })

  test('hears of guesses at what a provider said, and of no failure where nothing was found out', async () => {
    const { watch, seen } = watching()
    const { as, commit } = await start({
      watch,
      passwords: { bcryptCost: 4, recentBindMinutes: 10, cachedPassThroughHours: 1, upgradeImported: false },
      signIn: { checkAtProvider: () => Promise.resolve({ outcome: 'unavailable', reason: 'away' }) },
      bcrypt: {
        compare: (password, hash) =>
          hash === secret
            ? pool.compare(password, hash)
            : Promise.reject(new LdapError(ResultCode.busy, 'too many checks')),
      },
    })
    await as('cloud', 'secret')
    await commit([
      credentialChange(cloud.entryUUID, 'provider', {
        kind: 'provider',
        provider: 'contoso',
        sourceId: 'x',
        hash: secret,
        checkedAt: new Date(start0).toISOString(),
      }),
    ])
    await as('cloud', 'guess')
    await expect(as('nobody', 'guess')).rejects.toMatchObject({ resultCode: ResultCode.busy })
    expect(seen.map(({ outcome }) => outcome)).toEqual(['undecided', 'refused', 'undecided'])
  })
})
