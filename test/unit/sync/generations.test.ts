import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Entry } from '../../../server/directory/entry.ts'
import { type Config, configSchema } from '../../../server/runtime/config-schema.ts'
import { computeDesired, type Desired } from '../../../sync/desired.ts'
import { type CurrentDirectory, type Holds, noHolds } from '../../../sync/desired-input.ts'
import { entryType, textValuesOf } from '../../../sync/file-entries.ts'
import { guardChanges, type HeldChanges } from '../../../sync/guard.ts'
import type { SourceGroup, SourceUser } from '../../../sync/identity.ts'
import { changedLedgers } from '../../../sync/forgetting.ts'
import type { Ledgers } from '../../../sync/ledgers.ts'
import { planSync } from '../../../sync/sync-plan.ts'
import { aGroup, aUser } from './source-builders.ts'

/*
 * Two generations of a tenant, generated: names that clash, people that go, come, are blocked and swap names, groups
 * that nest in circles. Whatever happens, what is served holds together.
 */

interface State {
  readonly entries: ReadonlyMap<string, Entry>
  readonly ledgers: Ledgers
}

interface Source {
  readonly users: readonly SourceUser[]
  readonly groups: readonly SourceGroup[]
}

const config: Config = configSchema.parse({
  providers: [{ id: 'acme', type: 'okta', name: 'Acme', orgUrl: 'https://acme.example', apiToken: 'x' }],
  guard: { minRemoved: 2 },
})
const empty: State = {
  entries: new Map(),
  ledgers: {
    identities: new Map(),
    names: { user: new Map(), group: new Map() },
    numbers: new Map(),
    words: new Map(),
  },
}

function directoryOf(state: State): CurrentDirectory {
  const byDn = new Map([...state.entries.values()].map((entry) => [entry.dn, entry]))
  return {
    entryByUuid: (entryUUID) => state.entries.get(entryUUID),
    entryByDn: (dn) => byDn.get(dn),
    entries: () => state.entries.values(),
  }
}

function desiredOf(state: State, source: Source, now: Date, holds: Holds = noHolds): Promise<Desired> {
  const [settings] = config.providers
  if (settings === undefined) throw new Error('no provider')
  const snapshot = { kind: 'identities', domains: [], ...source } as const
  const providers = [{ config: settings, tenant: 'acme.example', snapshot }]
  return computeDesired({
    config,
    providers,
    ledgers: state.ledgers,
    enrollments: new Map(),
    current: directoryOf(state),
    now,
    holds,
  })
}

function after(state: State, { entries, ledgerChanges }: Desired): State {
  return { entries, ledgers: changedLedgers(state.ledgers, ledgerChanges) }
}

/** One run as the engine does it: wish, plan, guard, and what is left of the wish. */
async function run(state: State, source: Source, now: Date, before: readonly HeldChanges[] = []) {
  const current = directoryOf(state)
  const known = new Set([...state.ledgers.identities.values()].map((record) => record.entryUUID))
  const wished = await desiredOf(state, source, now)
  const served = [...state.entries.values()].filter((entry) =>
    textValuesOf(entry.attributes, 'rosterdSource')[0]?.startsWith('acme:'),
  )
  const { held, holds } = guardChanges({
    usedGroups: new Map(),
    sourced: () => 0,
    changes: await planSync(current, wished, (id) => known.has(id)),
    limits: config.guard,
    served: (_, type) => served.filter((entry) => entryType(entry) === type).length,
    removedLately: () => 0,
    emptiedRuleGroups: () => [],
    isFileProvider: () => false,
    hasEvidence: (id) => wished.refusals.get(id)?.evidence ?? false,
    heldBefore: (provider) => before.find((one) => one.provider === provider),
    isApproved: () => false,
  })
  const desired = held.length === 0 ? wished : await desiredOf(state, source, now, holds)
  const changes = await planSync(current, desired, (id) => known.has(id))
  return { state: after(state, desired), held, holds, changes, wished, desired }
}

const userIds = Array.from({ length: 12 }, (_, n) => `u${n}`)
const groupIds = Array.from({ length: 5 }, (_, n) => `g${n}`)
const anyUser = (id: string) =>
  fc
    .record({
      there: fc.integer({ min: 0, max: 9 }).map((n) => n > 2),
      name: fc.constantFrom('sam', 'Sam', 'ann', 'bob', 'root', 'kim', 'lee', id),
      allowed: fc.integer({ min: 0, max: 9 }).map((n) => n > 1),
      title: fc.constantFrom(null, 'Boss', 'Clerk'),
      manager: fc.option(fc.constantFrom(...userIds)),
    })
    .map(({ there, name, allowed, title, manager }) => ({
      there,
      value: aUser({
        id,
        userPrincipalName: `${name}@acme.example`,
        signIn: allowed ? { allowed } : { allowed, reason: 'suspended' },
        title,
        managerId: manager,
      }),
    }))
