import { compare } from 'bcryptjs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import type { ProviderCheck } from '../../server/directory/authentication/sign-in-services.ts'
import type { CredentialRecord } from '../../server/directory/credentials/credential-records.ts'
import type { RecordChange } from '../../server/directory/directory-store.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'
import { entraUserId, fillSmallTenants, oktaUserId, unlimited } from './small-tenants.ts'
import { entraSettings, oktaSettings, openSync, startTrustedTenants, type SyncFixture } from './sync-fixture.ts'

/*
 * Sign-in with the password of the cloud: who is asked about it, how often, and what is kept of the answer.
 */

const minute = 60_000
const hour = 60 * minute

let tenants: SimulatedTenants
let clock: FakeClock
beforeEach(async () => {
  clock = fakeClock()
  tenants = await startTrustedTenants({ data: 'empty', now: () => clock.now() })
  unlimited(tenants)
  tenants.okta.tenant.rateLimits.authnPerUserAndSecond = 100
  fillSmallTenants(tenants)
  for (let n = 1; n <= 5; n++) {
    setEntraPassword(n, `right ${n}`)
    tenants.okta.tenant.directory.setPassword(oktaUserId(n), `right ${n}`)
  }
  clock.advance(1000)
})
afterEach(() => tenants.close())

function setEntraPassword(n: number, password: string): void {
  const { directory } = tenants.entra.tenant
  directory.credentials(entraUserId(n)).password = password
  directory.updateUser(entraUserId(n), { lastPasswordChangeDateTime: clock.now().toISOString() })
}

interface Opened extends SyncFixture {
  /** Asks about a person's password, by number. */
  readonly check: (n: number, password?: string, address?: string) => Promise<ProviderCheck>
  readonly entryUUID: (n: number) => string
  readonly kept: (n: number) => Promise<CredentialRecord | undefined>
}

/** A directory that has been read from one provider with passThroughBind on. */
async function open(
  type: 'entra' | 'okta',
  { settings = {}, changes = {} }: { settings?: object; changes?: object } = {},
): Promise<Opened> {
  const pass = { passThroughBind: true, ...changes }
  const provider = type === 'entra' ? entraSettings(tenants, pass) : oktaSettings(tenants, pass)
  return await opened([provider], settings, type === 'entra' ? 'person' : 'worker')
}

async function opened(providers: readonly object[], settings: object, name: string): Promise<Opened> {
  const fixture = await openSync({ providers, settings, clock })
  for (const { id } of fixture.providers) await fixture.engine.run(id, { trigger: 'test' })
  const entryUUID = (n: number) =>
    fixture.directory.entryByDn(`uid=${name}${n},ou=people,dc=example,dc=com`)?.entryUUID ?? 'nobody'
  return {
    ...fixture,
    entryUUID,
    async check(n, password = `right ${n}`, address = '192.0.2.7') {
      const answer = await fixture.signIn.checkAtProvider({
        entryUUID: entryUUID(n),
        password,
        address,
        requestId: 'of a test',
      })
      await fixture.passThrough.idle()
      return answer
    },
    kept: async (n) => {
      const record = await fixture.directory.store.get('credential', [entryUUID(n), 'provider'])
      return record as CredentialRecord | undefined
    },
  }
}

const right = { outcome: 'right' }
const wrong = (reason: RegExp) => ({ outcome: 'wrong', reason: expect.stringMatching(reason) as string })
const refused = (reason: RegExp) => ({ outcome: 'refused', reason: expect.stringMatching(reason) as string })
const unavailable = (reason: RegExp) => ({ outcome: 'unavailable', reason: expect.stringMatching(reason) as string })
const notAsked = (reason: RegExp) => ({ outcome: 'not-asked', reason: expect.stringMatching(reason) as string })

