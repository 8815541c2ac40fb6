import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { invalidToken } from '../../demo/entra/access-tokens.ts'
import { type GraphRefusal, permissionMissing } from '../../demo/entra/graph-error.ts'
import type { Fault } from '../../demo/https/faults.ts'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { checkCredentials } from '../../sync/credential-checks.ts'
import { readCredentialHealth } from '../../sync/credential-health.ts'
import type { RunOptions } from '../../sync/run-report.ts'
import { authorize } from './authorize.ts'
import { changeAgain, entraGroupId, entraUserId, fillSmallTenants } from './small-tenants.ts'
import { entraSettings, openSync, servedEntries, type SyncFixture, startTrustedTenants } from './sync-fixture.ts'

let tenants: SimulatedTenants
beforeEach(async () => {
  tenants = await startTrustedTenants({ data: 'empty', pageSize: 2 })
  fillSmallTenants(tenants)
})
afterEach(() => tenants.close())

const first = 'person1@contoso.example'
const second = 'person2@contoso.example'
const delegated = { kind: 'delegated' }
const secret = () => ({ kind: 'application', clientSecret: tenants.entra.clientSecret })

const open = (changes: object = {}) =>
  openSync({ providers: [entraSettings(tenants, { credentials: [delegated], ...changes })] })
const run = (sync: SyncFixture, options: Partial<RunOptions> = {}) =>
  sync.engine.run('contoso', { trigger: 'test', ...options })
const health = async (sync: SyncFixture) =>
  (await readCredentialHealth(sync.directory.store)).toSorted((a) => (a.authorizedBy === first ? -1 : 1))

async function twoAccounts(changes: object = {}): Promise<SyncFixture> {
  const sync = await open(changes)
  await authorize(tenants, sync.authorizationLinks, first)
  await authorize(tenants, sync.authorizationLinks, second)
  return sync
}

/** Calls in the name of the first account are refused from now on. */
const refuseFirst = (refusal: GraphRefusal) => tenants.entra.tenant.tokens.refusals.set(entraUserId(1), refusal)
const tokenRefused = () => invalidToken('Lifetime validation failed, the token is expired.')
const signInDemanded = () => invalidToken('Continuous access evaluation challenge.', 'error="insufficient_claims"')

/** What a new installation would serve. */
async function truth() {
  const sync = await open({ credentials: [secret()] })
  await run(sync)
  return served(sync)
}

function served({ directory }: SyncFixture) {
  const times = /^(create|modify)Timestamp$/
  return JSON.parse(JSON.stringify(servedEntries(directory), (key, value: unknown) => (times.test(key) ? '' : value)))
}

