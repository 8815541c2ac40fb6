import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import type { EntraFreedoms } from '../contract-server/entra-freedoms.ts'
import type { OktaFreedoms } from '../contract-server/okta-org.ts'
import type { Misfortune } from '../contract-server/service.ts'
import type { TrueGroup, Truth } from '../contract-server/truth.ts'
import { entraWorld, type Mutation, oktaWorld, type World } from '../contract-server/world.ts'
import type { Collection, DirectoryStore } from '../../server/directory/directory-store.ts'
import { fakeClock, type FakeClock } from './fake-clock.ts'
import { openSync, type SyncFixture } from './sync-fixture.ts'

/*
 * The product against services that were written from the contracts alone and use every freedom these leave. What a
 * fixture holds is the truth that the directory is compared with after every run.
 */

// One form of a date in HTTP names no zone, and must not be taken for local time.
process.env.TZ = 'Pacific/Pago_Pago'

const seed = Number(process.env.ROSTERD_SEED ?? 20260301)

const transport = {
  gzip: fc.boolean(),
  chunked: fc.boolean(),
  closes: fc.boolean(),
  headerCase: fc.constantFrom('lower', 'upper', 'as-is'),
  date: fc.constantFrom('imf', 'rfc850', 'asctime'),
  seed: fc.nat(),
  pageSize: fc.constantFrom(1, 3, 7, 500),
  empty: fc.constantFrom(0, 0.3),
  again: fc.constantFrom(0, 0.4),
  noise: fc.boolean(),
  unset: fc.constantFrom('null', 'missing'),
  tokenUses: fc.constantFrom(0, 23),
  skewMs: fc.constantFrom(0, -3_600_000, 7_200_000),
} as const

const entraFreedoms: fc.Arbitrary<EntraFreedoms> = fc.record({
  ...transport,
  idCase: fc.constantFrom('lower', 'upper', 'any'),
  strangeLinks: fc.boolean(),
  live: fc.boolean(),
  tellsMembersOfDeleted: fc.boolean(),
  tokenSeconds: fc.constantFrom(3599, 120),
  trailingSlashes: fc.boolean(),
  codeCase: fc.constantFrom('as-is', 'lower', 'upper'),
  retryAfter: fc.constantFrom('seconds', 'date', 'missing'),
})

const oktaFreedoms: fc.Arbitrary<OktaFreedoms> = fc.record({
  ...transport,
  linkHeaders: fc.constantFrom('lines', 'joined'),
  linkStyle: fc.constantFrom('quoted', 'bare', 'late', 'spaced'),
  doubledLimits: fc.boolean(),
  milliseconds: fc.boolean(),
  fate: fc.constantFrom('stay', 'hidden', 'lost'),
  lagMs: fc.constantFrom(0, 180_000),
  access: fc.constantFrom('token', 'oauth', 'dpop'),
  logs: fc.constantFrom(200, 403, 404),
  throttledUntil: fc.constantFrom('reset', 'missing'),
})

const mutation: fc.Arbitrary<Mutation> = fc.record({
  what: fc.constantFrom(
    ...(['come', 'come', 'rename', 'retitle', 'clear', 'block', 'unblock', 'go', 'return', 'newGroup'] as const),
    ...(['renameGroup', 'describeGroup', 'dropGroup', 'join', 'join', 'leave', 'leave', 'nest', 'forget'] as const),
  ),
  a: fc.nat(1000),
  b: fc.nat(1000),
})

/** What happens before a run, and in the middle of it. */
interface Step {
  readonly before: readonly Mutation[]
  readonly during: { readonly mutation: Mutation; readonly atCall: number } | null
  readonly full: boolean
  /** One of those that pass, at a call. */
  readonly misfortune: { readonly kind: number; readonly at: number } | null
}

const step: fc.Arbitrary<Step> = fc.record({
  before: fc.array(mutation, { maxLength: 12 }),
  during: fc.option(fc.record({ mutation, atCall: fc.nat(30) }), { freq: 2 }),
  full: fc.boolean(),
  misfortune: fc.option(
    fc.record({
      kind: fc.nat(),
      at: fc.integer({ min: 1, max: 15 }),
    }),
    { freq: 2 },
  ),
})

let clock: FakeClock
beforeEach(() => {
  clock = fakeClock()
})

