import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SignInErrorCode } from '../../demo/entra/sign-in-error.ts'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import type { Clock } from '../../server/runtime/clock.ts'
import { checkCredentials, runCredentialChecks } from '../../sync/credential-checks.ts'
import { readCredentialHealth } from '../../sync/credential-health.ts'
import { listProviders } from '../../sync/provider-list.ts'
import { applicationCertificate } from '../builders/application-certificate.ts'
import { answerOf, authorize } from './authorize.ts'
import { entraUserId, fillSmallTenants } from './small-tenants.ts'
import { entraSettings, oktaSettings, openSync, type SyncFixture, startTrustedTenants } from './sync-fixture.ts'

let tenants: SimulatedTenants
beforeEach(async () => {
  tenants = await startTrustedTenants({ data: 'empty', pageSize: 2 })
  fillSmallTenants(tenants)
})
afterEach(() => tenants.close())

const first = 'person1@contoso.example'
const backup = 'person2@contoso.example'
const delegated = { kind: 'delegated' }
const secret = (clientSecret = tenants.entra.clientSecret) => ({ kind: 'application', clientSecret })
const tokenCalls = () => tenants.entra.tenant.calls.filter(({ path }) => path.includes('/token')).length

const open = (changes: object = {}) =>
  openSync({ providers: [entraSettings(tenants, { credentials: [delegated], ...changes })] })
const run = (sync: SyncFixture) => sync.engine.run('contoso', { trigger: 'test' })

/** The access token of the run before is useless: the next run has to renew. */
function endTokens(sync: SyncFixture): void {
  tenants.entra.tenant.tokens.revokeAll()
  sync.clock.advance(2 * 3_600_000)
}

/** Refresh tokens are found out by the authority alone, so whether one was lost shows at the renewal after. */
const expectNextRunsToWork = async (sync: SyncFixture, times = 3) => {
  for (let count = 0; count < times; count += 1) {
    endTokens(sync)
    expect(await run(sync)).toMatchObject({ error: null, notices: [] })
  }
}

describe('a provider with nothing but authorized accounts', () => {
  test('says how to authorize one as long as there is none', async () => {
    const sync = await open()
    expect((await run(sync)).error).toBe(
      'contoso: user synchronization: no account is authorized for it yet. "rosterd provider authorize contoso --for users" makes a link that authorizes one.',
    )
  })

  test('reads users and groups in the name of the account', async () => {
    const sync = await open()
    await authorize(tenants, sync.authorizationLinks, first)
    expect(await run(sync)).toMatchObject({ outcome: 'applied', read: { users: 5, groups: 3 }, notices: [] })
  })

  test('asks for users and groups with the accounts authorized for each', async () => {
    const sync = await open()
    await authorize(tenants, sync.authorizationLinks, first, ['users'])
    expect((await run(sync)).error).toContain('contoso: group synchronization: no account is authorized for it yet.')
    await authorize(tenants, sync.authorizationLinks, backup, ['groups'])
    expect(await run(sync)).toMatchObject({ outcome: 'applied', notices: [] })
    const [users, groups] = await sync.authorizations.list('contoso')
    tenants.entra.tenant.authorizations.revoke(entraUserId(2))
    endTokens(sync)
    expect((await run(sync)).error).toContain(`authorization of ${backup}: the authorization was revoked`)
    expect((await sync.authorizations.list('contoso')).map(({ id, broken }) => [id, broken !== null])).toEqual([
      [users?.id, false],
      [groups?.id, true],
    ])
  })

  test('works as a public client where the registration allows it, and says what is missing where not', async () => {
    const sync = await open()
    await authorize(tenants, sync.authorizationLinks, first)
    tenants.entra.tenant.application.allowsPublicClient = false
    endTokens(sync)
    expect((await run(sync)).error).toMatch(/AADSTS7000218.*allow public client flows in the app registration/)
    tenants.entra.tenant.application.allowsPublicClient = true
    expect(await run(sync)).toMatchObject({ error: null, notices: [] })
  })
})

