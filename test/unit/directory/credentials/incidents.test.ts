import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { activeBlock, readAccount } from '../../../../server/directory/credentials/credential-records.ts'
import { credentialsOf } from '../../../../server/directory/credentials/sign-in-context.ts'
import { signInHistory } from '../../../../server/directory/credentials/sign-in-history.ts'
import { signInState } from '../../../../server/directory/credentials/sign-in-state.ts'
import { Secret, TOTP } from 'otpauth'
import { ada, admin, openTestAccounts, type TestAccounts } from '../../../builders/sign-in-accounts.ts'

let opened: TestAccounts
beforeEach(async () => {
  opened = await openTestAccounts({ ntHash: true })
})
afterEach(() => opened[Symbol.asyncDispose]())

const incidents = () => opened.accounts.incidents
const store = () => opened.directory.store
const state = () => signInState(store(), ada, opened.clock.now())
const isBlocked = async () =>
  activeBlock(readAccount(await store().get('account', [ada])), opened.clock.now()) !== undefined

describe('a block', () => {
  test('holds until it is lifted, and says why, by whom and since when', async () => {
    await incidents().block(ada, { reason: ' laptop stolen ' }, admin)
    expect(await isBlocked()).toBe(true)
    expect((await state()).block).toEqual({
      reason: 'laptop stolen',
      by: 'root',
      since: '2026-03-01T08:00:00.000Z',
      until: null,
      isOver: false,
    })
    opened.clock.advance(400 * 86_400_000)
    expect(await isBlocked()).toBe(true)
    expect(await incidents().unblock(ada, admin)).toBe(true)
    expect(await isBlocked()).toBe(false)
    expect(await incidents().unblock(ada, admin)).toBe(false)
    expect(await store().get('account', [ada])).toBeUndefined()
  })

  test('with an end is over at that moment', async () => {
    await incidents().block(ada, { reason: 'holidays', until: new Date('2026-03-01T09:00:00Z') }, admin)
    opened.clock.advance(3_599_999)
    expect(await isBlocked()).toBe(true)
    opened.clock.advance(1)
    expect(await isBlocked()).toBe(false)
    expect((await state()).block).toMatchObject({ isOver: true })
  })

  test('needs a reason, and an end to come', async () => {
    await expect(incidents().block(ada, { reason: ' ' }, admin)).rejects.toThrow('needs a reason')
    await expect(incidents().block(ada, { reason: 'x', until: opened.clock.now() }, admin)).rejects.toThrow('to come')
    expect(await isBlocked()).toBe(false)
  })

  test('leaves the word on pass-through as it is, and the other way round', async () => {
    await incidents().setPassThrough(ada, 'never', admin)
    await incidents().block(ada, { reason: 'laptop stolen' }, admin)
    expect(await state()).toMatchObject({ passThrough: 'never', block: { reason: 'laptop stolen' } })
    await incidents().setPassThrough(ada, null, admin)
    expect(await state()).toMatchObject({ passThrough: null, block: { reason: 'laptop stolen' } })
  })
})

describe('revoking', () => {
  async function giveEverything(): Promise<void> {
    const { passwords, appPasswords, secondFactors } = opened.accounts
    await passwords.set(ada, 'quiet otter paints seven violins', {}, admin)
    await appPasswords.add(ada, { name: 'phone' }, admin)
    await appPasswords.add(ada, { name: 'printer' }, admin)
    const { secret } = await secondFactors.begin(ada, admin)
    const app = new TOTP({ secret: Secret.fromBase32(secret.replaceAll(' ', '')) })
    await secondFactors.confirm(ada, app.generate({ timestamp: opened.clock.now().getTime() }), admin)
    const kept = { kind: 'provider', provider: 'contoso', sourceId: '1', hash: '$2b$08$x', checkedAt: 'then' } as const
    await opened.directory.commit({
      cause: { kind: 'server', id: 'test' },
      entries: [],
      records: [{ collection: 'credential', key: [ada, 'provider'], value: kept }],
    })
  }

  test('takes away every password, and leaves the second factor', async () => {
    await giveEverything()
    expect(await incidents().revoke(ada, { secondFactor: false }, admin)).toEqual({
      directoryPassword: true,
      appPasswords: 2,
      providerPassword: true,
      secondFactor: false,
      importedPasswords: 0,
    })
    expect([...(await credentialsOf(store(), ada)).keys()]).toEqual(['totp'])
    expect(await state()).toMatchObject({ ntHash: false, secondFactor: { isConfirmed: true, recoveryCodes: 10 } })
  })

  test('takes the second factor too when asked to', async () => {
    await giveEverything()
    expect(await incidents().revoke(ada, { secondFactor: true }, admin)).toMatchObject({ secondFactor: true })
    expect((await credentialsOf(store(), ada)).size).toBe(0)
    expect(await store().get('sealed', ['totp', ada])).toBeUndefined()
  })

  test('of nothing is told too, so that what a bind remembers is void', async () => {
    const written: string[] = []
    await opened.directory.follow({
      take: async ({ accounts }) => void written.push(...accounts.map(({ key }) => key.join('/'))),
    })
    await incidents().revoke(ada, { secondFactor: false }, admin)
    expect(written).toEqual(expect.arrayContaining([`${ada}/directory`, `${ada}/provider`]))
  })
})