/** The guard is not what these tests are about. */
const noGuard = { guard: { maxRemovedShare: 1, maxRemovedCount: 1_000_000, minRemoved: 1_000_000 } }

function open(world: World): Promise<SyncFixture> {
  return openSync({ providers: [world.provider], clock, settings: noGuard })
}

async function run(sync: SyncFixture, world: World, full: boolean) {
  sync.clock.advance(60_000)
  world.service.calls = 0
  const report = await sync.engine.run(world.provider.id, { trigger: 'test', full })
  // Large groups that lose half their members wait for approval all the same.
  while ((await sync.engine.plan.show()).length > 0) await sync.engine.plan.approve('latest', 'test')
  return report
}

function fill(world: World, people: number): void {
  const numbers = Array.from({ length: people }, (_, n) => n)
  for (const n of numbers) world.mutate({ what: 'come', a: n, b: 1 })
  for (const n of [3, people + 1, 0]) world.mutate({ what: 'newGroup', a: n, b: 0 })
  world.mutate({ what: 'nest', a: 1, b: 2 })
}

/** The entries of a provider in the words of the truth. */
function seen({ directory }: SyncFixture, provider: string) {
  const people = new Map<string, { uid: string; isActive: boolean; displayName: string; mail: string; title: string }>()
  const groups = new Map<string, { name: string; description: string; uids: readonly string[] }>()
  for (const { attributes } of directory.entries()) {
    const text = (name: string) => String(attributes.get(name)?.[0] ?? '')
    for (const source of (attributes.get('rosterdSource') ?? []).map(String)) {
      if (!source.startsWith(`${provider}:`)) continue
      const id = source.slice(provider.length + 1)
      if (attributes.has('uid'))
        people.set(id, {
          uid: text('uid'),
          isActive: text('userAccountControl') === '512',
          displayName: text('displayName'),
          mail: text('mail'),
          title: text('title'),
        })
      else
        groups.set(id, {
          name: text('displayName'),
          description: text('description'),
          uids: (attributes.get('memberUid') ?? []).map(String),
        })
    }
  }
  return { people, groups }
}

function expectTruth(sync: SyncFixture, world: World, why: string): void {
  const found = seen(sync, world.provider.id)
  const { people, groups } = world.truth
  const active = new Map(people.filter(({ isActive }) => isActive).map((person) => [person.id, person]))
  const uidOf = (login: string) => (login.split('@')[0] ?? '').toLowerCase()
  expect({ why, people: Object.fromEntries([...found.people].filter(([, { isActive }]) => isActive)) }).toEqual({
    why,
    people: Object.fromEntries(
      [...active.values()].map(({ id, login, displayName, mail, title }) => [
        id,
        {
          uid: uidOf(login),
          isActive: true,
          displayName: displayName ?? found.people.get(id)?.displayName,
          mail: mail ?? '',
          title: title ?? '',
        },
      ]),
    ),
  })
  const activeUids = new Set([...active.values()].map(({ login }) => uidOf(login)))
  const ofActive = (uids: readonly string[]) => uids.filter((uid) => activeUids.has(uid)).sort()
  expect({
    why,
    groups: Object.fromEntries([...found.groups].map(([id, group]) => [id, { ...group, uids: ofActive(group.uids) }])),
  }).toEqual({
    why,
    groups: Object.fromEntries(
      groups.map((group) => [
        group.id,
        {
          name: group.name,
          description: group.description ?? '',
          uids: [...everybody(group, world.truth)]
            .flatMap((id) => active.get(id)?.login ?? [])
            .map(uidOf)
            .sort(),
        },
      ]),
    ),
  })
}

/** Direct and nested members. */
function everybody(group: TrueGroup, { groups }: Truth): ReadonlySet<string> {
  const inside = new Set([group])
  for (const { groups: ids } of inside) for (const each of groups) if (ids.includes(each.id)) inside.add(each)
  return new Set([...inside].flatMap(({ people }) => people))
}

/** All that a failed run must leave alone. */
async function everything(store: DirectoryStore): Promise<string> {
  const collections: readonly Collection[] = ['mirror', 'cursor', 'identity', 'name', 'number', 'decision', 'held']
  const found: unknown[] = [store.lastChange]
  for (const collection of collections) for await (const record of store.list(collection)) found.push(record)
  for await (const { dn, entryUUID, attributes } of store.entries()) found.push([dn, entryUUID, ...attributes])
  return JSON.stringify(found)
}

