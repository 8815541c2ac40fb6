import { expect, test } from 'vitest'
import { type OverviewFacts, overviewModel } from '../../../../admin-ui/admin/overview-model.ts'
import type { ListedCredential } from '../../../../sync/provider-list.ts'
import type { ProviderOverview } from '../../../../sync/provider-overview.ts'
import type { RunSummary } from '../../../../sync/run-history.ts'

const now = new Date('2026-03-01T08:00:00.000Z')
const figures = { people: 12_345, groups: 7, notServed: 0 }
const lastRun = {
  outcome: 'applied',
  mode: 'full',
  changesInAll: 1,
  started: '2026-03-01T07:54:00.000Z',
  finished: '2026-03-01T07:55:00.000Z',
  error: null,
} as RunSummary // what the page looks at

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
const facts: OverviewFacts = {
  notReady: [],
  writeProblem: undefined,
  providers: [provider],
  figures,
  readiness: { password: 1200, provider: 0, invited: 3, none: 4 },
  figuresOverTime: [],
  bindRates: [],
  certificate: undefined,
  configurationFile: { problems: [], needsRestart: [] },
  lastBackup: undefined,
}
const modelOf = (changes: Partial<ProviderOverview> = {}) =>
  overviewModel({ ...facts, providers: [{ ...provider, ...changes }] }, now)
const textsOf = ({ troubles }: ReturnType<typeof overviewModel>) => troubles.map(({ text }) => text)

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
  const model = overviewModel({ ...facts, notReady: ['it is empty'], providers: [{ ...provider, isStale: true }] }, now)
  expect(textsOf(model)).toEqual([
    'LDAP does not answer searches: it is empty.',
    'Contoso is stale since 2026-03-01 07:55 UTC.',
  ])
})

test('a configuration file that is refused, or needs a restart, is something to look after', () => {
  const configurationFile = { problems: ['log.level: "loud" is not a level'], needsRestart: ['ldap.port', 'baseDn'] }
  const { troubles } = overviewModel({ ...facts, configurationFile }, now)
  expect(troubles).toEqual([
    {
      text: 'The configuration file is refused, and the one before stays in force: log.level: "loud" is not a level.',
      address: '/admin/settings',
      card: 'the-configuration-is-refused',
    },
    {
      text: 'The configuration file needs a restart: ldap.port, baseDn.',
      address: '/admin/settings',
      card: 'the-configuration-is-refused',
    },
  ])
})

test('a store that takes no changes is trouble, in the words of the store', () => {
  const writeProblem = 'The store in "/data/db" cannot be written.'
  expect(textsOf(overviewModel({ ...facts, writeProblem }, now))).toEqual([writeProblem])
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
  expect(textsOf(model)).toEqual(trouble === '' ? [] : [trouble])
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
  expect(textsOf(model)).toEqual(trouble === '' ? [] : [trouble])
})

test('what waits for approval leads to where it is approved; since when a provider is paused or stale is shown', () => {
  const held = modelOf({ held: 2 })
  expect(held.troubles[0]?.address).toBe('/admin/sync/held/contoso')
  expect([held.providers[0]?.heldAddress, held.providers[0]?.since]).toEqual(['/admin/sync/held/contoso', null])
  expect(modelOf({ isStale: true }).providers[0]?.since?.absolute).toBe('2026-03-01 07:55 UTC')
  const pause = { kind: 'administrator', reason: 'a move', by: 'ada', since: '2026-03-01T07:00:00.000Z' } as const
  expect(modelOf({ pause }).providers[0]?.since?.absolute).toBe('2026-03-01 07:00 UTC')
})

test('who could sign in with what is counted', () => {
  expect(modelOf().readiness.map(({ name, value }) => `${name}: ${value}`)).toEqual([
    'With a password: 1,200',
    'Password of the provider: 0',
    'Invited: 3',
    'Never invited: 4',
  ])
})

test.each([
  ['2026-05-01T08:00:00.000Z', false, 'In use'],
  ['2026-03-20T08:00:00.000Z', false, 'Ends soon'],
  ['2026-03-20T08:00:00.000Z', true, 'In use'],
  ['2026-02-20T08:00:00.000Z', true, 'Has ended'],
])('a certificate of LDAP that ends %s, renewed here: %s, is shown as "%s"', (expires, isRenewed, state) => {
  const model = overviewModel({ ...facts, certificate: { names: [], issuer: '', expires, isRenewed } }, now)
  expect(model.certificate?.state.text).toBe(state)
  expect(model.hasTrouble).toBe(state !== 'In use')
})

test('charts have the same figures in their tables, the newest first', () => {
  const [users, groups, binds, refused] = overviewModel(
    {
      ...facts,
      figuresOverTime: [
        { at: '2026-03-01T06:00:00.000Z', people: 1000, groups: 5 },
        { at: '2026-03-01T07:00:00.000Z', people: 2000, groups: 5 },
      ],
      bindRates: [{ at: '2026-03-01T07:55:00.000Z', accepted: 1.2, refused: 0 }],
    },
    now,
  ).charts
  expect(users).toMatchObject({
    label: 'Users over time: 1,000 at first, 2,000 at last',
    line: 'M44 53L316 10',
    first: '2 hours ago',
    last: '1 hour ago',
    rows: [
      { at: '2026-03-01 07:00 UTC', value: '2,000' },
      { at: '2026-03-01 06:00 UTC', value: '1,000' },
    ],
  })
  expect(groups?.rows.map(({ value }) => value)).toEqual(['5', '5'])
  expect(binds).toMatchObject({ line: '', rows: [{ value: '1.2' }] })
  expect(refused?.rows).toEqual([{ at: '2026-03-01 07:55 UTC', value: '0' }])
})

test('of many figures the newest and some before it are drawn', () => {
  const figuresOverTime = Array.from({ length: 500 }, (_, index) => ({
    at: new Date(now.getTime() - (499 - index) * 3_600_000).toISOString(),
    people: index,
    groups: 0,
  }))
  const [users] = overviewModel({ ...facts, figuresOverTime }, now).charts
  expect(users?.rows.length).toBeLessThanOrEqual(48)
  expect(users?.rows[0]).toEqual({ at: '2026-03-01 08:00 UTC', value: '499' })
})

test.each([
  [undefined, 'None yet'],
  ['2026-02-28T08:00:00.000Z', 'There is one'],
  ['2026-02-01T08:00:00.000Z', 'Old'],
])('a last backup of %s is shown as "%s"', (at, state) => {
  const lastBackup = at === undefined ? undefined : { at, file: '/backup/rosterd', bytes: 1 }
  expect(overviewModel({ ...facts, lastBackup }, new Date('2026-03-01T08:00:00.000Z')).backup.state.text).toBe(state)
})
