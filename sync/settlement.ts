import type { RecordChange, RecordReader } from '../server/directory/directory-store.ts'
import type { Config, ProviderConfig } from '../server/runtime/config-schema.ts'
import { type ProviderMirror } from './candidates.ts'
import { snapshotDirectory } from './current-directory.ts'
import { computeDesired, type Desired } from './desired.ts'
import { type CurrentDirectory, type DesiredInput, joinHolds, noHolds } from './desired-input.ts'
import { readEnrollments } from './enrollment/enrollment-record.ts'
import { readEmptied } from './emptied-groups.ts'
import { type EntryType, entryType, textValuesOf } from './file-entries.ts'
import { resolveMembership } from './group-membership.ts'
import { guardChanges, type HeldChanges } from './guard.ts'
import { type Ledgers, readLedgers, trusted } from './ledgers.ts'
import type { Snapshot } from './identity.ts'
import { readMirror } from './mirror.ts'
import { pauseHolds, readPause } from './provider-pause.ts'
import { pinChanges, primaryGroupPin, readPins, withPinnedGroups, withPinnedPrimaryGroup } from './rule-group-pins.ts'
import { memberRules, RuleError, ruleGroups } from './rules.ts'
import type { ReportedHold } from './run-report.ts'
import { isActive, type PlannedChange, planSync, providerOf } from './sync-plan.ts'
import { usedGroups } from './used-groups.ts'

/** Value of the `held` collection. */
export type HeldRecord = ReportedHold & {
  /** ISO 8601: when these changes were first held. */
  readonly since: string
}

/** Removals without evidence that were applied: value of `meta` "removals:<provider>". */
export type Removals = readonly { readonly time: string; readonly type: EntryType; readonly count: number }[]

/** Where the directory should go, and what of it waits. */
export interface Settlement {
  readonly desired: Desired
  readonly ledgers: Ledgers
  /** What is applied. */
  readonly changes: readonly PlannedChange[]
  readonly held: readonly HeldChanges[]
  /** By provider: groups that rules read and that are empty although they were not. */
  readonly emptied: ReadonlyMap<string, readonly string[]>
  /** Changes of paused providers that are not applied; nobody is asked about them. */
  readonly pausedChanges: readonly PlannedChange[]
  /** Records of the groups that rules name. */
  readonly pins: readonly RecordChange[]
  /** Rules of other providers that could not be evaluated; their people and groups stay as they are. */
  readonly notices: readonly string[]
  readonly durations: SettleDurations
}

/** Seconds. */
export interface SettleDurations {
  /** From mirrors to the desired directory. */
  readonly map: number
  /** Comparing, and the guard. */
  readonly plan: number
}

export interface SettleOptions {
  readonly config: Config
  readonly store: RecordReader
  readonly current: CurrentDirectory
  /** Tenant by provider id. */
  readonly tenants: ReadonlyMap<string, string>
  readonly now: Date
  /** Mirrors that take the place of the stored ones. */
  readonly fresh: readonly ProviderMirror[]
  /** Hash of changes that were approved. */
  readonly approved: string | undefined
  /** Groups that became empty just now, by provider. */
  readonly emptied: ReadonlyMap<string, readonly string[]>
  /** Rules of providers that cannot be evaluated stop nothing: these keep what they have. */
  readonly isTolerant?: boolean
  /** A provider that counts as accepted although its first plan waits for that. */
  readonly accepted?: string | undefined
}