async function live(world: World, steps: readonly Step[]): Promise<void> {
  const sync = await open(world)
  fill(world, 9)
  const first = await run(sync, world, true)
  expect(first).toMatchObject({ error: null, outcome: 'applied' })
  for (const [number, { before, during, full, misfortune }] of steps.entries()) {
    for (const each of before) world.mutate(each)
    const kind = world.passing[(misfortune?.kind ?? 0) % world.passing.length]
    world.service.misfortune =
      misfortune === null || kind === undefined ? undefined : { kind, at: misfortune.at, times: 1 }
    world.service.onCall = (call) => {
      if (during !== null && call === during.atCall) world.mutate(during.mutation)
    }
    const report = await run(sync, world, full)
    expect({ number, error: report.error }).toEqual({ number, error: null })
    if (report.mode === 'full' && during === null && world.lagMs === 0)
      expect({ number, users: report.read.users }).toEqual({ number, users: world.truth.people.length })
    world.service.onCall = undefined
    world.service.misfortune = undefined
    if (during !== null || world.lagMs > 0) {
      clock.advance(world.lagMs)
      expect({ number, error: (await run(sync, world, false)).error }).toEqual({ number, error: null })
    }
    expectTruth(sync, world, `after step ${number}`)
  }
}

/** Every freedom used, as far as one excludes no other. */
const freeEntra: EntraFreedoms = {
  gzip: true,
  chunked: true,
  closes: true,
  headerCase: 'upper',
  date: 'asctime',
  seed,
  pageSize: 4,
  empty: 0.1,
  again: 0.4,
  noise: true,
  unset: 'missing',
  tokenUses: 23,
  skewMs: 7_200_000,
  idCase: 'any',
  strangeLinks: true,
  live: true,
  tellsMembersOfDeleted: false,
  tokenSeconds: 120,
  trailingSlashes: true,
  codeCase: 'lower',
  retryAfter: 'date',
}
const freeOkta: OktaFreedoms = {
  gzip: true,
  chunked: true,
  closes: true,
  headerCase: 'upper',
  date: 'asctime',
  seed,
  pageSize: 4,
  empty: 0.1,
  again: 0.4,
  noise: true,
  unset: 'missing',
  tokenUses: 23,
  skewMs: -3_600_000,
  linkHeaders: 'joined',
  linkStyle: 'late',
  doubledLimits: true,
  milliseconds: false,
  fate: 'hidden',
  lagMs: 0,
  access: 'dpop',
  logs: 200,
  throttledUntil: 'missing',
}

/** With these, runs that read the same take the same calls. */
const alwaysAlike = { pageSize: 1, empty: 0, again: 0, tokenUses: 0, closes: false }

describe.each([
  { name: 'a tenant of Entra ID', freedoms: entraFreedoms, start: entraWorld },
  { name: 'an Okta org', freedoms: oktaFreedoms, start: oktaWorld },
])('$name that uses the freedoms of its contract', ({ freedoms, start }) => {
  test(`is served as it is, after every run (ROSTERD_SEED=${seed})`, async () => {
    const cases = fc.tuple(freedoms as fc.Arbitrary<never>, fc.array(step, { minLength: 1, maxLength: 6 }))
    await fc.assert(
      fc.asyncProperty(cases, async ([chosen, steps]) => {
        clock = fakeClock()
        await using world = await start(chosen, () => clock.now())
        await live(world, steps)
      }),
      { seed, numRuns: Number(process.env.ROSTERD_RUNS ?? 12), endOnFailure: true },
    )
  })
})