/** Questions about passwords that reached the cloud while `work` went on. */
async function questionsIn(work: () => Promise<unknown>): Promise<number> {
  const count = () =>
    tenants.okta.tenant.calls.filter(({ path }) => path === '/api/v1/authn').length +
    tenants.entra.tenant.calls.filter(({ path }) => path.includes('/token')).length
  const before = count()
  await work()
  return count() - before
}

async function commit({ directory }: Pick<SyncFixture, 'directory'>, ...records: RecordChange[]): Promise<void> {
  await directory.commit({ cause: { kind: 'admin', id: 'test' }, entries: [], records })
}

describe('who is asked', () => {
  test.each(['entra', 'okta'] as const)('the %s provider of the person, where passThroughBind is on', async (type) => {
    const { check } = await open(type)
    expect(await check(1)).toEqual(right)
    expect(await check(1, 'other')).toMatchObject(wrong(/wrong password/))
  })

  test('nobody where passThroughBind is off, for who is not served, and for people of a file', async () => {
    const { check, signIn } = await open('entra', { changes: { passThroughBind: false } })
    expect(await questionsIn(() => check(1))).toBe(0)
    expect(await check(1)).toEqual(notAsked(/^passThroughBind of contoso is off$/))
    const stranger = { entryUUID: 'nobody', password: 'right 1', address: '192.0.2.7', requestId: 'of a test' }
    expect(await signIn.checkAtProvider(stranger)).toEqual(notAsked(/gone/))
  })

  test('nobody for a person of whom an administrator said never, or who is blocked here until the block ends', async () => {
    const fixture = await open('okta')
    const { check, entryUUID } = fixture
    const account = (value: object): RecordChange => ({
      collection: 'account',
      key: [entryUUID(1)],
      value: { block: null, passThrough: null, ...value },
    })
    await commit(fixture, account({ passThrough: 'never' }))
    expect(await check(1)).toEqual(notAsked(/switched off for the person/))
    const until = new Date(clock.now().getTime() + hour).toISOString()
    const block = { reason: 'left', by: 'ada', since: clock.now().toISOString() }
    await commit(fixture, account({ block: { ...block, until } }))
    expect(await questionsIn(() => check(1))).toBe(0)
    expect(await check(1)).toEqual(refused(/^sign-in is blocked here$/))
    clock.advance(hour)
    expect(await check(1)).toEqual(right)
    await commit(fixture, account({ block: { ...block, until: null } }))
    clock.advance(1000 * hour)
    expect(await check(1)).toMatchObject(refused(/blocked/))
  })

  test('nobody for who is disabled upstream, or inactive by a rule and shown', async () => {
    const { check, engine } = await open('okta', { settings: { directory: { showInactive: true } } })
    tenants.okta.tenant.directory.setStatus(oktaUserId(1), 'SUSPENDED')
    await engine.run('acme', { trigger: 'test' })
    expect(await questionsIn(() => check(1))).toBe(0)
    expect(await check(1)).toMatchObject(refused(/disabled/))
  })

  test('nobody for guests, even where they are served', async () => {
    const { directory } = tenants.entra.tenant
    directory.addUser(
      { id: entraUserId(6), userPrincipalName: 'person6@contoso.example', userType: 'Guest' },
      { password: 'right 6' },
    )
    const { check } = await open('entra', { changes: { filters: { guests: true } } })
    expect(await questionsIn(() => check(6))).toBe(0)
    expect(await check(6)).toMatchObject(refused(/guests sign in at their own/))
  })

  test('nobody once the provider was not read for denyPassThroughAfterDays', async () => {
    const { check, engine } = await open('entra', { changes: { denyPassThroughAfterDays: 7 } })
    clock.advance(7 * 24 * hour)
    expect(await check(1)).toEqual(right)
    clock.advance(1000)
    expect(await check(1)).toMatchObject(refused(/last read 2026-03-01T.*denyPassThroughAfterDays/))
    await engine.run('contoso', { trigger: 'test' })
    expect(await check(1)).toEqual(right)
  })

  test('not who has the name now: nobody else signs in with a password that is right for another', async () => {
    const { check } = await open('entra')
    const { directory } = tenants.entra.tenant
    directory.updateUser(entraUserId(1), { userPrincipalName: 'moved@contoso.example' })
    directory.updateUser(entraUserId(2), { userPrincipalName: 'person1@contoso.example' })
    expect(await check(1, 'right 2')).toMatchObject(refused(/another user.*a sync is due/))
  })

  test('the owner alone of several linked sources, and nobody when the owner may not sign in', async () => {
    const shared = 'both@shared.example'
    tenants.entra.tenant.directory.domains.push({
      id: 'shared.example',
      isDefault: false,
      isInitial: false,
      isVerified: true,
      authenticationType: 'Managed',
    })
    tenants.entra.tenant.directory.addUser(
      { id: entraUserId(7), userPrincipalName: 'person7@contoso.example', mail: shared },
      { password: 'of entra' },
    )
    tenants.okta.tenant.directory.addUser(
      { id: oktaUserId(7), profile: { login: 'worker7@acme.example', email: shared, firstName: 'B', lastName: 'O' } },
      { password: 'of okta' },
    )
    const pass = { passThroughBind: true }
    const { check, engine, directory, entryUUID } = await opened(
      [entraSettings(tenants, pass), oktaSettings(tenants, { ...pass, linkDomains: ['shared.example'] })],
      {},
      'person',
    )
    expect(directory.entryByUuid(entryUUID(7))?.attributes.get('rosterdSource')).toHaveLength(2)
    expect(await check(7, 'of entra')).toEqual(right)
    expect(await check(7, 'of okta')).toMatchObject(wrong(/contoso/))
    tenants.entra.tenant.directory.updateUser(entraUserId(7), { accountEnabled: false })
    await engine.run('contoso', { trigger: 'test' })
    const count = await questionsIn(async () => expect((await check(7, 'of okta')).outcome).not.toBe('right'))
    expect(count).toBe(0)
  })
})