describe('an account that Microsoft Graph refuses', () => {
  test.each([
    ['its token', tokenRefused, /token of the authorization of person1@contoso\.example was refused \(401 /, true],
    ['its token until somebody signs in', signInDemanded, /was refused, a new sign-in is demanded \(401 /, false],
  ])('for %s is marked with the reason, and the next one reads on', async (_what, refusal, reason, mayHeal) => {
    const sync = await twoAccounts()
    refuseFirst(refusal())
    const report = await run(sync)
    expect(report).toMatchObject({ outcome: 'applied', read: { users: 5, groups: 3 } })
    expect(report.notices).toEqual([expect.stringMatching(reason)])
    expect(report.notices[0]).toContain(`Used the authorization of ${second} in its place.`)
    const [broken, working] = await sync.authorizations.list('contoso')
    expect(broken).toMatchObject({ broken: { reason: expect.stringMatching(reason), mayHeal } })
    expect(working).toMatchObject({ broken: null })
    expect(await health(sync)).toMatchObject([{ ok: false, problem: expect.stringMatching(reason) }, { ok: true }])
    expect(served(sync)).toEqual(await truth())
  })

  test('is not asked with again where only a sign-in helps, and is tried by each run where it may heal', async () => {
    const sync = await twoAccounts()
    refuseFirst(signInDemanded())
    await run(sync)
    tenants.entra.tenant.tokens.refusals.clear()
    expect((await run(sync)).notices).toEqual([
      expect.stringMatching(
        /^contoso: authorization of person1.*: broken since .*: GET \/users.*new sign-in is demanded/,
      ),
    ])
    await authorize(tenants, sync.authorizationLinks, first)
    refuseFirst(tokenRefused())
    const since = sync.clock.now().toISOString()
    await run(sync)
    sync.clock.advance(3_600_000)
    expect((await run(sync)).notices).toHaveLength(1)
    expect((await sync.authorizations.list('contoso'))[0]?.broken).toMatchObject({ since })
    tenants.entra.tenant.tokens.refusals.clear()
    expect(await run(sync)).toMatchObject({ error: null, notices: [] })
    expect(await sync.authorizations.list('contoso')).toMatchObject([{ broken: null }, { broken: null }])
  })

  test('for a permission is not marked broken: the problem is kept and told until it is gone', async () => {
    const sync = await twoAccounts()
    refuseFirst(permissionMissing())
    for (let count = 0; count < 3; count++) {
      const report = await run(sync)
      expect(report).toMatchObject({ error: null })
      expect(report.notices).toEqual([
        expect.stringMatching(
          /permission User\.Read\.All .*this one is person1@.*\. Used the authorization of person2@/,
        ),
        expect.stringMatching(/permission GroupMember\.Read\.All .*\. Used the authorization of person2@/),
      ])
      expect(await sync.authorizations.list('contoso')).toMatchObject([{ broken: null }, { broken: null }])
      expect(await health(sync)).toMatchObject([
        { ok: false, problem: expect.stringContaining('permission missing (403') },
        { ok: true },
      ])
      sync.clock.advance(3 * 3_600_000)
    }
    tenants.entra.tenant.tokens.refusals.clear()
    expect(await run(sync)).toMatchObject({ error: null, notices: [] })
    expect(await health(sync)).toMatchObject([{ ok: true, problem: null }, { ok: true }])
  })

  test('fails the run with the first refusal when none is left, the others told', async () => {
    const sync = await twoAccounts()
    refuseFirst(tokenRefused())
    tenants.entra.tenant.tokens.refusals.set(entraUserId(2), permissionMissing())
    expect(await run(sync)).toMatchObject({
      outcome: 'failed',
      error: expect.stringMatching(/the token of the authorization of person1@contoso\.example was refused/),
      notices: [expect.stringMatching(/permission missing .*this one is person2@contoso\.example/)],
    })
  })

  test('leaves reading to an application credential, and that one to an account', async () => {
    const sync = await open({ credentials: [secret(), delegated] })
    await authorize(tenants, sync.authorizationLinks, first)
    tenants.entra.tenant.application.permissions.delete('GroupMember.Read.All')
    const report = await run(sync)
    expect(report).toMatchObject({ error: null, read: { users: 5, groups: 3 } })
    expect(report.notices).toEqual([
      expect.stringMatching(
        /permission GroupMember\.Read\.All .*\(asked with credentials\[0\]\)\. Used the authorization of person1@/,
      ),
    ])
    refuseFirst(tokenRefused())
    expect(await run(sync)).toMatchObject({
      error: expect.stringContaining('Grant the application permission GroupMember.Read.All'),
    })
  })

  test('is renewed once for all calls in parallel', async () => {
    const sync = await twoAccounts()
    await run(sync)
    const since = tenants.entra.tenant.calls.length
    const { faults } = tenants.entra.tenant
    faults.add({ kind: 'unauthorized', path: '/members', times: 3 })
    expect(await run(sync, { full: true })).toMatchObject({ error: null, notices: [] })
    const calls = tenants.entra.tenant.calls.slice(since)
    expect(calls.filter(({ path }) => path.includes('/token')).length).toBe(1)
  })

  test('is told by the daily check too, backups included', async () => {
    const sync = await twoAccounts()
    await run(sync)
    tenants.entra.tenant.tokens.refusals.set(entraUserId(2), signInDemanded())
    const check = async () => {
      const [provider] = sync.providers
      if (provider === undefined) throw new Error('no provider')
      await checkCredentials({ ...sync, recorder: sync.credentialRecorder }, provider, new AbortController().signal)
    }
    await check()
    expect(await health(sync)).toMatchObject([{ ok: true }, { ok: false, problem: expect.stringContaining('sign-in') }])
    expect(await sync.authorizations.list('contoso')).toMatchObject([{ broken: null }, { broken: { mayHeal: false } }])
    tenants.entra.tenant.tokens.refusals.clear()
    await check()
    expect(await health(sync)).toMatchObject([{ ok: true }, { ok: true }])
    expect(await sync.authorizations.list('contoso')).toMatchObject([{ broken: null }, { broken: null }])
  })
})

describe('two purposes', () => {
  test('are refused and replaced apart: for users one account, for groups another', async () => {
    const sync = await open()
    await authorize(tenants, sync.authorizationLinks, first, ['users'])
    await authorize(tenants, sync.authorizationLinks, second, ['groups'])
    await authorize(tenants, sync.authorizationLinks, 'person3@contoso.example')
    refuseFirst(tokenRefused())
    tenants.entra.tenant.tokens.refusals.set(entraUserId(2), permissionMissing())
    const report = await run(sync)
    expect(report).toMatchObject({ error: null, read: { users: 5, groups: 3 } })
    expect(report.notices).toEqual([
      expect.stringMatching(/person1@contoso\.example was refused .*Used the authorization of person3@/),
      expect.stringMatching(/GroupMember\.Read\.All .*person2@contoso\.example\)\. Used the authorization of person3@/),
    ])
    tenants.entra.tenant.tokens.refusals.set(entraUserId(3), tokenRefused())
    tenants.entra.tenant.tokens.refusals.delete(entraUserId(1))
    expect((await run(sync)).error).toMatch(/GroupMember\.Read\.All .*this one is person2@contoso\.example/)
  })

  test('of one account: what it lacks for groups does not keep it from reading users', async () => {
    const sync = await twoAccounts()
    tenants.entra.tenant.faults.add({ kind: 'forbidden', path: '/groups/delta' })
    const progress: string[] = []
    const report = await run(sync, {
      onProgress({ step }) {
        if (!progress.includes(step)) progress.push(step)
      },
    })
    expect(progress).toEqual(['users', 'groups', 'members', 'map', 'plan', 'apply'])
    expect(report.notices).toEqual([expect.stringMatching(/GET \/groups\/delta: permission missing/)])
    // Users are still read with the first: only it is refused now, and is missed.
    refuseFirst(permissionMissing())
    expect((await run(sync)).notices).toContainEqual(expect.stringMatching(/User\.Read\.All .*person1@/))
  })
})

describe.each([
  { mode: 'full', full: true },
  { mode: 'incremental', full: false },
])('a refusal at any call of a $mode run', ({ full, mode }) => {
  const refusals: readonly (Fault & { what: string })[] = [
    { what: '403', kind: 'forbidden' },
    { what: '401 twice', kind: 'unauthorized', times: 2 },
    { what: 'a demand to sign in', kind: 'claims-challenge', times: 2 },
  ]

  test.each(refusals)('leaves nothing out: $what', async (fault) => {
    const sync = await twoAccounts()
    await run(sync)
    let told = 0
    for (let at = 1; ; at++) {
      for (let round = 1; round <= 4; round++) changeAgain(tenants, at + round)
      for (const { id, authorizedBy } of await sync.authorizations.list('contoso')) {
        if (authorizedBy === first) await sync.authorizations.mark('contoso', id, null)
      }
      tenants.entra.tenant.faults.add({ ...fault, at, path: '/graph/' })
      const report = await run(sync, { full })
      const isHit = tenants.entra.tenant.faults.pending.length === 0
      tenants.entra.tenant.faults.clear()
      expect({ at, ...report }).toMatchObject({ at, error: null, mode })
      expect({ at, served: served(sync) }).toEqual({ at, served: await truth() })
      told += report.notices.length
      if (!isHit) break
    }
    expect(told).toBeGreaterThan(3)
  })

  test('begins the listing again when the next one may not go on with its page tokens', async () => {
    const sync = await twoAccounts()
    await run(sync)
    for (let at = 1; ; at++) {
      for (let round = 1; round <= 4; round++) changeAgain(tenants, at + round)
      tenants.entra.tenant.faults.add({ kind: 'forbidden', at, path: 'skiptoken' })
      tenants.entra.tenant.faults.add({ kind: 'expired-page-token', at: at + 1, path: 'skiptoken' })
      const report = await run(sync, { full })
      const isHit = tenants.entra.tenant.faults.pending.length === 0
      tenants.entra.tenant.faults.clear()
      expect({ at, ...report }).toMatchObject({ at, error: null, mode })
      expect({ at, served: served(sync) }).toEqual({ at, served: await truth() })
      if (!isHit) break
    }
  })
})

test('an account refused in the middle of a listing: the next one reads the rest', async () => {
  const sync = await twoAccounts()
  const report = await run(sync, {
    onProgress({ step, count }) {
      if (step === 'users' && count === 2) refuseFirst(tokenRefused())
    },
  })
  expect(report).toMatchObject({ error: null, read: { users: 5, groups: 3 }, notices: [expect.any(String)] })
  expect(served(sync)).toEqual(await truth())
})

describe('a group with hidden members', () => {
  test('may be refused without a word about the credentials', async () => {
    const sync = await twoAccounts()
    tenants.entra.tenant.directory.updateGroup(entraGroupId(1), { visibility: 'HiddenMembership' })
    tenants.entra.tenant.faults.add({ kind: 'forbidden', path: `${entraGroupId(1)}/members` })
    expect(await run(sync)).toMatchObject({ error: null, notices: [] })
    expect(await health(sync)).toMatchObject([{ ok: true }, { ok: true }])
  })
})

describe('a rule that reads the domains of the tenant', () => {
  const withRule = { filters: { domainRestriction: true } }

  test('asks for a new authorization of accounts that were authorized before it, in one sentence', async () => {
    const before = await open()
    await authorize(tenants, before.authorizationLinks, first)
    expect(await run(before)).toMatchObject({ error: null })
    const settings = (changes: object) => ({
      providers: [entraSettings(tenants, { credentials: [delegated], ...changes })],
      store: before.directory.store,
    })
    const after = await openSync(settings(withRule))
    tenants.entra.tenant.tokens.revokeAll()
    expect((await run(after)).error).toBe(
      'contoso: authorization of person1@contoso.example: it was given without Domain.Read.All, which filters.domainRestriction needs. Authorize the account again: "rosterd provider authorize contoso" makes a link.',
    )
    expect(await after.authorizations.list('contoso')).toMatchObject([{ broken: null }])
    // Without the rule the account is as good as before.
    expect(await run(await openSync(settings({})))).toMatchObject({ error: null, notices: [] })
    await authorize(tenants, after.authorizationLinks, first)
    expect(await run(await openSync(settings(withRule)))).toMatchObject({ error: null, notices: [] })
  })

  test('is served by the next credential that may read them', async () => {
    const before = await open()
    await authorize(tenants, before.authorizationLinks, first)
    const after = await openSync({
      providers: [entraSettings(tenants, { credentials: [delegated, secret()], ...withRule })],
      store: before.directory.store,
    })
    const report = await run(after)
    expect(report).toMatchObject({ error: null })
    expect(report.notices).toEqual([
      expect.stringMatching(/without Domain\.Read\.All, which filters\.domainRestriction needs.*Used credentials\[1\]/),
    ])
  })
})
