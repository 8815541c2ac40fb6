import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SignInErrorCode } from '../../demo/entra/sign-in-error.ts'
import type { OktaCredentials } from '../../demo/okta/objects.ts'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import type { IdentityProvider } from '../../sync/identity-provider.ts'
import type { PasswordVerdict } from '../../sync/password-verdict.ts'
import { aUser } from '../unit/sync/source-builders.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'
import { entraUserId, fillSmallTenants, oktaUserId } from './small-tenants.ts'
import { entraSettings, oktaSettings, openSync, startTrustedTenants } from './sync-fixture.ts'

/*
 * One question to the cloud about one password, over HTTPS and with the vendors' clients.
 */

let tenants: SimulatedTenants
let clock: FakeClock
beforeEach(async () => {
  clock = fakeClock()
  tenants = await startTrustedTenants({ data: 'empty', now: () => clock.now() })
  fillSmallTenants(tenants)
  for (let n = 1; n <= 5; n++) {
    tenants.entra.tenant.directory.credentials(entraUserId(n)).password = `right ${n}`
    tenants.okta.tenant.directory.credentials(oktaUserId(n)).password = `right ${n}`
  }
})
afterEach(() => tenants.close())

interface Asked {
  /** Whose the password should be. */
  readonly id?: string
  readonly login?: string
  readonly password?: string
  readonly address?: string
  readonly record?: object
}

type Ask = (asked?: Asked) => Promise<PasswordVerdict | undefined>

function asking(provider: IdentityProvider | undefined, defaults: { id: string; login: string }): Ask {
  return async ({
    id = defaults.id,
    login = defaults.login,
    password = 'right 1',
    address = '192.0.2.7',
    record = {},
  } = {}) =>
    await provider?.checkPassword?.(
      {
        user: { ...aUser({ id, userPrincipalName: login }), record: record as never },
        password,
        clientAddress: address,
        requestId: 'of a test',
      },
      new AbortController().signal,
    )
}

async function entra(changes: object = {}): Promise<Ask> {
  const { providers } = await openSync({ providers: [entraSettings(tenants, changes)], clock })
  return asking(providers[0], { id: entraUserId(1), login: 'person1@contoso.example' })
}

async function okta(changes: object = {}): Promise<Ask> {
  const { providers } = await openSync({ providers: [oktaSettings(tenants, changes)], clock })
  return asking(providers[0], { id: oktaUserId(1), login: 'worker1@acme.example' })
}

const refused = (reason: RegExp) => ({ outcome: 'refused', reason: expect.stringMatching(reason) as string })
const wrong = (reason: RegExp) => ({ outcome: 'wrong', reason: expect.stringMatching(reason) as string })
const unavailable = (reason: RegExp, needsAdministrator = false) => ({
  outcome: 'unavailable',
  reason: expect.stringMatching(reason) as string,
  needsAdministrator,
})

const tokenCalls = () => tenants.entra.tenant.calls.filter(({ path }) => path.includes('/token')).length