describe('how often', () => {
  test('a wrong password is not sent again for five minutes, then for four times as long each time', async () => {
    const { check } = await open('okta')
    for (const minutes of [5, 20, 80]) {
      expect(await questionsIn(() => check(1, 'stuck'))).toBe(1)
      clock.advance(minutes * minute - 1)
      expect(await questionsIn(() => check(1, 'stuck', '192.0.2.8'))).toBe(0)
      expect(await check(1, 'stuck')).toMatchObject(wrong(/wrong password.*; asked before$/))
      clock.advance(1)
    }
    expect(await check(1)).toEqual(right)
  })

  test.each(['entra', 'okta'] as const)(
    'a client that is stuck on an old password for two weeks never locks the %s account',
    async (type) => {
      const { check } = await open(type)
      for (let at = 0; at < 14 * 24 * hour; at += 20 * minute) {
        await check(1, 'old')
        clock.advance(20 * minute)
      }
      expect(await check(1)).toEqual(right)
    },
  )

  test('no more than four wrong passwords of a person reach the cloud in half an hour, from wherever they come', async () => {
    const { check } = await open('okta')
    const guesses = async () => {
      for (let n = 0; n < 20; n++) await check(1, `guess ${clock.now().getTime()} ${n}`, `192.0.2.${n}`)
    }
    expect(await questionsIn(guesses)).toBe(4)
    expect(await check(1)).toMatchObject(refused(/not asked: 4 wrong passwords within half an hour/))
    expect(await check(2)).toEqual(right)
    clock.advance(30 * minute)
    expect(await check(1)).toEqual(right)
  })

  test.each(['entra', 'okta'] as const)(
    'and no more than eight in a day, so that who goes on guessing does not lock the %s account',
    async (type) => {
      const { check } = await open(type)
      const guessesOfADay = async () => {
        for (let n = 0; n < 24; n++) {
          for (const m of [1, 2, 3, 4]) await check(1, `guess ${n} ${m}`)
          clock.advance(hour - 1)
        }
      }
      expect(await questionsIn(guessesOfADay)).toBe(8)
      expect(await check(1)).toMatchObject(refused(/8 wrong passwords within a day/))
      clock.advance(24)
      expect(await check(1)).toEqual(right)
    },
  )

  test('wrong passwords that are tried at once count before they are answered', async () => {
    const { check } = await open('entra')
    const count = await questionsIn(() => Promise.all(Array.from({ length: 20 }, (_, n) => check(1, `guess ${n}`))))
    expect(count).toBe(4)
  })

  test('who guesses does not keep out the person whose password was right before', async () => {
    const { check } = await open('entra')
    expect(await check(1)).toEqual(right)
    for (let n = 0; n < 6; n++) await check(1, `guess ${n}`)
    expect(await check(1)).toEqual(right)
  })

  test('a new password is asked about at once when sync has seen that it was changed', async () => {
    const { check, engine } = await open('okta')
    await check(1, 'new')
    for (const old of ['a', 'b', 'c']) await check(1, old)
    clock.advance(minute)
    tenants.okta.tenant.directory.setPassword(oktaUserId(1), 'new')
    expect(await check(1, 'new')).toMatchObject(wrong(/asked before/))
    await engine.run('acme', { trigger: 'test' })
    expect(await check(1, 'new')).toEqual(right)
  })

  test('the same question that is under way is asked once, for each address', async () => {
    const { check } = await open('entra')
    const addresses = [1, 2, 1, 2, 1, 2].map((n) => `192.0.2.${n}`)
    const answers: ProviderCheck[] = []
    const count = await questionsIn(async () => {
      answers.push(...(await Promise.all(addresses.map((address) => check(1, 'right 1', address)))))
    })
    expect(count).toBe(2)
    expect(answers).toEqual(addresses.map(() => right))
  })

  test('a refusal is repeated for a minute without a question', async () => {
    const { check } = await open('entra')
    tenants.entra.tenant.directory.credentials(entraUserId(1)).signIn = 'mfa'
    expect(await check(1)).toMatchObject(refused(/multi-factor/))
    expect(await questionsIn(() => check(1))).toBe(0)
    tenants.entra.tenant.directory.credentials(entraUserId(1)).signIn = 'allowed'
    clock.advance(minute)
    expect(await check(1)).toEqual(right)
  })

  test('empty passwords and endless ones are wrong without a question', async () => {
    const { check } = await open('entra')
    expect(await questionsIn(() => Promise.all([check(1, ''), check(1, 'x'.repeat(60_000))]))).toBe(0)
    expect(await check(1, '')).toMatchObject({ outcome: 'wrong' })
  })
})