/** Reads the state, computes where it should go, and lets the guard decide what may. Writes nothing. */
export async function settle(options: SettleOptions): Promise<Settlement> {
  const { store, now } = options
  const config = await withPinnedPrimaryGroup(options.config, store)
  const watch = stopwatch()
  const current = await snapshotDirectory(options.current)
  const ledgers = await readLedgers(store)
  const enrollments = await readEnrollments(store)
  const about = { config, ledgers, enrollments, current, now }
  const { providers, wished, notices } = await wish(await readMirrors(options), about, options)
  const pins = await newPins(options, providers)
  const input = { ...about, providers }
  watch.lap('map')
  const known = new Set([...ledgers.identities.values()].map((record) => record.entryUUID))
  const isKnown = (entryUUID: string) => known.has(entryUUID)
  const wishes = await planSync(current, wished, isKnown)
  const emptied = await stillEmptied(options, providers)
  watch.lap('plan')
  const settled = { ledgers, pins, notices, durations: watch.seconds }
  if (wishes.length === 0) return { ...settled, desired: wished, changes: wishes, held: [], emptied, pausedChanges: [] }

  const paused = await pausedProviders(store, providers, options.accepted)
  const isServed = (entryUUID: string) => current.entryByUuid(entryUUID) !== undefined
  const pause = pauseHolds(wishes, (provider) => paused.has(provider), isServed)
  const served = countServed(current)
  const removals = await readRemovals(store, providers)
  const heldBefore = await readHeld(store)
  const since = new Date(now.getTime() - 86_400_000).toISOString()
  const guarded = guardChanges({
    changes: wishes.filter((change) => !paused.has(change.provider)),
    limits: config.guard,
    served: (provider, type) => served.get(`${provider}\0${type}`) ?? 0,
    sourced: (provider) => countSourced(current, provider),
    removedLately: (provider, type) =>
      (removals.get(provider) ?? [])
        .filter((removal) => removal.type === type && removal.time > since)
        .reduce((sum, removal) => sum + removal.count, 0),
    emptiedRuleGroups: (provider) => namesOf(emptied.get(provider) ?? [], provider, providers),
    usedGroups: usedGroups(current, config.binders),
    isFileProvider: (provider) => config.providers.some(({ id, type }) => id === provider && type === 'ldif'),
    hasEvidence: (entryUUID) => wished.refusals.get(entryUUID)?.evidence ?? false,
    heldBefore: (provider) => heldBefore.get(provider),
    isApproved: (_, hash) => hash === options.approved,
  })
  const { held } = guarded
  const holds = joinHolds([guarded.holds, pause])
  const pausedChanges = wishes.filter(
    ({ entryUUID }) => pause.keptEntries.has(entryUUID) || pause.keptOut.has(entryUUID),
  )
  const rest = { ...settled, held, emptied, pausedChanges }
  if (held.length === 0 && pausedChanges.length === 0) return { ...rest, desired: wished, changes: wishes }
  watch.lap('plan')
  const desired = await computeDesired({ ...input, holds, paused })
  watch.lap('map')
  const changes = await planSync(current, desired, isKnown)
  watch.lap('plan')
  return { ...rest, desired, changes }
}

async function pausedProviders(
  store: RecordReader,
  providers: readonly ProviderMirror[],
  accepted: string | undefined,
): Promise<ReadonlySet<string>> {
  const paused = new Set<string>()
  for (const { config } of providers) {
    const pause = await readPause(store, config.id)
    if (pause !== undefined && !(pause.kind === 'preview' && config.id === accepted)) paused.add(config.id)
  }
  return paused
}

/** Adds up where the time goes. */
function stopwatch() {
  let since = performance.now()
  const seconds = { map: 0, plan: 0 }
  return {
    seconds,
    lap(part: keyof typeof seconds) {
      const now = performance.now()
      seconds[part] += (now - since) / 1000
      since = now
    },
  }
}

/**
 * What should be there. A rule of another provider than the one this is about that cannot be evaluated does not stop it:
 * that provider counts as not read, and keeps what it has.
 */
async function wish(
  mirrors: Mirrors,
  about: Omit<DesiredInput, 'providers' | 'holds'>,
  options: SettleOptions,
): Promise<{
  readonly providers: readonly ProviderMirror[]
  readonly wished: Desired
  readonly notices: readonly string[]
}> {
  let { providers } = mirrors
  const notices = [...mirrors.notices]
  for (;;) {
    try {
      return { providers, wished: await computeDesired({ ...about, providers, holds: noHolds }), notices }
    } catch (error) {
      if (!isOfOthers(error, options)) throw error
      notices.push(error.message)
      providers = providers.map((each) => (each.config.id === error.provider ? { ...each, snapshot: undefined } : each))
    }
  }
}

function isOfOthers(
  error: unknown,
  { fresh, isTolerant = false }: SettleOptions,
): error is RuleError & { readonly provider: string } {
  return (
    error instanceof RuleError &&
    error.provider !== undefined &&
    (isTolerant || fresh.length > 0) &&
    !fresh.some(({ config }) => config.id === error.provider)
  )
}

interface Mirrors {
  readonly providers: readonly ProviderMirror[]
  readonly notices: readonly string[]
}

