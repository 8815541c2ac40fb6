import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createBcryptPool } from '../../../../server/directory/authentication/bcrypt-pool.ts'
import type { DirectoryPassword } from '../../../../server/directory/credentials/credential-records.ts'
import { credentialsOf } from '../../../../server/directory/credentials/sign-in-context.ts'
import { signInHistory } from '../../../../server/directory/credentials/sign-in-history.ts'
import { ada, admin, frank, openTestAccounts, type TestAccounts } from '../../../builders/sign-in-accounts.ts'

let opened: TestAccounts
beforeEach(async () => {
  opened = await openTestAccounts()
})
afterEach(() => opened[Symbol.asyncDispose]())

const good = (n: number) => `quiet otter ${n} paints seven violins`
const set = (password: string) => opened.accounts.passwords.set(ada, password, {}, admin)
async function stored(): Promise<DirectoryPassword | undefined> {
  const record = (await credentialsOf(opened.directory.store, ada)).get('directory')
  return record?.kind === 'directory' ? record : undefined
}
async function isPassword(password: string): Promise<boolean> {
  await using bcrypt = createBcryptPool(1)
  return await bcrypt.compare(password, (await stored())?.hash ?? '')
}

describe('a password that is set', () => {
  test('is kept as a bcrypt hash, and who set it is in the history and in the log, the password nowhere', async () => {
    expect(await set(good(1))).toEqual({ set: true })
    expect(await isPassword(good(1))).toBe(true)
    expect(await stored()).toMatchObject({ mustChange: false, setAt: '2026-03-01T08:00:00.000Z', previous: [] })
    expect(await signInHistory(opened.directory.store, ada)).toEqual([
      { time: '2026-03-01T08:00:00.000Z', by: 'admin:root', event: 'password set', details: { mustChange: false } },
    ])
    expect(opened.logged).toMatchObject([{ by: 'admin:root', entryUUID: ada, event: 'password set' }])
    expect(JSON.stringify(opened.logged)).not.toContain('otter')
  })

  test('may be none of the last five', async () => {
    for (const n of [1, 2, 3, 4, 5]) expect(await set(good(n))).toEqual({ set: true })
    for (const n of [1, 2, 3, 4, 5])
      expect(await set(good(n))).toMatchObject({ set: false, why: 'policy', refusal: { code: 'used' } })
    expect(await set(good(6))).toEqual({ set: true })
    expect(await set(good(1))).toEqual({ set: true })
    expect((await stored())?.previous).toHaveLength(4)
  })

  test('must keep to the policy; what was there stays', async () => {
    await set(good(1))
    expect(await set('lovelace paints seven')).toMatchObject({ set: false, refusal: { code: 'containsName' } })
    expect(await set('short')).toMatchObject({ set: false, refusal: { code: 'tooShort' } })
    expect(await isPassword(good(1))).toBe(true)
  })

  test('can be one that has to be changed', async () => {
    await opened.accounts.passwords.set(ada, good(1), { mustChange: true }, admin)
    expect(await stored()).toMatchObject({ mustChange: true })
  })

  test('of somebody in a file is refused, whoever asks', async () => {
    const { passwords } = opened.accounts
    const why = 'The password is kept in the file of Seed; change it there.'
    expect(await passwords.set(frank, good(1), {}, admin)).toEqual({ set: false, why: 'not-here', message: why })
    await expect(passwords.reset(frank, admin)).rejects.toThrow(why)
    expect(await passwords.change({ entryUUID: frank, oldPassword: 'x', newPassword: good(1) })).toMatchObject({
      changed: false,
      why: 'not-here',
    })
  })
})

test('a reset gives a password for once: the old one ends, and the next one clears the mark', async () => {
  await set(good(1))
  const once = await opened.accounts.passwords.reset(ada, admin)
  expect(once).toMatch(/^[a-z2-7]{5}(-[a-z2-7]{5}){3}$/)
  expect(await isPassword(once)).toBe(true)
  expect(await stored()).toMatchObject({ mustChange: true })
  expect(await set(once)).toMatchObject({ refusal: { code: 'used' } })
  expect(await set(good(1))).toMatchObject({ refusal: { code: 'used' } })
  await set(good(2))
  expect(await stored()).toMatchObject({ mustChange: false })
  expect((await stored())?.previous).toHaveLength(1)
})

test('a password that is removed is gone, and was there once', async () => {
  await set(good(1))
  expect(await opened.accounts.passwords.remove(ada, admin)).toBe(true)
  expect(await stored()).toBeUndefined()
  expect(await opened.accounts.passwords.remove(ada, admin)).toBe(false)
  expect((await signInHistory(opened.directory.store, ada))[0]).toMatchObject({ event: 'password removed' })
})

