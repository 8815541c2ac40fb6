import type { ListedCredential } from '../../sync/provider-list.ts'
import type { ProviderOverview } from '../../sync/provider-overview.ts'
import type { RunReport } from '../../sync/run-report.ts'
import { type State, stateOf } from '../state.ts'
import { timeOf } from '../time.ts'
import { countText } from '../counts.ts'
import type { DirectoryFigures } from './administration.ts'
import { providerTypeName } from './provider-type-name.ts'

const credentialNames: Readonly<Record<ListedCredential['kind'], string>> = {
  application: 'application',
  delegated: 'authorized account',
  apiToken: 'API token',
  serviceApp: 'service app',
}

/** Days before its end in which a credential is trouble. */
const expiresSoonDays = 30

export interface OverviewFacts {
  /** Why LDAP does not answer as it should. */
  readonly notReady: readonly string[]
  readonly providers: readonly ProviderOverview[]
  readonly figures: DirectoryFigures
}

export function overviewModel({ notReady, providers, figures }: OverviewFacts, now: Date) {
  const troubles = [
    ...notReady.map((reason) => `LDAP does not answer searches: ${reason}.`),
    ...providers.flatMap((provider) => troublesOf(provider, now)),
  ]
  const held = providers.reduce((sum, provider) => sum + provider.held, 0)
  return {
    title: troubles.length === 0 ? 'Overview' : `(${troubles.length}) Overview`,
    hasTrouble: troubles.length > 0,
    figures: [
      { name: 'People served', value: countText(figures.people) },
      { name: 'Groups served', value: countText(figures.groups) },
      { name: 'Not served', value: countText(figures.notServed) },
      { name: 'Changes held', value: countText(held) },
    ],
    troubles,
    providers: providers.map((provider) => ({
      name: provider.name,
      type: providerTypeName(provider.type),
      state: stateOfProvider(provider),
      lastRun: provider.lastRun && {
        at: timeOf(provider.lastRun.finished ?? provider.lastRun.started, now),
        text: runText(provider.lastRun),
      },
      lastSuccess: provider.lastSuccess === null ? null : timeOf(provider.lastSuccess, now),
      held: countText(provider.held),
    })),
    credentials: providers.flatMap((provider) =>
      provider.credentials.map((credential) => ({
        provider: provider.name,
        name: credential.authorizedBy ?? credential.name,
        kind: credentialNames[credential.kind],
        purposes: credential.purposes.join(' and '),
        state: stateOfCredential(credential, now),
        lastSuccess: credential.lastSuccess === null ? null : timeOf(credential.lastSuccess, now),
        expires: credential.expires === null ? null : timeOf(credential.expires, now),
      })),
    ),
  }
}

/** What somebody has to look after, in sentences. */
function troublesOf(provider: ProviderOverview, now: Date): readonly string[] {
  const { name, pause, isStale, lastSuccess, lastRun, held } = provider
  return [
    ...(pause === undefined ? [] : [`${name} is paused by ${pause.by}: ${pause.reason}.`]),
    ...(isStale && lastSuccess !== null ? [`${name} is stale since ${timeOf(lastSuccess, now).absolute}.`] : []),
    ...(lastRun?.outcome === 'failed' ? [`The last run of ${name} failed: ${lastRun.error ?? 'see its log'}`] : []),
    ...(held === 0
      ? []
      : [
          `${countText(held)} ${held === 1 ? 'change' : 'changes'} of ${name} ${held === 1 ? 'waits' : 'wait'} for approval.`,
        ]),
    ...provider.credentials.flatMap((credential) => {
      const who = `${credentialNames[credential.kind]} ${credential.authorizedBy ?? credential.name} of ${name}`
      if (!credential.ok) return [`The ${who} is refused: ${credential.problem ?? 'test it'}`]
      return credential.expires !== null && isSoon(credential.expires, now)
        ? [`The ${who} ends ${timeOf(credential.expires, now).absolute}.`]
        : []
    }),
  ]
}

function stateOfProvider({ lastRun, pause, isStale, lastSuccess, held }: ProviderOverview): State {
  if (pause !== undefined) return stateOf('warn', `Paused by ${pause.by}`)
  if (lastRun === undefined) return stateOf('off', 'Never read')
  if (lastRun.outcome === 'running') return stateOf('busy', 'Running')
  if (isStale) return stateOf('bad', 'Stale')
  if (lastRun.outcome === 'failed') return stateOf('bad', 'Last run failed')
  if (held > 0) return stateOf('warn', 'Changes held')
  return lastSuccess === null ? stateOf('warn', 'Not read as a whole yet') : stateOf('good', 'Up to date')
}

function stateOfCredential({ ok, expires, lastTried }: ListedCredential, now: Date): State {
  if (!ok) return stateOf('bad', 'Refused')
  if (expires !== null && isSoon(expires, now)) return stateOf('warn', 'Ends soon')
  return lastTried === null ? stateOf('off', 'Not tried yet') : stateOf('good', 'Works')
}

function isSoon(iso: string, now: Date): boolean {
  return Date.parse(iso) - now.getTime() < expiresSoonDays * 86_400_000
}

/** What a run did, in a line. */
function runText({ outcome, changesInAll, mode }: RunReport): string {
  const kind = mode === 'full' ? 'Full sync' : mode === 'incremental' ? 'Sync of changes' : 'Sync'
  switch (outcome) {
    case 'applied':
    case 'held':
      return `${kind}: ${countText(changesInAll)} ${changesInAll === 1 ? 'change' : 'changes'}`
    case 'unchanged':
      return `${kind}: nothing changed`
    default:
      return `${kind}: ${outcome}`
  }
}