describe('an outage', () => {
  const everyCall = { path: '/authn', times: Number.POSITIVE_INFINITY }

  test.each([
    { kind: 'server-error', status: 503 },
    { kind: 'reset' },
    { kind: 'html', status: 200 },
    { kind: 'truncated-json' },
  ] as const)('%o for three people stops the questions, and one at a time finds out when it is over', async (fault) => {
    const { check, logged } = await open('okta')
    tenants.okta.tenant.faults.add({ ...fault, ...everyCall })
    for (const n of [1, 1, 1, 1, 2]) expect(await check(n)).toMatchObject(unavailable(/^acme: /))
    expect(await questionsIn(() => check(3))).toBe(1)
    expect(await questionsIn(() => check(4))).toBe(0)
    expect(await check(4)).toMatchObject(unavailable(/not asked again so soon$/))
    clock.advance(5000)
    expect(await questionsIn(() => Promise.all([check(1), check(2), check(3)]))).toBe(1)
    clock.advance(9999)
    expect(await questionsIn(() => check(1))).toBe(0)
    tenants.okta.tenant.faults.clear()
    clock.advance(1)
    expect(await check(1)).toEqual(right)
    expect(await check(2)).toEqual(right)
    const events = logged.map((event) => (event as { message: string }).message)
    expect(events.filter((event) => event.startsWith('passwords '))).toEqual([
      'passwords cannot be checked',
      'passwords are checked again',
    ])
  })

  test('one person alone, whatever is typed, does not stop the questions about others', async () => {
    const { check } = await open('okta')
    tenants.okta.tenant.faults.add({ kind: 'server-error', path: '/authn', times: 20 })
    for (let n = 0; n < 20; n++) await check(1, `guess ${n}`)
    expect(await check(2)).toEqual(right)
  })

  test('a cloud that is silent is unavailable after the time-out', async () => {
    const { check } = await open('entra', { changes: { requestTimeoutSeconds: 0.3 } })
    tenants.entra.tenant.faults.add({ kind: 'silence', path: '/token' })
    expect(await check(1)).toMatchObject(unavailable(/could not be reached/))
  })

  test('what is not answered in time may count at the cloud: the person is asked about less and less', async () => {
    const { check } = await open('okta', { changes: { requestTimeoutSeconds: 0.2 } })
    tenants.okta.tenant.faults.add({ kind: 'silence', path: '/authn', times: Number.POSITIVE_INFINITY })
    const storm = async () => {
      for (let n = 0; n < 5; n++) expect(await check(1, `stuck ${n % 2}`)).toMatchObject({ outcome: 'unavailable' })
    }
    expect(await questionsIn(storm)).toBe(2)
    for (const minutes of [2, 8, 30, 30]) {
      clock.advance(minutes * minute - 1)
      expect(await questionsIn(storm)).toBe(0)
      clock.advance(1)
      expect(await questionsIn(storm)).toBe(1)
    }
    expect(await check(1)).toMatchObject(unavailable(/^not asked: 6 questions were not answered in time$/))
    expect(await questionsIn(() => check(2))).toBe(1)
    tenants.okta.tenant.faults.clear()
    clock.advance(30 * minute)
    expect(await check(1)).toEqual(right)
    expect(await questionsIn(() => check(1, 'other'))).toBe(1)
  })

  test('a mistake of the set-up that stops three people is mailed once, and so is its end', async () => {
    const { check, directory, engine } = await open('okta', {
      settings: { smtp: { url: 'smtp://127.0.0.1:1', from: 'a@example.com', reportTo: ['ops@example.com'] } },
    })
    const mails = async () => {
      const subjects: unknown[] = []
      for await (const { value } of directory.store.list('outbox'))
        subjects.push((value as { subject?: string }).subject)
      return subjects
    }
    const { apiTokens } = tenants.okta.tenant
    const [token = ''] = apiTokens
    apiTokens.clear()
    for (const n of [1, 2, 3, 4]) await check(n)
    expect(await mails()).toEqual(['Rosterd: Acme cannot check passwords'])
    for (let again = 0; again < 3; again++) {
      clock.advance(60_000)
      await check(1)
    }
    apiTokens.add(token)
    clock.advance(60_000)
    for (const n of [1, 2, 1]) expect(await check(n)).toEqual(right)
    expect(await mails()).toEqual(['Rosterd: Acme cannot check passwords', 'Rosterd: Acme checks passwords again'])
    expect((await engine.run('acme', { trigger: 'test' })).outcome).toBe('unchanged')
  })

  test('a cloud that is down is not mailed about', async () => {
    const { check, directory } = await open('okta', {
      settings: { smtp: { url: 'smtp://127.0.0.1:1', from: 'a@example.com', reportTo: ['ops@example.com'] } },
    })
    tenants.okta.tenant.faults.add({ kind: 'reset', path: '/authn', times: Number.POSITIVE_INFINITY })
    for (const n of [1, 2, 3, 4]) await check(n)
    for await (const item of directory.store.list('outbox')) expect(item).toBeUndefined()
  })

  test('a mistake of the set-up is unavailable, and told to the administrator once', async () => {
    const { check, logged } = await open('okta')
    tenants.okta.tenant.apiTokens.clear()
    for (const n of [1, 2, 1]) expect(await check(n)).toMatchObject(unavailable(/refuses the API token/))
    const told = logged.filter((event) => 'reason' in event)
    expect(told).toEqual([
      {
        provider: 'acme',
        reason: expect.stringMatching(/refuses the API token/) as string,
        message: 'passwords cannot be checked until the set-up is mended',
      },
    ])
  })
})