const anyGroup = (id: string) =>
  fc
    .record({
      there: fc.integer({ min: 0, max: 9 }).map((n) => n > 1),
      name: fc.constantFrom('Staff', 'staff', 'sudo', id),
      userIds: fc.subarray(userIds),
      groupIds: fc.subarray(groupIds),
    })
    .map(({ there, ...rest }) => ({ there, value: aGroup({ id, ...rest }) }))
const anySource: fc.Arbitrary<Source> = fc
  .tuple(fc.tuple(...userIds.map(anyUser)), fc.tuple(...groupIds.map(anyGroup)))
  .map(([users, groups]) => ({
    users: users.flatMap(({ there, value }) => (there ? [value] : [])),
    groups: groups.flatMap(({ there, value }) => (there ? [value] : [])),
  }))

const day = (n: number) => new Date(Date.UTC(2026, 2, n))

function expectToHoldTogether({ entries, ledgers }: State): void {
  const dns = new Set([...entries.values()].map((entry) => entry.dn))
  expect(dns.size).toBe(entries.size)
  const people = [...entries.values()].filter((entry) => entry.dn.startsWith('uid='))
  const uids = people.flatMap((entry) => textValuesOf(entry.attributes, 'uid'))
  expect(new Set(uids.map((uid) => uid.toLowerCase())).size).toBe(people.length)
  for (const entry of entries.values()) {
    const references = ['member', 'memberOf', 'manager'].flatMap((name) => textValuesOf(entry.attributes, name))
    for (const dn of references) expect(dns).toContain(dn)
    for (const uid of textValuesOf(entry.attributes, 'memberUid')) expect(uids).toContain(uid)
    const members = textValuesOf(entry.attributes, 'member').filter((dn) => dn.startsWith('uid='))
    expect(textValuesOf(entry.attributes, 'memberUid')).toHaveLength(members.length)
  }
  const numbers = [...ledgers.identities.values()].map((record) => record.number)
  expect(new Set(numbers).size).toBe(numbers.length)
}

test('for any two generations the result holds together, whatever is held', async () => {
  await fc.assert(
    fc.asyncProperty(anySource, anySource, async (before, now) => {
      const first = await run(empty, before, day(1))
      expect(first.held).toEqual([])
      expectToHoldTogether(first.state)
      const second = await run(first.state, now, day(2))
      expectToHoldTogether(second.state)

      // Evidence is never held.
      for (const user of now.users.filter(({ signIn }) => !signIn.allowed)) {
        const source = `acme:${user.id}`
        const found = [...second.state.entries.values()].some((e) =>
          textValuesOf(e.attributes, 'rosterdSource').includes(source),
        )
        expect(found).toBe(false)
      }
      // What is kept is there, with the memberships it had in groups that are there.
      for (const uuid of second.holds.keptEntries) {
        const kept = second.state.entries.get(uuid)
        expect(kept).toBeDefined()
        for (const group of first.state.entries.values()) {
          const still = second.state.entries.get(group.entryUUID)
          if (still === undefined || !textValuesOf(group.attributes, 'member').includes(kept?.dn ?? '')) continue
          expect(textValuesOf(still.attributes, 'member')).toContain(kept?.dn)
        }
      }
      // Ids never move.
      for (const [key, record] of first.state.ledgers.identities)
        expect(second.state.ledgers.identities.get(key)).toMatchObject({
          entryUUID: record.entryUUID,
          number: record.number,
        })
    }),
    { numRuns: 150 },
  )
})

test('a second run of the same generation changes nothing, and holds exactly the same', async () => {
  await fc.assert(
    fc.asyncProperty(anySource, anySource, async (before, now) => {
      const first = await run(empty, before, day(1))
      const second = await run(first.state, now, day(2))
      const third = await run(second.state, now, day(3), second.held)
      expect(third.changes).toEqual([])
      const shown = (held: readonly HeldChanges[]) =>
        held.map(({ hash, changes }) => ({ hash, entries: changes.map((change) => change.entryUUID).sort() }))
      expect(shown(third.held)).toEqual(shown(second.held))
      expect(third.state.ledgers).toEqual(second.state.ledgers)
      expect(third.state.entries).toEqual(second.state.entries)
    }),
    { numRuns: 150 },
  )
})

test('the order of listing plays no part', async () => {
  await fc.assert(
    fc.asyncProperty(anySource, async ({ users, groups }) => {
      const one = await desiredOf(empty, { users, groups }, day(1))
      const other = await desiredOf(empty, { users: users.toReversed(), groups: groups.toReversed() }, day(1))
      expect(new Map([...other.entries].sort())).toEqual(new Map([...one.entries].sort()))
      expect(other.ledgerChanges.identities).toEqual(one.ledgerChanges.identities)
    }),
    { numRuns: 100 },
  )
})