describe('Entra ID', () => {
  const person = () => tenants.entra.tenant.directory.credentials(entraUserId(1))
  const application = () => tenants.entra.tenant.application

  test('a right password is right, by the secret of the app registration, a public client, or an app of its own', async () => {
    expect(await (await entra())()).toEqual({ outcome: 'right' })
    expect(await (await entra({ credentials: [{ kind: 'delegated' }] }))()).toEqual({ outcome: 'right' })
    expect(await (await entra({ passThroughClientId: tenants.entra.clientId }))()).toEqual({ outcome: 'right' })
    expect(await (await entra({ passThroughClientId: 'another' }))()).toMatchObject(
      unavailable(/application does not exist in this tenant .*AADSTS700016/, true),
    )
  })

  test.each<[SignInErrorCode, object]>([
    [50055, refused(/^contoso: the password was right and has expired \(AADSTS50055\)$/)],
    [50056, refused(/no password in the tenant/)],
    [50057, refused(/the account is disabled/)],
    [50072, refused(/multi-factor authentication has to be set up/)],
    [50074, refused(/multi-factor authentication is demanded/)],
    [50076, refused(/multi-factor authentication is demanded/)],
    [50079, refused(/multi-factor authentication has to be set up/)],
    [50158, refused(/another security check/)],
    [50173, refused(/AADSTS50173/)],
    [53003, refused(/Conditional Access/)],
    [530001, refused(/the sign-in was refused \(AADSTS530001\)/)],
    [700082, refused(/AADSTS700082/)],
    [65001, unavailable(/AADSTS65001.*Grant admin consent for the delegated permission User\.Read/, true)],
    [90094, unavailable(/AADSTS90094.*Grant admin consent/, true)],
    [9001023, unavailable(/AADSTS9001023.*Set tenantId/, true)],
    [7000112, unavailable(/application is disabled/, true)],
    [7000222, unavailable(/client secret has expired/, true)],
    [700027, unavailable(/certificate is unknown/, true)],
    [90002, unavailable(/tenant was not found/, true)],
    [90033, unavailable(/busy or failed|failed in passing/)],
    [70003, unavailable(/contoso: token request/)],
    [90014, unavailable(/contoso: token request/, true)],
  ])('AADSTS%i', async (code, verdict) => {
    person().signIn = code
    expect(await (await entra())()).toMatchObject(verdict)
  })

  test('a wrong password is wrong, and the tenth locks', async () => {
    const ask = await entra()
    for (let attempt = 1; attempt <= 10; attempt++)
      expect(await ask({ password: 'other' })).toMatchObject(wrong(/wrong password.*AADSTS50126/))
    expect(await ask()).toMatchObject(refused(/locked by smart lockout.*AADSTS50053/))
  })

  test('users of a federated domain, guests, and names the tenant does not have', async () => {
    const { directory } = tenants.entra.tenant
    directory.addUser({ id: entraUserId(7), userPrincipalName: 'fed@legacy.fabrikam.example' }, { password: 'right 1' })
    directory.addUser({ id: entraUserId(8), userPrincipalName: 'g_x.example#EXT#@contoso.example', userType: 'Guest' })
    const ask = await entra()
    expect(await ask({ id: entraUserId(7), login: 'fed@legacy.fabrikam.example' })).toMatchObject(wrong(/federated/))
    expect(await ask({ id: entraUserId(8), login: 'g_x.example#EXT#@contoso.example' })).toMatchObject(
      refused(/guests/),
    )
    expect(await ask({ login: 'nobody@contoso.example' })).toMatchObject(refused(/no such user.*AADSTS50034/))
  })

  test('a password with blanks at its ends is refused without a question', async () => {
    const ask = await entra()
    expect(await ask({ password: 'right 1 ' })).toMatchObject(refused(/begins or ends with a blank/))
    expect(await ask({ password: '\tright 1' })).toMatchObject(refused(/begins or ends with a blank/))
    expect(tokenCalls()).toBe(0)
  })

  test('the password of whoever has the name now, or of another tenant, is not the password of the person', async () => {
    const ask = await entra()
    expect(await ask({ id: entraUserId(2) })).toMatchObject(refused(/another user.*a sync is due/))
    application().tenantOfPeople = entraUserId(9)
    expect(await ask()).toMatchObject(refused(/another tenant/))
  })

  test('without a secret where one is demanded, and with a wrong one, the set-up is named', async () => {
    application().allowsPublicClient = false
    expect(await (await entra({ passThroughClientId: tenants.entra.clientId }))()).toMatchObject(
      unavailable(/AADSTS7000218.*Allow public client flows/, true),
    )
    const secret = (clientSecret: string) => ({ kind: 'application', clientSecret })
    const ask = await entra({ credentials: [secret('wrong'), secret(tenants.entra.clientSecret)] })
    expect(await ask()).toMatchObject(unavailable(/client secret is wrong.*AADSTS7000215/, true))
    expect(tokenCalls()).toBe(2)
    // The next check tries the next credential: the refused one was not repeated with the same password.
    expect(await ask()).toEqual({ outcome: 'right' })
    expect(await (await entra({ tenantId: 'contoso.example' }))()).toMatchObject(unavailable(/is not the GUID/, true))
  })

  test.each([
    [{ kind: 'server-error', status: 500 }, /busy or failed|failed/],
    [{ kind: 'throttled' }, /busy or failed/],
    [{ kind: 'html', status: 502 }, /busy or failed/],
    [{ kind: 'html', status: 200 }, /contoso: token request/],
    [{ kind: 'html', status: 404 }, /contoso: token request/],
    [{ kind: 'reset' }, /could not be reached/],
    [{ kind: 'reset-in-body' }, /could not be reached/],
    [{ kind: 'truncated-json' }, /contoso: token request/],
  ] as const)('%o says nothing about the person, and is not repeated', async (fault, reason) => {
    tenants.entra.tenant.faults.add({ ...fault, path: '/token', times: Number.POSITIVE_INFINITY })
    expect(await (await entra())()).toMatchObject(unavailable(reason))
    expect(tokenCalls()).toBe(1)
  })

  test('silence ends with the time-out', async () => {
    tenants.entra.tenant.faults.add({ kind: 'silence', path: '/token' })
    expect(await (await entra({ requestTimeoutSeconds: 0.3 }))()).toMatchObject({
      ...unavailable(/could not be reached/),
      isLate: true,
    })
  })

  test('a throttled answer for one person is not given to the next', async () => {
    tenants.entra.tenant.faults.add({ kind: 'throttled', path: '/token', retryAfter: 3600 })
    const ask = await entra()
    expect(await ask()).toMatchObject(unavailable(/busy or failed/))
    expect(await ask({ id: entraUserId(2), login: 'person2@contoso.example', password: 'right 2' })).toEqual({
      outcome: 'right',
    })
  })

  test('20 checks run at once, 60 wait, and more are turned away', async () => {
    const ask = await entra({ requestTimeoutSeconds: 1 })
    tenants.entra.tenant.faults.add({ kind: 'silence', path: '/token', times: Number.POSITIVE_INFINITY })
    const verdicts = await Promise.all(Array.from({ length: 90 }, (_, n) => ask({ password: `guess ${n}` })))
    const count = (reason: RegExp) => verdicts.filter((verdict) => reason.test(JSON.stringify(verdict))).length
    expect(verdicts.every((verdict) => verdict?.outcome === 'unavailable')).toBe(true)
    expect(count(/too many password checks wait/)).toBe(10)
  })

  test('discovery happens once, and people in parallel get answers of their own', async () => {
    const ask = await entra()
    await ask()
    const people = [1, 2, 3, 4, 5].flatMap((n) => [
      { id: entraUserId(n), login: `person${n}@contoso.example`, password: `right ${n}` },
      { id: entraUserId(n), login: `person${n}@contoso.example`, password: `right ${n + 1}` },
    ])
    const outcomes = await Promise.all(people.map(async (one) => (await ask(one))?.outcome))
    expect(outcomes).toEqual(people.map((_, at) => (at % 2 === 0 ? 'right' : 'wrong')))
    const discoveries = tenants.entra.tenant.calls.filter(({ path }) => path.includes('openid-configuration'))
    expect(discoveries).toHaveLength(1)
  })
})