describe('scopes', () => {
  const scopesOf = async (changes: object, purposes?: readonly ('users' | 'groups')[]) => {
    const sync = await open(changes)
    const { address } = await answerOf(tenants, sync.authorizationLinks, first, purposes)
    return address.searchParams.get('scope')?.split(' ').sort()
  }
  const graph = () => `${tenants.entra.graphUrl}/`

  test('are the least ones for the purposes, with the prefix of the configured cloud', async () => {
    const openId = ['offline_access', 'openid', 'profile']
    const [users, groups, domains] = ['User.Read.All', 'GroupMember.Read.All', 'Domain.Read.All']
    const wanted = (...names: (string | undefined)[]) => [...names.map((name) => `${graph()}${name}`), ...openId].sort()
    expect(await scopesOf({})).toEqual(wanted(users, groups))
    expect(await scopesOf({}, ['users'])).toEqual(wanted(users))
    expect(await scopesOf({}, ['groups'])).toEqual(wanted(groups))
    expect(await scopesOf({ filters: { domainRestriction: true } }, ['users'])).toEqual(wanted(users, domains))
    expect(await scopesOf({ filters: { domainRestriction: true, domains: ['a.example'] } }, ['users'])).toEqual(
      wanted(users),
    )
  })

  test.each([
    ['https://graph.microsoft.us/.default', 'https://graph.microsoft.us/v1.0', 'https://graph.microsoft.us/'],
    [
      'https://dod-graph.microsoft.us/.default',
      'https://dod-graph.microsoft.us/v1.0',
      'https://dod-graph.microsoft.us/',
    ],
    ['User.Read.All', 'https://microsoftgraph.chinacloudapi.cn/v1.0', 'https://microsoftgraph.chinacloudapi.cn/'],
  ])('scope %s and graphUrl %s give %s', async (scope, graphUrl, prefix) => {
    expect(await scopesOf({ scope, graphUrl }, ['users'])).toContain(`${prefix}User.Read.All`)
  })

  test('the request has PKCE, a nonce and a state', async () => {
    const sync = await open()
    const { address, answer } = await answerOf(tenants, sync.authorizationLinks, first)
    const query = address.searchParams
    expect(query.get('code_challenge_method')).toBe('S256')
    expect(query.get('code_challenge')).toMatch(/^[\w-]{43}$/)
    expect(query.get('nonce')).toMatch(/^[\w-]{43}$/)
    expect(query.get('state')).toBe(answer.state)
    expect(query.get('redirect_uri')).toBe('http://localhost:8080/authorize/callback')
  })
})

describe('renewal', () => {
  test('rotates the refresh token at each run, and none is lost', async () => {
    const sync = await open()
    await authorize(tenants, sync.authorizationLinks, first)
    await expectNextRunsToWork(sync, 5)
  })

  test('a restart begins where the last run ended', async () => {
    const before = await open()
    await authorize(tenants, before.authorizationLinks, first)
    await expectNextRunsToWork(before, 2)
    const after = await openSync({
      providers: [entraSettings(tenants, { credentials: [delegated] })],
      store: before.directory.store,
    })
    await expectNextRunsToWork(after, 2)
  })

  test('by two calls at the same time loses no refresh token', async () => {
    const sync = await open()
    await authorize(tenants, sync.authorizationLinks, first)
    const [provider] = sync.providers
    if (provider === undefined) throw new Error('no provider')
    for (let count = 0; count < 3; count += 1) {
      endTokens(sync)
      const { signal } = new AbortController()
      const check = () => checkCredentials({ ...sync, recorder: sync.credentialRecorder }, provider, signal)
      const [report] = await Promise.all([run(sync), check(), check(), provider.test(signal)])
      expect(report).toMatchObject({ error: null, notices: [] })
    }
    await expectNextRunsToWork(sync)
  })

  test('is durable before the token is used: a store that cannot take it fails the run, and says so', async () => {
    const sync = await open()
    await authorize(tenants, sync.authorizationLinks, first)
    const commit = sync.directory.store.commit.bind(sync.directory.store)
    endTokens(sync)
    tenants.entra.tenant.calls.length = 0
    sync.directory.store.commit = (generation) =>
      generation.cause.id === 'token renewed' ? Promise.reject(new Error('disk full')) : commit(generation)
    expect((await run(sync)).error).toContain('the renewed token could not be stored')
    const usable = tenants.entra.tenant.calls.filter(({ path, status }) => path.includes('/graph/') && status === 200)
    expect(usable).toEqual([])
    sync.directory.store.commit = commit
    await expectNextRunsToWork(sync)
  })

  test('an access token is asked for once while it lives', async () => {
    const sync = await open()
    await authorize(tenants, sync.authorizationLinks, first)
    await run(sync)
    const calls = tokenCalls()
    await run(sync)
    expect(tokenCalls()).toBe(calls)
  })
})