describe.each([
  { name: 'a tenant of Entra ID', start: () => entraWorld({ ...freeEntra, ...alwaysAlike }, () => clock.now()) },
  { name: 'an Okta org', start: () => oktaWorld({ ...freeOkta, ...alwaysAlike }, () => clock.now()) },
])('a call to $name that goes wrong for good', ({ start }) => {
  const kinds: readonly Misfortune[] = ['cut', 'unavailable', 'throttled', 'unauthorized', 'forbidden']

  test.each([
    { what: 'everything', full: true },
    { what: 'changes', full: false },
  ])('leaves the directory as it was, whichever it is of a run that reads $what', async ({ full }) => {
    await using world = await start()
    const sync = await open(world)
    fill(world, 3)
    expect(await run(sync, world, true)).toMatchObject({ error: null })
    let at = 1
    for (; ; at++) {
      clock.advance(3_600_000)
      for (const what of ['retitle', 'join', 'rename'] as const) world.mutate({ what, a: at, b: at * 7 + 1 })
      const before = await everything(sync.directory.store)
      const kind = kinds[at % kinds.length] ?? 'cut'
      world.service.misfortune = { kind, at, times: Number.POSITIVE_INFINITY }
      const failed = await run(sync, world, full)
      world.service.misfortune = undefined
      if (world.service.calls < at) break
      expect({ at, kind, outcome: failed.outcome }).toEqual({ at, kind, outcome: 'failed' })
      expect({ at, kind, stored: await everything(sync.directory.store) }).toEqual({ at, kind, stored: before })
      expect({ at, kind, error: (await run(sync, world, full)).error }).toEqual({ at, kind, error: null })
      expectTruth(sync, world, `after ${kind} at ${at}`)
    }
    expect(at).toBeGreaterThan(kinds.length)
  })
})

describe('people who come back', () => {
  test('have their groups again although change tracking tells nothing of them', async () => {
    await using world = await entraWorld(freeEntra, () => clock.now())
    const sync = await open(world)
    fill(world, 6)
    await run(sync, world, true)
    world.mutate({ what: 'go', a: 1, b: 1 })
    // After this nothing here knows the groups of who went.
    await run(sync, world, true)
    world.mutate({ what: 'return', a: 0, b: 0 })
    expect(await run(sync, world, false)).toMatchObject({ error: null, mode: 'incremental' })
    expectTruth(sync, world, 'restored')
  })

  test.each(['lost', 'hidden', 'stay'] as const)(
    'and went between two runs of an Okta org: memberships that are %s',
    async (fate) => {
      await using world = await oktaWorld({ ...freeOkta, fate }, () => clock.now())
      const sync = await open(world)
      fill(world, 6)
      await run(sync, world, true)
      // Beyond the overlap of what is read again anyway.
      clock.advance(3_600_000)
      await run(sync, world, false)
      const deactivated = 1
      world.mutate({ what: 'block', a: 1, b: deactivated })
      world.mutate({ what: 'unblock', a: 1, b: 0 })
      expect(await run(sync, world, false)).toMatchObject({ error: null, mode: 'incremental' })
      expectTruth(sync, world, 'reactivated')
    },
  )
})

test('a wait that is given as a date is measured by the clock that gave it', async () => {
  await using world = await entraWorld({ ...freeEntra, skewMs: 86_400_000 }, () => clock.now())
  const sync = await open(world)
  fill(world, 2)
  world.service.misfortune = { kind: 'throttled', at: 4, times: 2 }
  expect(await run(sync, world, true)).toMatchObject({ error: null })
  expect(clock.sleeps.length).toBeGreaterThan(0)
  expect(Math.max(...clock.sleeps)).toBeLessThan(60_000)
})

test('a refusal of the sign-in service without any code is a mistake in the settings, and nothing to be repeated', async () => {
  await using world = await entraWorld({ ...freeEntra, noise: false }, () => clock.now())
  const provider = { ...world.provider, credentials: [{ kind: 'application', clientSecret: 'another' }] }
  const sync = await openSync({ providers: [provider], clock })
  const report = await sync.engine.run('contoso', { trigger: 'test' })
  expect(report.error).toMatch(/^contoso: token request: .*invalid_client/)
  expect(report.repeats).toBe(0)
})

test('people who are deleted in a large org go with the next run, whether its log may be read or not', async () => {
  const freedoms: { -readonly [name in keyof OktaFreedoms]: OktaFreedoms[name] } = {
    ...freeOkta,
    ...alwaysAlike,
    pageSize: 200,
  }
  await using world = await oktaWorld(freedoms, () => clock.now())
  const sync = await open(world)
  for (let a = 0; a < 5_010; a++) world.mutate({ what: 'come', a, b: 1 })
  expect(await run(sync, world, true)).toMatchObject({ error: null })
  for (const logs of [200, 403, 404] as const) {
    freedoms.logs = logs
    clock.advance(3_600_000)
    for (const a of [7, 4_000]) world.mutate({ what: 'go', a, b: 0 })
    expect(await run(sync, world, false)).toMatchObject({ error: null, mode: 'incremental' })
    expectTruth(sync, world, `log ${logs}`)
  }
})