describe('Okta', () => {
  const person = () => tenants.okta.tenant.directory.credentials(oktaUserId(1))
  const authnCalls = () => tenants.okta.tenant.calls.filter(({ path }) => path === '/api/v1/authn').length

  test.each<[OktaCredentials['signIn'], object]>([
    ['allowed', { outcome: 'right' }],
    ['password-warn', { outcome: 'right' }],
    [
      'mfa-required',
      refused(/^acme: the password was right; multi-factor authentication is demanded \(MFA_REQUIRED\)$/),
    ],
    ['mfa-challenge', refused(/MFA_CHALLENGE/)],
    ['mfa-enroll', refused(/has to be set up first \(MFA_ENROLL\)/)],
    ['mfa-enroll-activate', refused(/MFA_ENROLL_ACTIVATE/)],
    ['password-reset', refused(/must be changed first \(PASSWORD_RESET\)/)],
    ['unheard-of', refused(/not known here \(FACE_REQUIRED\)/)],
  ])('%s', async (signIn, verdict) => {
    person().signIn = signIn
    expect(await (await okta())()).toMatchObject(verdict)
  })

  test.each([
    ['PASSWORD_EXPIRED', refused(/has expired \(PASSWORD_EXPIRED\)/)],
    ['RECOVERY', refused(/PASSWORD_RESET/)],
    ['LOCKED_OUT', wrong(/401 E0000004/)],
    ['SUSPENDED', wrong(/401 E0000004/)],
    ['DEPROVISIONED', wrong(/401 E0000004/)],
    ['STAGED', wrong(/401 E0000004/)],
  ] as const)('an account that is %s', async (status, verdict) => {
    tenants.okta.tenant.directory.setStatus(oktaUserId(1), status)
    expect(await (await okta())()).toMatchObject(verdict)
  })

  test('a lock-out that the policy shows is a refusal', async () => {
    tenants.okta.tenant.showsLockout = true
    tenants.okta.tenant.directory.setStatus(oktaUserId(1), 'LOCKED_OUT')
    expect(await (await okta())()).toMatchObject(refused(/locked.*LOCKED_OUT/))
  })

  test('a wrong password and an unknown login are wrong', async () => {
    const ask = await okta()
    expect(await ask({ password: 'other' })).toMatchObject(wrong(/wrong password, or the account is locked/))
    expect(await ask({ login: 'nobody@acme.example' })).toMatchObject(wrong(/unknown/))
  })

  test('the password of whoever has the login now is not the password of the person', async () => {
    expect(await (await okta())({ id: oktaUserId(2) })).toMatchObject(refused(/another user.*a sync is due/))
  })

  test('the address of the client is told with an API token, and with nothing else', async () => {
    const { signInAddresses } = tenants.okta.tenant
    await (await okta())({ address: '::ffff:192.0.2.7' })
    const oauth = { clientId: '0oa', privateKeyFile: '/nowhere' }
    expect(await (await okta({ apiToken: null, oauth }))()).toEqual({ outcome: 'right' })
    expect(signInAddresses).toEqual(['192.0.2.7', undefined])
  })

  test('an API token that is refused is named, and the password is not sent without it', async () => {
    tenants.okta.tenant.apiTokens.clear()
    expect(await (await okta())()).toMatchObject(unavailable(/refuses the API token \(401 E0000011\)/, true))
    expect(authnCalls()).toBe(1)
  })

  test.each([
    [{ kind: 'server-error', status: 500 }, /Okta failed \(500 E0000009\)/],
    [{ kind: 'throttled' }, /throttles password checks \(429 E0000047\)/],
    [{ kind: 'throttled', retryAfter: null }, /throttles password checks/],
    [{ kind: 'html', status: 502 }, /answered 502 without JSON/],
    [{ kind: 'html', status: 200 }, /answered 200 without JSON/],
    [{ kind: 'html', status: 401 }, /answered 401 without JSON/],
    [{ kind: 'truncated-json' }, /without JSON/],
    [{ kind: 'reset' }, /no answer from Okta/],
    [{ kind: 'reset-in-body' }, /cut short/],
  ] as const)('%o says nothing about the person, and is not repeated', async (fault, reason) => {
    tenants.okta.tenant.faults.add({ ...fault, path: '/authn' })
    expect(await (await okta())()).toMatchObject(unavailable(reason))
    expect(authnCalls()).toBe(1)
  })

  test('silence ends with the time-out', async () => {
    tenants.okta.tenant.faults.add({ kind: 'silence', path: '/authn' })
    expect(await (await okta({ requestTimeoutSeconds: 0.3 }))()).toMatchObject({
      ...unavailable(/within 0\.3 s/),
      isLate: true,
    })
  })

  test('5 checks run at once, 60 wait, and more are turned away', async () => {
    const ask = await okta({ requestTimeoutSeconds: 1 })
    tenants.okta.tenant.faults.add({ kind: 'silence', path: '/authn', times: Number.POSITIVE_INFINITY })
    const verdicts = await Promise.all(Array.from({ length: 70 }, (_, n) => ask({ password: `guess ${n}` })))
    const turnedAway = verdicts.filter((verdict) => JSON.stringify(verdict).includes('too many password checks wait'))
    expect(turnedAway).toHaveLength(5)
  })

  test('one name that is throttled waits, and the others do not', async () => {
    const ask = await okta()
    tenants.okta.tenant.rateLimits.authnPerUserAndSecond = 1
    expect(await ask()).toEqual({ outcome: 'right' })
    expect(await ask()).toMatchObject(unavailable(/rate limit|throttles/))
    const calls = authnCalls()
    expect(await ask()).toMatchObject(unavailable(/rate limit of Okta is used up/))
    expect(authnCalls()).toBe(calls)
    expect(await ask({ id: oktaUserId(2), login: 'worker2@acme.example', password: 'right 2' })).toEqual({
      outcome: 'right',
    })
    clock.advance(3000)
    expect(await ask()).toEqual({ outcome: 'right' })
  })

  test('the share of the limit that is left to others is not used', async () => {
    const { rateLimits } = tenants.okta.tenant
    rateLimits.authnPerUserAndSecond = 100
    rateLimits.perMinute.authn = 4
    const ask = await okta({ rateLimitShare: 0.5 })
    const other = (n: number) => ({ id: oktaUserId(n), login: `worker${n}@acme.example`, password: `right ${n}` })
    expect(await ask(other(1))).toEqual({ outcome: 'right' })
    expect(await ask(other(2))).toEqual({ outcome: 'right' })
    expect(await ask(other(3))).toMatchObject(unavailable(/rate limit of Okta is used up for \d+ s more/))
    expect(authnCalls()).toBe(2)
    clock.advance(62_000)
    expect(await ask(other(3))).toEqual({ outcome: 'right' })
  })
})