describe('a refused renewal', () => {
  const people = () => tenants.entra.tenant.directory
  /** What contract §2.5 lists, and how it comes about. */
  const refusals: readonly [string, number, RegExp, boolean, () => void][] = [
    ['unused for 90 days', 700082, /was unused for 90 days .*Authorize the account again/, false, () => undefined],
    ['revoked', 50173, /was revoked .*Authorize the account again/, false, () => revoke()],
    ['account disabled', 50057, /the authorizing account is disabled/, true, () => disable()],
    ['account deleted', 50034, /the authorizing account was deleted/, true, () => people().removeUser(entraUserId(1))],
    ['MFA required', 50076, /multi-factor authentication is now required/, false, () => demand('mfa')],
    ['MFA registration', 50079, /multi-factor registration is now required/, false, () => demand('mfa-registration')],
    ['Conditional Access', 53003, /Allow this server's address/, true, () => demand('conditional-access')],
    ['consent withdrawn', 65001, /consent is missing or was withdrawn/, false, () => refuse(65001)],
    ['an unknown invalid_grant', 50158, /Authorize the account again/, false, () => refuse(50158)],
  ]
  const revoke = () => tenants.entra.tenant.authorizations.revoke(entraUserId(1))
  const disable = () => people().updateUser(entraUserId(1), { accountEnabled: false })
  const demand = (signIn: 'mfa' | 'mfa-registration' | 'conditional-access') =>
    void (people().credentials(entraUserId(1)).signIn = signIn)
  const refuse = (code: SignInErrorCode) => void tenants.entra.tenant.authorizations.refusals.set(entraUserId(1), code)

  test.each(refusals)(
    '%s (AADSTS%i): the backup is used, who failed is named and marked',
    async (what, code, text, mayHeal, cause) => {
      const sync = await open()
      await authorize(tenants, sync.authorizationLinks, first)
      // Refresh tokens of the first that nobody knows any more: they were forgotten by the authority.
      if (what === 'unused for 90 days') tenants.entra.tenant.authorizations.expireAll()
      await authorize(tenants, sync.authorizationLinks, backup)
      cause()
      endTokens(sync)
      const report = await run(sync)
      expect(report).toMatchObject({ error: null })
      expect(report.notices).toEqual([expect.stringMatching(text)])
      expect(report.notices[0]).toContain(`contoso: authorization of ${first}: `)
      expect(report.notices[0]).toContain(`AADSTS${code}`)
      expect(report.notices[0]).toContain(`Used the authorization of ${backup} in its place.`)
      const [broken, working] = await sync.authorizations.list('contoso')
      expect(broken).toMatchObject({ authorizedBy: first, broken: { mayHeal, reason: expect.stringMatching(text) } })
      expect(working).toMatchObject({ authorizedBy: backup, broken: null })

      tenants.entra.tenant.calls.length = 0
      endTokens(sync)
      const next = await run(sync)
      expect(next).toMatchObject({ error: null, notices: [expect.stringMatching(text)] })
      // One that may heal is asked for again; one that cannot is left alone.
      expect(tokenCalls()).toBe(mayHeal ? 2 : 1)
    },
  )

  test('one that may heal is used again once it has', async () => {
    const sync = await open()
    await authorize(tenants, sync.authorizationLinks, first)
    await authorize(tenants, sync.authorizationLinks, backup)
    disable()
    endTokens(sync)
    expect((await run(sync)).notices).toHaveLength(1)
    people().updateUser(entraUserId(1), { accountEnabled: true })
    endTokens(sync)
    expect(await run(sync)).toMatchObject({ error: null, notices: [] })
    expect(await sync.authorizations.list('contoso')).toMatchObject([{ broken: null }, { broken: null }])
  })

  test('of the only one fails the run with its sentence', async () => {
    const sync = await open()
    await authorize(tenants, sync.authorizationLinks, first)
    revoke()
    endTokens(sync)
    expect(await run(sync)).toMatchObject({
      outcome: 'failed',
      error: expect.stringMatching(
        /^contoso: authorization of person1@contoso\.example: the authorization was revoked/,
      ),
    })
    expect((await run(sync)).error).toMatch(/broken since .*was revoked.*"rosterd provider authorize contoso"/)
  })

  test('a new authorization of the account takes the place of the broken one', async () => {
    const sync = await open()
    const before = await authorize(tenants, sync.authorizationLinks, first)
    await authorize(tenants, sync.authorizationLinks, backup)
    revoke()
    endTokens(sync)
    await run(sync)
    const after = await authorize(tenants, sync.authorizationLinks, first)
    expect(after.id).toBe(before.id)
    expect(await sync.authorizations.list('contoso')).toMatchObject([
      { authorizedBy: first, broken: null },
      { authorizedBy: backup },
    ])
    await expectNextRunsToWork(sync)
  })

  test.each([
    ['90033 with 503', { kind: 'server-error' as const }],
    ['429', { kind: 'throttled' as const }],
    ['a gateway page', { kind: 'html' as const, status: 502 }],
    ['no answer', { kind: 'reset' as const }],
  ])('that passes (%s) is repeated, and never marks the authorization', async (_what, fault) => {
    const sync = await open()
    await authorize(tenants, sync.authorizationLinks, first)
    await authorize(tenants, sync.authorizationLinks, backup)
    endTokens(sync)
    tenants.entra.tenant.faults.add({ ...fault, path: /token/, times: 2 })
    expect(await run(sync)).toMatchObject({ error: null, notices: [] })
    endTokens(sync)
    tenants.entra.tenant.faults.add({ ...fault, path: /token/, times: Number.POSITIVE_INFINITY })
    expect(await run(sync)).toMatchObject({ outcome: 'failed', notices: [] })
    tenants.entra.tenant.faults.clear()
    expect(await sync.authorizations.list('contoso')).toMatchObject([{ broken: null }, { broken: null }])
    expect(await run(sync)).toMatchObject({ error: null, notices: [] })
  })
})

test('a store whose master key is another fails the authorization alone, with a sentence that names the fix', async () => {
  const before = await open({ credentials: [delegated, secret()] })
  await authorize(tenants, before.authorizationLinks, first)
  const { store } = before.directory
  const [record] = await before.authorizations.list('contoso')
  const key = ['authorization', 'contoso', record?.id ?? '']
  const sealed = (await store.get('sealed', key)) as { readonly [name: string]: string }
  const value = { ...sealed, keyId: '0123456789abcdef' }
  await store.commit({
    cause: { kind: 'server', id: 'test' },
    entries: [],
    records: [{ collection: 'sealed', key, value }],
  })
  const report = await run(before)
  expect(report).toMatchObject({ error: null })
  expect(report.notices).toEqual([
    expect.stringMatching(/authorization of person1.*encrypted with the master key 0123456789abcdef.*: put it back/),
  ])
  expect(await before.authorizations.list('contoso')).toMatchObject([{ broken: null }])
})

describe('mixed with application credentials', () => {
  test('the order of the configuration decides', async () => {
    const sync = await open({ credentials: [secret('wrong'), delegated, secret()] })
    tenants.entra.tenant.application.secret = tenants.entra.clientSecret
    // The wrong secret is no way to redeem a code: authorized with the right one.
    const authorizing = await openSync({
      providers: [entraSettings(tenants, { credentials: [secret(), delegated] })],
      store: sync.directory.store,
    })
    await authorize(tenants, authorizing.authorizationLinks, first)
    const report = await run(sync)
    expect(report).toMatchObject({ error: null })
    expect(report.notices).toEqual([
      expect.stringMatching(/the client secret is wrong .*Used the authorization of person1@contoso\.example/),
    ])
    tenants.entra.tenant.authorizations.revoke()
    endTokens(sync)
    expect((await run(sync)).notices).toEqual([
      expect.stringMatching(/the client secret is wrong /),
      expect.stringMatching(/authorization of person1@contoso\.example: .*Used credentials\[2\] in its place/),
    ])
  })

  test('an application whose secret is wrong does not break an authorization', async () => {
    const sync = await open({ credentials: [delegated, secret()] })
    await authorize(tenants, sync.authorizationLinks, first)
    tenants.entra.tenant.application.secret = 'changed'
    endTokens(sync)
    expect((await run(sync)).error).toMatch(/authorization of person1@contoso\.example: the client secret is wrong/)
    expect(await sync.authorizations.list('contoso')).toMatchObject([{ broken: null }])
    tenants.entra.tenant.application.secret = tenants.entra.clientSecret
    await expectNextRunsToWork(sync, 1)
  })
})

describe('the test of a connection', () => {
  test('probes each permission with each credential, and names what is missing', async () => {
    const sync = await open({ credentials: [delegated, secret()] })
    await authorize(tenants, sync.authorizationLinks, first, ['users'])
    tenants.entra.tenant.application.permissions.delete('GroupMember.Read.All')
    expect(await sync.providers[0]?.test(new AbortController().signal)).toEqual([
      { name: `read users with the authorization of ${first}`, ok: true, message: 'ok' },
      { name: 'read users with credentials[1]', ok: true, message: 'ok' },
      {
        name: 'read groups with credentials[1]',
        ok: false,
        message: expect.stringContaining('Grant the application permission GroupMember.Read.All'),
      },
    ])
  })

  test('says which purpose nobody is authorized for', async () => {
    const sync = await open()
    await authorize(tenants, sync.authorizationLinks, first, ['users'])
    expect(await sync.providers[0]?.test(new AbortController().signal)).toEqual([
      { name: 'read users', ok: true, message: 'ok' },
      { name: 'read groups', ok: false, message: expect.stringContaining('no account is authorized for it yet') },
    ])
  })
})

describe('a link', () => {
  const never = new AbortController().signal
  const tokenOf = (url: string) => url.split('/').at(-1) ?? ''

  test('is of use for half an hour, and an answer to it for twenty minutes', async () => {
    const sync = await open()
    const links = sync.authorizationLinks
    const { url, expires } = await links.create('contoso', ['users'], 'test')
    expect(expires).toBe('2026-03-01T08:30:00.000Z')
    sync.clock.advance(29 * 60_000)
    expect(await links.open(tokenOf(url))).toMatchObject({ provider: 'contoso', permissions: ['User.Read.All'] })
    sync.clock.advance(60_000)
    await expect(links.open(tokenOf(url))).rejects.toThrow('is older than 30 minutes')
    await expect(links.begin(tokenOf(url), never)).rejects.toThrow('is older than 30 minutes')
    const { answer } = await answerOf(tenants, links, first)
    sync.clock.advance(20 * 60_000)
    await expect(links.complete(answer, never)).rejects.toThrow('Open the link again.')
  })

  test('may end while its sign-in is under way', async () => {
    const sync = await open()
    const { answer } = await answerOf(tenants, sync.authorizationLinks, first)
    sync.clock.advance(15 * 60_000)
    await sync.authorizationLinks.create('contoso', ['users'], 'test')
    expect(await sync.authorizationLinks.complete(answer, never)).toMatchObject({ authorizedBy: first })
  })

  test('leaves nothing in the store once it has ended', async () => {
    const sync = await open()
    const stored = async () => {
      let count = 0
      for await (const _ of sync.directory.store.list('link')) count += 1
      return count
    }
    await sync.authorizationLinks.create('contoso', ['users'], 'test')
    sync.clock.advance(31 * 60_000)
    await sync.authorizationLinks.create('contoso', ['users'], 'test')
    expect(await stored()).toBe(1)
    await authorize(tenants, sync.authorizationLinks, first)
    expect(await stored()).toBe(1)
  })

  test('is made only for a provider that takes accounts', async () => {
    const sync = await open({ credentials: [secret()] })
    const create = (id: string) => sync.authorizationLinks.create(id, ['users'], 'test')
    await expect(create('contoso')).rejects.toThrow('add { "kind": "delegated" } to its credentials')
    await expect(create('acme')).rejects.toThrow('there is no provider "acme"; configured are: contoso')
  })
})

describe('credential health', () => {
  const check = async (sync: SyncFixture) => {
    const [provider] = sync.providers
    if (provider)
      await checkCredentials({ ...sync, recorder: sync.credentialRecorder }, provider, new AbortController().signal)
  }
  const health = async (sync: SyncFixture) => await readCredentialHealth(sync.directory.store)

  test('is kept for every credential, backups included, with who authorized it', async () => {
    const sync = await open({ credentials: [delegated, secret(), secret('wrong')] })
    await authorize(tenants, sync.authorizationLinks, first)
    await authorize(tenants, sync.authorizationLinks, backup, ['users'])
    sync.clock.advance(2 * 3_600_000)
    const now = sync.clock.now().toISOString()
    await check(sync)
    const found = (await health(sync)).toSorted((a, b) =>
      (a.authorizedBy ?? a.name) < (b.authorizedBy ?? b.name) ? -1 : 1,
    )
    const good = { provider: 'contoso', ok: true, problem: null, lastTried: now, lastSuccess: now, expires: null }
    expect(found).toMatchObject([
      { ...good, name: 'credentials[1]', kind: 'application', purposes: ['users', 'groups'], authorizedBy: null },
      {
        name: 'credentials[2]',
        ok: false,
        lastTried: now,
        lastSuccess: null,
        problem: expect.stringContaining('the client secret is wrong'),
      },
      { ...good, kind: 'delegated', purposes: ['users', 'groups'], authorizedBy: first },
      { ...good, kind: 'delegated', purposes: ['users'], authorizedBy: backup },
    ])
  })

  test('a failure that passes leaves it good, with the problem; a refusal does not', async () => {
    const sync = await open()
    await authorize(tenants, sync.authorizationLinks, first)
    const { lastSuccess } = (await health(sync))[0] ?? {}
    tenants.entra.tenant.faults.add({ kind: 'server-error', path: /token/, times: Number.POSITIVE_INFINITY })
    await check(sync)
    expect(await health(sync)).toMatchObject([
      { ok: true, problem: expect.stringContaining('AADSTS90033'), lastSuccess },
    ])
    tenants.entra.tenant.faults.clear()
    tenants.entra.tenant.authorizations.revoke()
    await check(sync)
    expect(await health(sync)).toMatchObject([{ ok: false, problem: expect.stringContaining('revoked'), lastSuccess }])
  })

  test('a use in a run counts, and is written once an hour', async () => {
    const sync = await open()
    await authorize(tenants, sync.authorizationLinks, first)
    endTokens(sync)
    await run(sync)
    const used = (await health(sync))[0]?.lastSuccess
    expect(Date.parse(used ?? '')).toBeGreaterThan(Date.parse('2026-03-01T10:00:00Z') - 1)
    sync.clock.advance(60_000)
    tenants.entra.tenant.tokens.revokeAll()
    await run(sync)
    expect((await health(sync))[0]?.lastSuccess).toBe(used)
  })

  test('a broken one that runs leave out is not said to have been tried, and heals with the daily check', async () => {
    const sync = await open({ credentials: [delegated, secret()] })
    await authorize(tenants, sync.authorizationLinks, first)
    const { refusals } = tenants.entra.tenant.authorizations
    refusals.set(entraUserId(1), 65001)
    endTokens(sync)
    await run(sync)
    const ofFirst = async () => (await health(sync)).find(({ authorizedBy }) => authorizedBy === first)
    const refused = await ofFirst()
    expect(refused).toMatchObject({ ok: false, problem: expect.stringContaining('AADSTS65001') })
    endTokens(sync)
    expect((await run(sync)).notices).toHaveLength(1)
    expect(await ofFirst()).toEqual(refused)
    refusals.clear()
    await check(sync)
    expect(await ofFirst()).toMatchObject({ ok: true, problem: null })
    endTokens(sync)
    expect(await run(sync)).toMatchObject({ error: null, notices: [] })
  })

  test('tells when a certificate ends', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'rosterd-certificate-'))
    try {
      const { certificatePem, keyPem } = await applicationCertificate()
      tenants.entra.tenant.application.certificates.push(certificatePem)
      const [certificateFile, privateKeyFile] = [join(directory, 'app.pem'), join(directory, 'app.key')]
      await writeFile(certificateFile, certificatePem)
      await writeFile(privateKeyFile, keyPem)
      const sync = await open({ credentials: [{ kind: 'application', certificateFile, privateKeyFile }] })
      await check(sync)
      const expires = new X509Certificate(certificatePem).validToDate.toISOString()
      expect(await health(sync)).toMatchObject([{ name: 'credentials[0]', ok: true, expires }])
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  test('is kept for Okta too', async () => {
    const sync = await openSync({ providers: [oktaSettings(tenants)] })
    await sync.engine.run('acme', { trigger: 'test' })
    const good = { provider: 'acme', name: 'apiToken', kind: 'apiToken', ok: true, problem: null, authorizedBy: null }
    expect(await health(sync)).toMatchObject([{ ...good, purposes: ['users', 'groups'] }])
    tenants.okta.tenant.apiTokens.clear()
    await check(sync)
    expect(await health(sync)).toMatchObject([{ ...good, ok: false, problem: expect.stringContaining('401') }])
  })

  test('is looked after once a day, at another time each day, until the server stops', async () => {
    const sync = await open({ credentials: [secret()] })
    const stop = new AbortController()
    const slept: number[] = []
    const clock: Clock = {
      now: () => sync.clock.now(),
      async sleep(ms) {
        if (slept.push(ms) > 3) stop.abort()
      },
    }
    tenants.entra.tenant.calls.length = 0
    const options = { ...sync, recorder: sync.credentialRecorder, clock, random: () => 0.5 }
    await runCredentialChecks(options, stop.signal)
    expect(slept).toEqual([5, 22.8 * 60, 22.8 * 60, 22.8 * 60].map((minutes) => minutes * 60_000))
    expect(tokenCalls()).toBe(3)
  })

  test('of what is no longer there is forgotten', async () => {
    const sync = await open({ credentials: [delegated, secret()] })
    const { id } = await authorize(tenants, sync.authorizationLinks, first)
    await check(sync)
    await sync.authorizations.forget('contoso', id)
    expect((await health(sync)).map(({ name }) => name)).toEqual(['credentials[1]'])
    const changed = await openSync({
      providers: [entraSettings(tenants, { credentials: [secret()] })],
      store: sync.directory.store,
    })
    await check(changed)
    expect((await health(changed)).map(({ name }) => name)).toEqual(['credentials[0]'])
  })

  test('is listed with the provider, broken authorizations with their reason', async () => {
    const sync = await open({ credentials: [delegated, secret()] })
    await authorize(tenants, sync.authorizationLinks, first)
    tenants.entra.tenant.authorizations.revoke()
    endTokens(sync)
    await run(sync)
    const listed = await listProviders(sync.config, sync.providers, {
      store: sync.directory.store,
      authorizations: sync.authorizations,
    })
    expect(listed).toMatchObject([
      {
        id: 'contoso',
        takesAccounts: true,
        credentials: [
          {
            authorizedBy: first,
            ok: false,
            problem: expect.stringContaining('revoked'),
            purposes: ['users', 'groups'],
          },
          { name: 'credentials[1]', ok: true, problem: null, authorized: null },
        ],
      },
    ])
  })
})