async function readMirrors(options: SettleOptions): Promise<Mirrors> {
  const { config, store, tenants, fresh } = options
  const providers: ProviderMirror[] = []
  const notices: string[] = []
  for (const provider of config.providers) {
    const replacement = fresh.find((mirror) => mirror.config.id === provider.id)
    const tenant = tenants.get(provider.id) ?? provider.id
    try {
      providers.push(replacement ?? (await storedMirror(store, provider, tenant)))
    } catch (error) {
      if (!isOfOthers(error, options)) throw error
      notices.push(error.message)
      providers.push({ config: provider, tenant, snapshot: undefined })
    }
  }
  return { providers, notices }
}

async function storedMirror(store: RecordReader, provider: ProviderConfig, tenant: string): Promise<ProviderMirror> {
  const kind = provider.type === 'ldif' ? 'entries' : 'identities'
  const snapshot = await readMirror(store, { id: provider.id, tenant }, kind)
  return await mirrorWithPins(store, provider, tenant, snapshot)
}

/** What a provider holds, with the groups that its rules name by id. Throws RuleError when one of them is gone. */
export async function mirrorWithPins(
  store: RecordReader,
  provider: ProviderConfig,
  tenant: string,
  snapshot: Snapshot | undefined,
): Promise<ProviderMirror> {
  return { config: withPinnedGroups(provider, snapshot, await readPins(store, provider.id)), tenant, snapshot }
}

async function newPins(
  { config, store }: SettleOptions,
  mirrors: readonly ProviderMirror[],
): Promise<readonly RecordChange[]> {
  const changes: RecordChange[] = []
  for (const provider of config.providers) {
    const snapshot = mirrors.find((mirror) => mirror.config.id === provider.id)?.snapshot
    changes.push(...pinChanges(provider, snapshot, await readPins(store, provider.id)))
  }
  const groups = mirrors.flatMap(({ snapshot }) => (snapshot?.kind === 'identities' ? snapshot.groups : []))
  return [...changes, ...(await primaryGroupPin(config, store, groups))]
}

/** Active entries by `<provider>\0<type>`. */
function countServed(current: CurrentDirectory): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const entry of current.entries()) {
    if (!isActive(entry)) continue
    const key = `${providerOf(entry)}\0${entryType(entry)}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

/** People and groups that have a record at the provider, first or not. */
function countSourced(current: CurrentDirectory, provider: string): number {
  let count = 0
  for (const entry of current.entries())
    if (textValuesOf(entry.attributes, 'rosterdSource').some((source) => source.startsWith(`${provider}:`))) count++
  return count
}

export function removalsKey(provider: string): readonly [string] {
  return [`removals:${provider}`]
}

async function readRemovals(store: RecordReader, providers: readonly ProviderMirror[]) {
  const removals = new Map<string, Removals>()
  for (const { config } of providers) {
    const value = await store.get('meta', removalsKey(config.id))
    if (value !== undefined) removals.set(config.id, trusted<Removals>(value))
  }
  return removals
}

/** By provider. */
export async function readHeld(store: RecordReader): Promise<ReadonlyMap<string, HeldRecord>> {
  const records = new Map<string, HeldRecord>()
  for await (const { key, value } of store.list('held')) records.set(key[0] ?? '', trusted<HeldRecord>(value))
  return records
}

/** By provider: groups that became empty, now or before, are still empty and still read by a rule. */
async function stillEmptied(options: SettleOptions, providers: readonly ProviderMirror[]) {
  const emptied = new Map<string, readonly string[]>()
  for (const provider of providers) {
    const before = await readEmptied(options.store, provider.config.id)
    const now = options.emptied.get(provider.config.id) ?? []
    const empty = new Set(emptyRuleGroups(provider))
    const ids = [...new Set([...before, ...now])].filter((id) => empty.has(id)).sort()
    emptied.set(provider.config.id, ids)
  }
  return emptied
}

/** Ids of groups without members that rules of the provider read. */
export function emptyRuleGroups({ config, snapshot }: ProviderMirror): readonly string[] {
  if (config.type === 'ldif' || snapshot?.kind !== 'identities') return []
  const membership = resolveMembership(snapshot.groups)
  const judged = { config, groups: snapshot.groups }
  return memberRules
    .flatMap((setting) => ruleGroups(judged, setting))
    .filter((group) => membership.allUserIds(group.id).size === 0)
    .map((group) => group.id)
}

function namesOf(ids: readonly string[], provider: string, providers: readonly ProviderMirror[]): readonly string[] {
  const snapshot = providers.find((mirror) => mirror.config.id === provider)?.snapshot
  const groups = snapshot?.kind === 'identities' ? snapshot.groups : []
  return ids.map((id) => groups.find((group) => group.id === id)?.name ?? id)
}
