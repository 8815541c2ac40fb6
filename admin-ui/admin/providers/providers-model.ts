import type { ListedCredential } from '../../../sync/provider-list.ts'
import type { ProviderConfig } from '../../../server/runtime/config-schema.ts'
import { type State, stateOf } from '../../state.ts'
import { timeOf } from '../../time.ts'
import { providerTypeName } from '../provider-type-name.ts'
import type { ShownProvider } from './services.ts'

export function addressOf(id: string): string {
  return `/admin/providers/${encodeURIComponent(id)}`
}

/** A row of the list. */
export function providerRow(provider: ShownProvider, now: Date) {
  const { id, name, type, isManaged, credentials, lastSuccess } = provider
  return {
    id,
    name,
    address: addressOf(id),
    type: providerTypeName(type),
    source: isManaged ? 'this page' : 'the configuration file',
    state: providerState(provider),
    credentials: credentials.length,
    brokenCredentials: credentials.filter(({ ok }) => !ok).length,
    lastSuccess: lastSuccess === null ? null : timeOf(lastSuccess, now),
  }
}

function providerState({ lastRun, isStale, pause, held }: ShownProvider): State {
  if (pause?.kind === 'preview')
    return lastRun === undefined
      ? stateOf('busy', 'Being read for the first time')
      : stateOf('warn', 'Waits to be accepted')
  if (pause !== undefined) return stateOf('warn', `Paused by ${pause.by}`)
  if (lastRun === undefined) return stateOf('off', 'Never read')
  if (lastRun.outcome === 'failed') return stateOf('bad', isStale ? 'Fails, and is stale' : 'Last run failed')
  if (isStale) return stateOf('bad', 'Stale')
  if (held > 0) return stateOf('warn', 'Changes wait for approval')
  return stateOf('good', 'Up to date')
}

/** Everything of one provider; `groupNames`: by immutable id. */
export function providerModel(provider: ShownProvider, groupNames: ReadonlyMap<string, string>, now: Date) {
  const { settings, credentials, pause, lastRun, takesAccounts } = provider
  return {
    ...providerRow(provider, now),
    isCloud: settings.type !== 'ldif',
    facts: factsOf(settings),
    rules: rulesOf(settings, groupNames),
    credentialRows: credentials.map((credential) => credentialRow(credential, now)),
    validations: validationsOf(credentials),
    takesAccounts,
    hasBackup: credentials.length > 1,

    lastError: lastRun?.outcome === 'failed' ? (lastRun.error ?? '') : '',
    pause: pause === undefined ? '' : pause.reason,
    configuration: configurationOf(settings),
  }
}

function credentialRow(credential: ListedCredential, now: Date) {
  const { name, kind, purposes, authorizedBy, lastSuccess, ok, problem, expires } = credential
  return {
    name,
    kind: credentialKinds[kind],
    isAccount: kind === 'delegated',
    purposes: purposes.join(' and '),
    authorizedBy: authorizedBy ?? '',
    state: ok
      ? lastSuccess === null
        ? stateOf('off', 'Not tried yet')
        : stateOf('good', 'Works')
      : stateOf('bad', 'Refused'),
    problem: problem ?? '',
    lastSuccess: lastSuccess === null ? null : timeOf(lastSuccess, now),
    expires: expires === null ? null : timeOf(expires, now),
  }
}

const credentialKinds: Readonly<Record<ListedCredential['kind'], string>> = {
  application: 'Application',
  delegated: 'Authorized account',
  apiToken: 'API key',
  serviceApp: 'Service app',
}

/** What the documents of operators promise: a green tick, or what is missing. */
function validationsOf(credentials: readonly ListedCredential[]) {
  return (['users', 'groups'] as const).flatMap((purpose) => {
    const able = credentials.filter(({ purposes }) => purposes.includes(purpose))
    const kind = purpose === 'users' ? 'user' : 'group'
    const works = able.find(({ ok, lastSuccess }) => ok && lastSuccess !== null)
    if (works !== undefined)
      return [{ state: stateOf('good', `Your account passes ${kind} synchronization validation`), problem: '' }]
    const [broken] = able.filter(({ ok }) => !ok)
    if (broken === undefined) return []
    return [
      {
        state: stateOf('bad', `Your account does not pass ${kind} synchronization validation`),
        problem: broken.problem ?? '',
      },
    ]
  })
}

function factsOf(settings: ProviderConfig) {
  const fact = (name: string, value: string) => ({ name, value })
  const yes = (is: boolean) => (is ? 'Yes' : 'No')
  if (settings.type === 'ldif') return [fact('File', settings.path)]
  const common = [
    fact('User sync', yes(settings.users)),
    fact('Group sync', yes(settings.groups)),
    fact('User names from', settings.usernameAttribute ?? 'as for all providers'),
    fact('Unique field', settings.uniqueField === 'email' ? 'Email' : 'Username'),
    fact('Enrollment type', enrollmentTypes[settings.enrollment]),
    fact(
      'Runs',
      `every ${settings.schedule.incrementalMinutes} minutes, in full every ${settings.schedule.fullHours} hours`,
    ),
    fact('Reports go to', settings.reportTo.join(', ') || 'nobody'),
    fact('Passwords of the cloud', settings.passThroughBind ? 'work here' : 'do not work here'),
  ]
  return settings.type === 'okta'
    ? [fact('Okta site', settings.orgUrl), ...common]
    : [
        fact('Tenant', settings.tenantId),
        fact('Application', settings.clientId),
        fact('Sign-in at', settings.authorityHost),
        ...common,
      ]
}

const enrollmentTypes = {
  'only-sync': 'Only Sync',
  'trust-email': 'Trust Email',
  'send-enrollment-email': 'Send Enrollment Email',
} as const

/** Whether its first plan was made and waits. */
export function waitsForAcceptance({ pause, lastRun }: ShownProvider): boolean {
  return pause?.kind === 'preview' && lastRun !== undefined && lastRun.outcome !== 'failed'
}

function rulesOf(settings: ProviderConfig, groupNames: ReadonlyMap<string, string>): readonly string[] {
  if (settings.type === 'ldif') return []
  const { filters } = settings
  const named = (text: string, values: readonly string[]) =>
    values.length === 0 ? [] : [`${text} ${values.map((value) => groupNames.get(value) ?? value).join(', ')}`]
  return [
    ...named('Group prefixes:', filters.groupPrefixes),
    ...named('Selected groups:', filters.selectedGroups),
    filters.groupsWithoutEmail ? 'Groups without emails are synced' : 'Groups without emails are not synced',
    ...named('Allowed users are members of', filters.allowUsersInGroups),
    ...named('Non-allowed users are members of', filters.denyUsersInGroups),
    ...(filters.domainRestriction ? ['Users are restricted by domain'] : []),
    ...(filters.signInBlocked === 'ignore' ? ['Blocked sign-in is ignored'] : []),
    ...(filters.guests ? ['Guests are synced'] : []),
  ]
}

/** The object for `providers` in the configuration file; secrets are variables to be set. */
function configurationOf(settings: ProviderConfig): string {
  const prefix = settings.id.toUpperCase().replaceAll('-', '_')
  const secrets = new Set(['clientSecret', 'apiToken', 'secret'])
  return JSON.stringify(
    settings,
    (key, value: unknown) =>
      secrets.has(key) && value !== null
        ? { env: `${prefix}_${key.replace(/[A-Z]/g, (c) => `_${c}`).toUpperCase()}` }
        : value,
    2,
  )
}
