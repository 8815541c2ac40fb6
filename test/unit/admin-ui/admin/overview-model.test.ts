import { expect, test } from 'vitest'
import { overviewModel } from '../../../../admin-ui/admin/overview-model.ts'
import type { ListedCredential } from '../../../../sync/provider-list.ts'
import type { ProviderOverview } from '../../../../sync/provider-overview.ts'
import type { RunReport } from '../../../../sync/run-report.ts'

const now = new Date('2026-03-01T08:00:00.000Z')
const figures = { people: 12_345, groups: 7, notServed: 0 }
const lastRun = {
  outcome: 'applied',
  mode: 'full',
  changesInAll: 1,
  started: '2026-03-01T07:54:00.000Z',
  finished: '2026-03-01T07:55:00.000Z',
  error: null,
} as RunReport // what the page looks at

const provider: ProviderOverview = {
  id: 'contoso',
  name: 'Contoso',
  type: 'entra',
  lastRun,
  lastSuccess: '2026-03-01T07:55:00.000Z',
  isStale: false,
  pause: undefined,
  held: 0,
  credentials: [],
}
const credential: ListedCredential = {
  name: 'credentials[0]',
  kind: 'application',
  purposes: ['users', 'groups'],
  authorizedBy: null,
  authorized: null,
  lastTried: '2026-03-01T07:55:00.000Z',
  lastSuccess: '2026-03-01T07:55:00.000Z',
  ok: true,
  problem: null,
  expires: null,
}
const modelOf = (changes: Partial<ProviderOverview> = {}) =>
  overviewModel({ notReady: [], providers: [{ ...provider, ...changes }], figures }, now)

test('all is well: the title says nothing, numbers are grouped, times are absolute and relative', () => {
  const model = modelOf()
  expect([model.title, model.hasTrouble, model.troubles]).toEqual(['Overview', false, []])
  expect(model.figures[0]).toEqual({ name: 'People served', value: '12,345' })
  expect(model.providers).toMatchObject([
    {
      type: 'Microsoft Entra ID (Azure)',
      state: { kind: 'good', text: 'Up to date', icon: 'icons/good' },
      lastRun: { text: 'Full sync: 1 change', at: { absolute: '2026-03-01 07:55 UTC', relative: '5 minutes ago' } },
    },
  ])
})

test('a directory that does not answer comes first', () => {
  const model = overviewModel({ notReady: ['it is empty'], providers: [{ ...provider, isStale: true }], figures }, now)
  expect(model.troubles).toEqual([
    'LDAP does not answer searches: it is empty.',
    'Contoso is stale since 2026-03-01 07:55 UTC.',
  ])
})

test.each<[string, Partial<ProviderOverview>, string, string]>([
  ['never read', { lastRun: undefined, lastSuccess: null }, 'Never read', ''],
  ['running', { lastRun: { ...lastRun, outcome: 'running' } }, 'Running', ''],
  ['held', { held: 2 }, 'Changes held', '2 changes of Contoso wait for approval.'],
  ['one held', { held: 1 }, 'Changes held', '1 change of Contoso waits for approval.'],
  ['stale', { isStale: true }, 'Stale', 'Contoso is stale since 2026-03-01 07:55 UTC.'],
  [
    'failed',
    { lastRun: { ...lastRun, outcome: 'failed', error: 'it did not answer' } },
    'Last run failed',
    'The last run of Contoso failed: it did not answer',
  ],
  [
    'paused, whatever else',
    { pause: { kind: 'administrator', reason: 'a move', by: 'ada', since: '2026-03-01T07:00:00.000Z' } },
    'Paused by ada',
    'Contoso is paused by ada: a move.',
  ],
])('a provider is %s', (_, changes, state, trouble) => {
  const model = modelOf(changes)
  expect(model.providers[0]?.state.text).toBe(state)
  expect(model.troubles).toEqual(trouble === '' ? [] : [trouble])
  expect(model.title).toBe(trouble === '' ? 'Overview' : '(1) Overview')
})

test.each<[string, Partial<ListedCredential>, string, string]>([
  ['works', {}, 'Works', ''],
  ['was not tried yet', { lastTried: null, lastSuccess: null }, 'Not tried yet', ''],
  ['ends in a year', { expires: '2027-03-01T08:00:00.000Z' }, 'Works', ''],
  [
    'ends soon',
    { expires: '2026-03-30T08:00:00.000Z' },
    'Ends soon',
    'The application credentials[0] of Contoso ends 2026-03-30 08:00 UTC.',
  ],
  [
    'is refused',
    {
      ok: false,
      problem: 'AADSTS7000222: the secret has expired',
      kind: 'delegated',
      authorizedBy: 'ada@contoso.example',
    },
    'Refused',
    'The authorized account ada@contoso.example of Contoso is refused: AADSTS7000222: the secret has expired',
  ],
])('a credential %s', (_, changes, state, trouble) => {
  const model = modelOf({ credentials: [{ ...credential, ...changes }] })
  expect(model.credentials[0]?.state.text).toBe(state)
  expect(model.troubles).toEqual(trouble === '' ? [] : [trouble])
})