describe('what is kept', () => {
  const keeping = { settings: { passwords: { cachedPassThroughHours: 24, bcryptCost: 8 } } }
  const hashOf = (record: CredentialRecord | undefined) => (record?.kind === 'provider' ? record.hash : '')
  const down = () => tenants.okta.tenant.faults.add({ kind: 'reset', path: '/authn', times: Number.POSITIVE_INFINITY })

  test('nothing unless cachedPassThroughHours says so', async () => {
    const { check, kept } = await open('okta')
    await check(1)
    expect(await kept(1)).toBeUndefined()
  })

  test('a hash of the password that was right, and of no other', async () => {
    const { check, kept } = await open('okta', keeping)
    await check(1)
    await check(2, 'other')
    expect(await kept(1)).toMatchObject({
      kind: 'provider',
      provider: 'acme',
      sourceId: oktaUserId(1),
      checkedAt: clock.now().toISOString(),
    })
    expect(await compare('right 1', hashOf(await kept(1)))).toBe(true)
    expect(await kept(2)).toBeUndefined()
  })

  test('it is renewed when a quarter of its life is over, and at once for another password', async () => {
    const { check, kept } = await open('okta', keeping)
    await check(1)
    const first = await kept(1)
    clock.advance(6 * hour - 1)
    await check(1)
    expect(await kept(1)).toEqual(first)
    clock.advance(1)
    await check(1)
    const second = await kept(1)
    expect(second).toMatchObject({ checkedAt: clock.now().toISOString() })
    tenants.okta.tenant.directory.credentials(oktaUserId(1)).password = 'next'
    clock.advance(1000)
    await check(1, 'next')
    expect(await compare('next', hashOf(await kept(1)))).toBe(true)
  })

  test('a block that comes while the hash is made keeps nothing', async () => {
    const { signIn, passThrough, directory, entryUUID, kept } = await open('okta', keeping)
    const asked = { entryUUID: entryUUID(1), password: 'right 1', address: '192.0.2.7', requestId: 'of a test' }
    expect(await signIn.checkAtProvider(asked)).toEqual(right)
    const block = { reason: 'left', by: 'ada', since: clock.now().toISOString(), until: null }
    await commit({ directory }, { collection: 'account', key: [entryUUID(1)], value: { block, passThrough: null } })
    await passThrough.idle()
    expect(await kept(1)).toBeUndefined()
  })

  test('a password that bcrypt would cut is not kept', async () => {
    const { check, kept } = await open('okta', keeping)
    const long = 'é'.repeat(37)
    tenants.okta.tenant.directory.credentials(oktaUserId(1)).password = long
    expect(await check(1, long)).toEqual(right)
    expect(await kept(1)).toBeUndefined()
  })

  test('the cloud calling that very password wrong drops it, also after a restart; another wrong one does not', async () => {
    const { check, kept, directory } = await open('okta', keeping)
    await check(1)
    await check(1, 'other')
    const record = await kept(1)
    expect(record).toBeDefined()
    tenants.okta.tenant.directory.credentials(oktaUserId(1)).password = 'next'
    await check(1)
    expect(await kept(1)).toBeUndefined()
    // What another process would find.
    await commit(
      { directory },
      {
        collection: 'credential',
        key: [directory.entryByDn('uid=worker2,ou=people,dc=example,dc=com')?.entryUUID ?? '', 'provider'],
        value: { ...record, sourceId: oktaUserId(2) },
      },
    )
    await check(2, 'other')
    expect(await kept(2)).toBeDefined()
    await check(2, 'right 1')
    expect(await kept(2)).toBeUndefined()
  })

  test.each(['mfa-required', 'password-reset'] as const)('a refusal (%s) drops it', async (signIn) => {
    const { check, kept } = await open('okta', keeping)
    await check(1)
    tenants.okta.tenant.directory.credentials(oktaUserId(1)).signIn = signIn
    expect((await check(1)).outcome).toBe('refused')
    expect(await kept(1)).toBeUndefined()
  })

  test('a change of the password, of the status, and an end upstream drop it at the next run', async () => {
    const { check, kept, engine } = await open('okta', keeping)
    for (const n of [1, 2, 3, 4]) await check(n)
    clock.advance(minute)
    const { directory } = tenants.okta.tenant
    directory.setPassword(oktaUserId(1), 'next')
    directory.setStatus(oktaUserId(2), 'SUSPENDED')
    directory.updateProfile(oktaUserId(3), { title: 'Boss' })
    await engine.run('acme', { trigger: 'test' })
    expect(await kept(1)).toBeUndefined()
    expect(await kept(2)).toBeUndefined()
    expect(await kept(3)).toBeDefined()
    expect(await kept(4)).toBeDefined()
  })

  test.each(['entra', 'okta'] as const)(
    'a changed password at %s makes void what the LDAP thread remembers, also when nothing is kept',
    async (type) => {
      const { engine, providers, directory, entryUUID } = await open(type)
      clock.advance(minute)
      if (type === 'entra') setEntraPassword(1, 'next')
      else tenants.okta.tenant.directory.setPassword(oktaUserId(1), 'next')
      const seen: string[] = []
      await directory.follow({
        take: ({ accounts }) => {
          seen.push(...accounts.map(({ key, value }) => `${key.join(' ')} ${value === undefined ? 'gone' : 'set'}`))
          return Promise.resolve()
        },
      })
      await engine.run(providers[0]?.id ?? '', { trigger: 'test' })
      expect(seen).toEqual([`${entryUUID(1)} provider gone`])
    },
  )

  test('in an outage it is dropped when it is too old, from before a change, or of another source', async () => {
    const { check, kept, directory, entryUUID } = await open('okta', keeping)
    for (const n of [1, 2, 3]) await check(n)
    const other = { ...(await kept(2)), sourceId: oktaUserId(5) } as never
    await commit({ directory }, { collection: 'credential', key: [entryUUID(2), 'provider'], value: other })
    const old = { ...(await kept(3)), checkedAt: '2026-02-28T00:00:00.000Z' } as never
    await commit({ directory }, { collection: 'credential', key: [entryUUID(3), 'provider'], value: old })
    down()
    clock.advance(24 * hour - 1)
    for (const n of [1, 2, 3]) expect(await check(n)).toMatchObject(unavailable(/no answer from Okta/))
    expect(await kept(1)).toBeDefined()
    expect(await kept(2)).toBeUndefined()
    expect(await kept(3)).toBeUndefined()
    clock.advance(1)
    await check(1)
    expect(await kept(1)).toBeUndefined()
  })
})

test('no password reaches the log', async () => {
  const { check, logged } = await open('okta', {
    settings: { passwords: { cachedPassThroughHours: 1, bcryptCost: 8 } },
  })
  await check(1)
  await check(1, 'a-wrong-secret')
  tenants.okta.tenant.apiTokens.clear()
  await check(2, 'another-secret')
  expect(JSON.stringify(logged)).not.toMatch(/right 1|a-wrong-secret|another-secret/)
})