test('a block ends what was kept of the last check', async () => {
  const kept = { kind: 'provider', provider: 'contoso', sourceId: '1', hash: '$2b$08$x', checkedAt: 'then' } as const
  await opened.directory.commit({
    cause: { kind: 'server', id: 'test' },
    entries: [],
    records: [{ collection: 'credential', key: [ada, 'provider'], value: kept }],
  })
  await incidents().block(ada, { reason: 'laptop stolen' }, admin)
  expect(await credentialsOf(store(), ada)).toEqual(new Map())
})

test('pass-through that is switched off ends what was kept of the last check', async () => {
  const kept = { kind: 'provider', provider: 'contoso', sourceId: '1', hash: '$2b$08$x', checkedAt: 'then' } as const
  await opened.directory.commit({
    cause: { kind: 'server', id: 'test' },
    entries: [],
    records: [{ collection: 'credential', key: [ada, 'provider'], value: kept }],
  })
  await incidents().setPassThrough(ada, 'never', admin)
  expect(await state()).toMatchObject({ passThrough: 'never', providerPassword: null })
})

test('the history keeps the last hundred events, latest first', async () => {
  for (let n = 1; n <= 60; n += 1) {
    await incidents().block(ada, { reason: `reason ${n}` }, admin)
    await incidents().unblock(ada, admin)
  }
  const history = await signInHistory(store(), ada)
  expect(history).toHaveLength(100)
  expect(history[1]).toMatchObject({ event: 'sign-in blocked', details: { reason: 'reason 60' } })
  expect(history.at(-1)).toMatchObject({ event: 'sign-in blocked', details: { reason: 'reason 11' } })
})

describe('whoever is signed in to the own page while that ends', () => {
  const password = 'quiet otter paints seven violins'
  const tooLate = 'You are signed out. Sign in again.'
  const leaving = { kind: 'user', id: ada, mayStill: () => Promise.resolve(false) } as const

  test('gives themselves nothing that outlives it', async () => {
    const { passwords, appPasswords, secondFactors } = opened.accounts
    await expect(passwords.set(ada, password, {}, leaving)).rejects.toThrow(tooLate)
    await expect(appPasswords.add(ada, { name: 'phone' }, leaving)).rejects.toThrow(tooLate)
    await expect(secondFactors.begin(ada, leaving)).rejects.toThrow(tooLate)
    expect([...(await credentialsOf(store(), ada))]).toEqual([])
    expect(opened.logged).toEqual([])
  })

  test('is asked when it is written, after everything that was decided before', async () => {
    let isSignedIn = true
    const person = { kind: 'user', id: ada, mayStill: () => Promise.resolve(isSignedIn) } as const
    const revoked = opened.directory.commitFrom(() => {
      isSignedIn = false
      return Promise.resolve(undefined)
    })
    await expect(opened.accounts.appPasswords.add(ada, { name: 'phone' }, person)).rejects.toThrow(tooLate)
    await revoked
    isSignedIn = true
    expect((await opened.accounts.appPasswords.add(ada, { name: 'phone' }, person)).added.name).toBe('phone')
  })
})
