import { Secret, TOTP, URI } from 'otpauth'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { TotpSetup } from '../../../../server/directory/credentials/second-factors.ts'
import { credentialsOf } from '../../../../server/directory/credentials/sign-in-context.ts'
import { signInHistory } from '../../../../server/directory/credentials/sign-in-history.ts'
import { ada, admin, openTestAccounts, type TestAccounts } from '../../../builders/sign-in-accounts.ts'

let opened: TestAccounts
beforeEach(async () => {
  opened = await openTestAccounts()
})
afterEach(() => opened[Symbol.asyncDispose]())

const factors = () => opened.accounts.secondFactors
const redeem = (code: string) => factors().redeem(ada, code)

/** The code that an app shows for the set-up, so many steps from now. */
function codeOf({ secret }: TotpSetup, steps = 0): string {
  const app = new TOTP({ secret: Secret.fromBase32(secret.replaceAll(' ', '')) })
  return app.generate({ timestamp: opened.clock.now().getTime() + steps * 30_000 })
}

async function confirmed(): Promise<{ setup: TotpSetup; recoveryCodes: readonly string[] }> {
  const setup = await factors().begin(ada, admin)
  const recoveryCodes = (await factors().confirm(ada, codeOf(setup), admin)) ?? []
  opened.clock.advance(60_000)
  return { setup, recoveryCodes }
}

describe('a second factor', () => {
  test('is what authenticator apps read: issuer, user name, SHA-1, six digits, 30 seconds, 160 bits', async () => {
    const { uri, secret } = await factors().begin(ada, admin)
    const read = URI.parse(uri)
    expect(read).toMatchObject({ issuer: 'Lighthouse', label: 'ada', algorithm: 'SHA1', digits: 6, period: 30 })
    expect(secret).toMatch(/^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$/)
    expect(read.secret.base32).toBe(secret.replaceAll(' ', ''))
  })

  test('is asked for only when a code of it was given; before that it can be begun anew', async () => {
    const first = await factors().begin(ada, admin)
    expect(await redeem(codeOf(first))).toBe(false)
    const second = await factors().begin(ada, admin)
    expect(await factors().confirm(ada, codeOf(first), admin)).toBeUndefined()
    expect(await factors().confirm(ada, '000000', admin)).toBeUndefined()
    expect(await factors().confirm(ada, codeOf(second), admin)).toHaveLength(10)
    expect(await factors().confirm(ada, codeOf(second, 1), admin)).toBeUndefined()
    await expect(factors().begin(ada, admin)).rejects.toThrow('there is a second factor already')
  })

  test('takes each code once, and no code of a step before one that was taken', async () => {
    const { setup } = await confirmed()
    const code = codeOf(setup)
    const before = codeOf(setup, -1)
    expect(await Promise.all([redeem(code), redeem(code), redeem(code)])).toEqual([true, false, false])
    expect(await redeem(before)).toBe(false)
    expect(await redeem(codeOf(setup, 1))).toBe(true)
  })

  test('does not take the code that confirmed it a second time', async () => {
    const setup = await factors().begin(ada, admin)
    const code = codeOf(setup)
    await factors().confirm(ada, code, admin)
    expect(await redeem(code)).toBe(false)
  })

  test('takes the codes of one step around now, and no others', async () => {
    const { setup } = await confirmed()
    opened.clock.advance(600_000)
    expect(await redeem(codeOf(setup, -2))).toBe(false)
    expect(await redeem(codeOf(setup, 2))).toBe(false)
    expect(await redeem(codeOf(setup, -1))).toBe(true)
    expect(await redeem(codeOf(setup, 1))).toBe(true)
  })

  test.each(['', '12345', '1234567', '12345a', ' ', 'none', '１２３４５６'])('takes no "%s"', async (text) => {
    await confirmed()
    expect(await redeem(text)).toBe(false)
  })

  test('ends when it is taken away, and another can be set up', async () => {
    const { setup, recoveryCodes } = await confirmed()
    expect(await factors().remove(ada, admin)).toBe(true)
    expect(await redeem(codeOf(setup))).toBe(false)
    expect(await redeem(recoveryCodes[0] ?? '')).toBe(false)
    expect(await opened.sealed.read(['totp', ada])).toBeUndefined()
    expect(await factors().remove(ada, admin)).toBe(false)
    expect((await factors().begin(ada, admin)).secret).not.toBe(setup.secret)
  })

  test('leaves who did what in the history, and no secret there, in the log or readable in the store', async () => {
    const { setup, recoveryCodes } = await confirmed()
    await redeem(codeOf(setup))
    await redeem(recoveryCodes[0] ?? '')
    const history = await signInHistory(opened.directory.store, ada)
    expect(history.map(({ event }) => event)).toEqual([
      'recovery code used',
      'second factor confirmed',
      'second factor begun',
    ])
    const seen = JSON.stringify([
      history,
      opened.logged,
      [...(await credentialsOf(opened.directory.store, ada))],
      await opened.directory.store.get('sealed', ['totp', ada]),
    ])
    for (const secret of [setup.secret, setup.secret.replaceAll(' ', ''), ...recoveryCodes])
      expect(seen).not.toContain(secret)
  })
})

describe('recovery codes', () => {
  test('are ten, each good once, in any case and with or without hyphens', async () => {
    const { recoveryCodes } = await confirmed()
    expect(new Set(recoveryCodes).size).toBe(10)
    for (const code of recoveryCodes) expect(code).toMatch(/^[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}$/)
    const [first = '', second = '', third = ''] = recoveryCodes
    expect(await Promise.all([redeem(first), redeem(first)])).toEqual([true, false])
    expect(await redeem(second.toUpperCase())).toBe(true)
    expect(await redeem(` ${third.replaceAll('-', ' ')} `)).toBe(true)
    expect(await redeem(third)).toBe(false)
    expect(await redeem('aaaa-aaaa-aaaa')).toBe(false)
  })

  test('that are renewed end the old ones', async () => {
    expect(await factors().renewRecoveryCodes(ada, admin)).toBeUndefined()
    const { recoveryCodes } = await confirmed()
    const renewed = (await factors().renewRecoveryCodes(ada, admin)) ?? []
    expect(renewed).toHaveLength(10)
    expect(await redeem(recoveryCodes[0] ?? '')).toBe(false)
    expect(await redeem(renewed[0] ?? '')).toBe(true)
  })
})
