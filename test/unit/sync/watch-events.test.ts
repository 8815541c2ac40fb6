import { expect, test } from 'vitest'
import type { CredentialHealth } from '../../../sync/credential-health.ts'
import { nothingReported, type Reported } from '../../../sync/reporting/run-events.ts'
import { eventsOfTime, isDigestDue, type Watched } from '../../../sync/reporting/watch-events.ts'

const start = Date.parse('2026-03-01T08:00:00.000Z')
const hour = 3_600_000
const day = 24 * hour
const iso = (ms: number) => new Date(ms).toISOString()

const credential = (changes: Partial<CredentialHealth> = {}): CredentialHealth => ({
  name: 'credentials[0]',
  kind: 'application',
  purposes: ['users', 'groups'],
  authorizedBy: null,
  lastTried: iso(start),
  lastSuccess: iso(start),
  ok: true,
  problem: null,
  expires: null,
  ...changes,
})

interface Look {
  readonly after: number
  readonly reported?: Reported
  readonly credentials?: readonly CredentialHealth[]
}

/** Looks at the given times after the start; gives the types of events of each look. */
function eventsAt(...looks: readonly Look[]): readonly (readonly string[])[] {
  let before: Watched | undefined
  return looks.map(({ after, reported = nothingReported, credentials = [] }) => {
    const now = new Date(start + after)
    const outcome = eventsOfTime({ provider: 'contoso', staleAfterHours: 24, now, before, reported, credentials })
    before = outcome.after
    return outcome.events.map(({ type }) => type)
  })
}

const success = (ms: number): Reported => ({ ...nothingReported, lastSuccess: iso(start + ms) })

test('a provider without a success for longer than it may is reported once, and its recovery once', () => {
  expect(
    eventsAt(
      { after: 0, reported: success(0) },
      { after: day, reported: success(0) },
      { after: day + 1, reported: success(0) },
      { after: 2 * day, reported: success(0) },
      { after: 3 * day, reported: success(3 * day) },
      { after: 3 * day + hour, reported: success(3 * day) },
    ),
  ).toEqual([[], [], ['provider.stale'], [], ['provider.recovered'], []])
})

test('a provider that was never read is stale when it has been known for as long', () => {
  expect(eventsAt({ after: 0 }, { after: day + 1 })).toEqual([[], ['provider.stale']])
})

test('a recovery that the run has reported is not reported again', () => {
  const recovered = { ...success(2 * day), recovered: iso(start + 2 * day) }
  expect(eventsAt({ after: 0 }, { after: day + 1 }, { after: 2 * day + 1, reported: recovered })).toEqual([
    [],
    ['provider.stale'],
    [],
  ])
})

test('a credential that expires is reported 60, 30, 14 and 3 days ahead and when it has expired, once each', () => {
  const expires = iso(start + 61 * day)
  const reported: string[] = []
  let before: Watched | undefined
  for (let n = 0; n <= 65; n++) {
    const now = new Date(start + n * day)
    const facts = { provider: 'contoso', staleAfterHours: null, now, before, reported: nothingReported }
    const { events, after } = eventsOfTime({ ...facts, credentials: [credential({ expires })] })
    before = after
    for (const event of events) if (event.type === 'credential.expiring') reported.push(`day ${n}: ${event.days} left`)
  }
  expect(reported).toEqual([
    'day 1: 60 left',
    'day 31: 30 left',
    'day 47: 14 left',
    'day 58: 3 left',
    'day 62: -1 left',
  ])
})

test('a credential first seen shortly before its end is reported once; a new one starts anew', () => {
  const credentials = (days: number) => [credential({ expires: iso(start + days * day) })]
  expect(
    eventsAt(
      { after: 0, credentials: credentials(10) },
      { after: hour, credentials: credentials(10) },
      { after: 2 * hour, credentials: credentials(400) },
      { after: 3 * hour, credentials: credentials(25) },
    ),
  ).toEqual([['credential.expiring'], [], [], ['credential.expiring']])
})

test('a refused credential is reported once, and its recovery once', () => {
  const broken = [credential({ ok: false, problem: 'AADSTS7000222: expired' })]
  expect(
    eventsAt(
      { after: 0, credentials: [credential()] },
      { after: hour, credentials: broken },
      { after: 2 * hour, credentials: broken },
      { after: 3 * hour, credentials: [credential()] },
    ),
  ).toEqual([[], ['credential.broken'], [], ['credential.recovered']])
})

test('a file is never stale', () => {
  const facts = {
    provider: 'seed',
    staleAfterHours: null,
    before: undefined,
    reported: nothingReported,
    credentials: [],
  }
  expect(eventsOfTime({ ...facts, now: new Date(start + 400 * day) }).events).toEqual([])
})

test('a digest is due a day after the last', () => {
  const watched = { since: iso(start), stale: null, credentials: {}, digested: iso(start) }
  expect(isDigestDue(watched, new Date(start + day - 1))).toBe(false)
  expect(isDigestDue(watched, new Date(start + day))).toBe(true)
})
