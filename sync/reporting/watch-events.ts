import type { CredentialHealth } from '../credential-health.ts'
import type { ReportEvent } from './report-event.ts'
import type { Reported } from './run-events.ts'

/** What was reported because time passed: value of the `provider` collection at [provider id, 'watched']. */
export type Watched = {
  /** ISO 8601, as are the times below: when the provider was first looked at. */
  readonly since: string
  /** When it was reported as stale; null while it is not. */
  readonly stale: string | null
  /** By name of the credential. */
  readonly credentials: { readonly [name: string]: WatchedCredential }
  /** The last digest told of the runs before this. */
  readonly digested: string
}

type WatchedCredential = {
  readonly broken: boolean
  /** Expiry and days of the last warning. */
  readonly expires: string | null
  readonly warnedDays: number | null
}

/** Whole days left at which a credential is reported; -1: when it has expired. */
const warningDays = [-1, 3, 14, 30, 60]
const dayMs = 86_400_000

export interface WatchFacts {
  readonly provider: string
  /** null: it cannot be stale, as a file. */
  readonly staleAfterHours: number | null
  readonly now: Date
  readonly before: Watched | undefined
  readonly reported: Reported
  readonly credentials: readonly CredentialHealth[]
}

export interface WatchOutcome {
  readonly events: readonly ReportEvent[]
  readonly after: Watched
}

/** What is to be reported about a provider by now, runs apart. Pure. */
export function eventsOfTime(facts: WatchFacts): WatchOutcome {
  const now = facts.now.toISOString()
  const before = facts.before ?? { since: now, stale: null, credentials: {}, digested: now }
  const stale = staleness(facts, before)
  const credentials = facts.credentials.map((health) => ({
    name: health.name,
    ...credentialEvents(facts, health, before),
  }))
  return {
    events: [...stale.events, ...credentials.flatMap(({ events }) => events)],
    after: {
      ...before,
      stale: stale.stale,
      credentials: Object.fromEntries(credentials.map(({ name, after }) => [name, after])),
    },
  }
}

/** Whether a day has gone since the last digest. */
export function isDigestDue({ digested }: Watched, now: Date): boolean {
  return now.getTime() - Date.parse(digested) >= dayMs
}

function staleness({ provider, staleAfterHours, now, reported }: WatchFacts, before: Watched) {
  const since = reported.lastSuccess ?? before.since
  const isStale = staleAfterHours !== null && now.getTime() - Date.parse(since) > staleAfterHours * 3_600_000
  const events: ReportEvent[] = []
  if (isStale && before.stale === null)
    events.push({ type: 'provider.stale', provider, since, everSynced: reported.lastSuccess !== null })
  // The end of a streak of failures has told so already.
  const isTold = reported.recovered !== null && before.stale !== null && reported.recovered >= before.stale
  if (!isStale && before.stale !== null && !isTold)
    events.push({ type: 'provider.recovered', provider, since: before.stale })
  return { events, stale: isStale ? (before.stale ?? now.toISOString()) : null }
}

function credentialEvents({ provider, now }: WatchFacts, health: CredentialHealth, before: Watched) {
  const known = before.credentials[health.name] ?? { broken: false, expires: null, warnedDays: null }
  const credential = health.name
  const events: ReportEvent[] = []
  if (!health.ok && !known.broken)
    events.push({ type: 'credential.broken', provider, credential, problem: health.problem })
  if (health.ok && known.broken) events.push({ type: 'credential.recovered', provider, credential })
  const { expires } = health
  const days = expires === null ? null : Math.floor((Date.parse(expires) - now.getTime()) / dayMs)
  const warning = days === null ? undefined : warningDays.find((limit) => days <= limit)
  const warned = known.expires === expires ? known.warnedDays : null
  const isNew = warning !== undefined && (warned === null || warning < warned)
  if (isNew && expires !== null && days !== null)
    events.push({ type: 'credential.expiring', provider, credential, expires, days })
  const after: WatchedCredential = { broken: !health.ok, expires, warnedDays: isNew ? warning : warned }
  return { events, after }
}