test.each(['revoked', 'removed'])('a password that was %s may not be set again soon', async (how) => {
  const { passwords, incidents } = opened.accounts
  const takeAway = () =>
    how === 'revoked' ? incidents.revoke(ada, { secondFactor: false }, admin) : passwords.remove(ada, admin)
  for (const n of [1, 2]) await set(good(n))
  await takeAway()
  await takeAway()
  for (const n of [1, 2]) expect(await set(good(n))).toMatchObject({ set: false, refusal: { code: 'used' } })
  await set(good(3))
  await takeAway()
  for (const n of [1, 2, 3]) expect(await set(good(n))).toMatchObject({ set: false, refusal: { code: 'used' } })
  for (const n of [4, 5, 6]) expect(await set(good(n))).toEqual({ set: true })
  expect(await opened.directory.store.get('account', [ada])).toBeUndefined()
  expect(await set(good(1))).toEqual({ set: true })
})

test('who gets a password from an administrator is not held up by failures with the old one; a person is', async () => {
  const { directory, accounts } = opened
  const failures = { count: 20, lastAt: '2026-03-01T07:59:00.000Z', blockedUntil: '2026-03-01T09:00:00.000Z' }
  const keys = [
    ['account', 'person', ada],
    ['pair', 'person', ada, '192.0.2.1'],
    ['pair', 'person', frank, '192.0.2.1'],
    ['address', '192.0.2.1'],
  ]
  await directory.commit({
    cause: { kind: 'server', id: 'test' },
    entries: [],
    records: keys.map((key) => ({ collection: 'throttle', key, value: failures }) as const),
  })
  const counted = async () => {
    const found: string[] = []
    for await (const { key } of directory.store.list('throttle')) found.push(key.slice(0, 3).join(' '))
    return found
  }
  await accounts.passwords.change({ entryUUID: ada, oldPassword: 'x', newPassword: good(1) })
  expect(await counted()).toHaveLength(4)
  await set(good(2))
  expect(await counted()).toEqual(['address 192.0.2.1', `pair person ${frank}`])
})

describe('a person who changes the password', () => {
  const change = (oldPassword: string, newPassword: string | undefined) =>
    opened.accounts.passwords.change({ entryUUID: ada, oldPassword, newPassword })

  test('has to know the old one', async () => {
    await set(good(1))
    for (const wrong of ['', 'wrong', `${good(1)} `, `${good(1)}\0`, 'x'.repeat(100)])
      expect(await change(wrong, good(2))).toMatchObject({ changed: false, why: 'wrong-old' })
    expect(await change(good(1), good(2))).toEqual({ changed: true, generated: undefined })
    expect(await isPassword(good(2))).toBe(true)
    expect((await signInHistory(opened.directory.store, ada))[0]).toMatchObject({
      by: `user:${ada}`,
      event: 'password set',
    })
  })

  test.each([
    ['short', 'too-short'],
    ['quiet otter '.repeat(7), 'too-long'],
    ['qwertyuiop123', 'weak'],
    ['lovelace paints seven', 'weak'],
    [good(1), 'used-before'],
  ])('is told which rule %s breaks', async (password, rule) => {
    await set(good(1))
    expect(await change(good(1), password)).toMatchObject({ changed: false, why: 'policy', rule })
    expect(await isPassword(good(1))).toBe(true)
  })

  test('gets one when none is named', async () => {
    await set(good(1))
    const result = await change(good(1), undefined)
    const generated = result.changed ? (result.generated ?? '') : ''
    expect(await isPassword(generated)).toBe(true)
    expect(await stored()).toMatchObject({ mustChange: false })
  })

  test('gets one of two changes that are made at once, not both', async () => {
    await set(good(1))
    const results = await Promise.all([change(good(1), good(2)), change(good(1), good(3))])
    expect(results.filter(({ changed }) => changed)).toHaveLength(1)
    expect((await stored())?.previous).toHaveLength(1)
  })

  test('cannot when none was ever set', async () => {
    expect(await change('anything', good(1))).toMatchObject({ changed: false, why: 'not-here' })
  })

  test('cannot while sign-in is blocked, and is not told so', async () => {
    await set(good(1))
    await opened.accounts.incidents.block(ada, { reason: 'laptop stolen' }, admin)
    expect(await change(good(1), good(2))).toEqual(await change('wrong', good(2)))
    await opened.accounts.incidents.unblock(ada, admin)
    expect(await change(good(1), good(2))).toMatchObject({ changed: true })
  })
})

describe('the NT hash', () => {
  const ntHash = () => opened.sealed.read(['nt-hash', ada])

  test('is not kept unless the setting asks for it', async () => {
    await set(good(1))
    expect(await ntHash()).toBeUndefined()
  })

  test('is kept encrypted, follows the password, and ends with one for once', async () => {
    await opened[Symbol.asyncDispose]()
    opened = await openTestAccounts({ ntHash: true })
    await set(good(1))
    const first = await ntHash()
    expect(first).toMatch(/^[0-9A-F]{32}$/)
    expect(JSON.stringify(await opened.directory.store.get('sealed', ['nt-hash', ada]))).not.toContain(first)
    await set(good(2))
    expect(await ntHash()).toMatch(/^[0-9A-F]{32}$/)
    expect(await ntHash()).not.toBe(first)
    await opened.accounts.passwords.reset(ada, admin)
    expect(await ntHash()).toBeUndefined()
  })
})
