import type { OperationCard } from '../../server/runtime/operation-cards.ts'
import type { ListedCredential } from '../../sync/provider-list.ts'
import type { ProviderOverview } from '../../sync/provider-overview.ts'
import type { Readiness } from '../../sync/roster/roster-rows.ts'
import type { RunSummary } from '../../sync/run-history.ts'
import { type State, stateOf } from '../state.ts'
import { type ShownTime, timeOf } from '../time.ts'
import { countText } from '../counts.ts'
import { chartOf } from '../chart.ts'
import type { BindRate, DirectoryFigures, FigurePoint, LdapCertificate, OverviewServices } from './overview-services.ts'
import { providerTypeName } from './provider-type-name.ts'
import { heldAddress } from './sync/run-text.ts'

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
  /** Why nothing can be changed. */
  readonly writeProblem: string | undefined
  readonly providers: readonly ProviderOverview[]
  readonly figures: DirectoryFigures
  readonly readiness: Readonly<Record<Readiness, number>>
  readonly figuresOverTime: readonly FigurePoint[]
  readonly bindRates: readonly BindRate[]
  readonly certificate: LdapCertificate | undefined
  readonly configurationFile: ReturnType<OverviewServices['configurationFile']>
  readonly lastBackup: Awaited<ReturnType<OverviewServices['lastBackup']>>
}

/** Something to look after, and where. */
interface Trouble {
  readonly text: string
  /** Empty: nowhere on these pages. */
  readonly address: string
  readonly card: OperationCard
}

export function overviewModel(facts: OverviewFacts, now: Date) {
  const { notReady, writeProblem, providers, figures, readiness, certificate, lastBackup } = facts
  const troubles: readonly Trouble[] = [
    ...notReady.map((reason) => ({
      text: `LDAP does not answer searches: ${reason}.`,
      address: '',
      card: 'nobody-can-sign-in' as const,
    })),
    ...(writeProblem === undefined ? [] : [{ text: writeProblem, address: '', card: 'the-disk-is-full' as const }]),
    ...providers.flatMap((provider) => troublesOf(provider, now)),
    ...troublesOfCertificate(certificate, now),
    ...troublesOfFile(facts.configurationFile),
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
    readiness: [
      { name: 'With a password', value: countText(readiness.password) },
      { name: 'Password of the provider', value: countText(readiness.provider) },
      { name: 'Invited', value: countText(readiness.invited) },
      { name: 'Never invited', value: countText(readiness.none) },
    ],
    charts: chartsOf(facts, now),
    certificate: certificate && {
      state: stateOfCertificate(certificate, now),
      expires: timeOf(certificate.expires, now),
      isRenewed: certificate.isRenewed,
    },
    backup: {
      state: stateOfBackup(lastBackup, now),
      last: lastBackup === undefined ? null : { at: timeOf(lastBackup.at, now), file: lastBackup.file },
    },
    troubles,
    providers: providers.map((provider) => ({
      name: provider.name,
      type: providerTypeName(provider.type),
      state: stateOfProvider(provider),
      since: sinceOf(provider, now),
      lastRun: provider.lastRun && {
        at: timeOf(provider.lastRun.finished ?? provider.lastRun.started, now),
        text: runText(provider.lastRun),
      },
      lastSuccess: provider.lastSuccess === null ? null : timeOf(provider.lastSuccess, now),
      held: countText(provider.held),
      heldAddress: provider.held === 0 ? '' : heldAddress(provider.id),
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

function chartsOf({ figuresOverTime, bindRates }: OverviewFacts, now: Date) {
  const figure = (name: 'people' | 'groups') => figuresOverTime.map((point) => ({ at: point.at, value: point[name] }))
  const rate = (name: 'accepted' | 'refused') => bindRates.map((one) => ({ at: one.at, value: one[name] }))
  return [
    chartOf({ id: 'users', title: 'Users over time', points: figure('people') }, now),
    chartOf({ id: 'groups', title: 'Groups over time', points: figure('groups') }, now),
    chartOf({ id: 'binds', title: 'Binds per minute', points: rate('accepted') }, now),
    chartOf({ id: 'refused', title: 'Refused binds per minute', points: rate('refused') }, now),
  ]
}

/** What somebody has to look after, in sentences. */
function troublesOf(provider: ProviderOverview, now: Date): readonly Trouble[] {
  const { id, name, pause, isStale, lastSuccess, lastRun, held, credentials } = provider
  const onSync = (text: string, card: OperationCard): Trouble => ({ text, address: '/admin/sync', card })
  return [
    ...(pause === undefined ? [] : [onSync(`${name} is paused by ${pause.by}: ${pause.reason}.`, 'changes-are-held')]),
    ...(isStale && lastSuccess !== null
      ? [onSync(`${name} is stale since ${timeOf(lastSuccess, now).absolute}.`, 'a-sync-is-stale')]
      : []),
    ...(lastRun?.outcome === 'failed'
      ? [onSync(`The last run of ${name} failed: ${lastRun.error ?? 'see its log'}`, 'a-sync-is-stale')]
      : []),
    ...(held === 0
      ? []
      : [
          {
            text: `${countText(held)} ${held === 1 ? 'change' : 'changes'} of ${name} ${held === 1 ? 'waits' : 'wait'} for approval.`,
            address: heldAddress(id),
            card: 'changes-are-held' as const,
          },
        ]),
    ...credentials.flatMap((credential): readonly Trouble[] => {
      const who = `${credentialNames[credential.kind]} ${credential.authorizedBy ?? credential.name} of ${name}`
      const card = 'a-secret-has-expired'
      if (!credential.ok)
        return [{ text: `The ${who} is refused: ${credential.problem ?? 'test it'}`, address: '', card }]
      return credential.expires !== null && isSoon(credential.expires, now)
        ? [{ text: `The ${who} ends ${timeOf(credential.expires, now).absolute}.`, address: '', card }]
        : []
    }),
  ]
}

/** One that this server renews is no trouble before it has ended. */
function troublesOfCertificate(certificate: LdapCertificate | undefined, now: Date): readonly Trouble[] {
  if (certificate === undefined || stateOfCertificate(certificate, now).kind === 'good') return []
  const text = `The certificate of LDAP ends ${timeOf(certificate.expires, now).absolute}.`
  return [{ text, address: '', card: 'a-certificate-has-expired' }]
}

/** Of a refused file every problem. */
function troublesOfFile({ problems, needsRestart }: OverviewFacts['configurationFile']): readonly Trouble[] {
  const address = '/admin/settings'
  const card: OperationCard = 'the-configuration-is-refused'
  return [
    ...problems.map((problem) => ({
      text: `The configuration file is refused, and the one before stays in force: ${problem}.`,
      address,
      card,
    })),
    ...(needsRestart.length === 0
      ? []
      : [{ text: `The configuration file needs a restart: ${needsRestart.join(', ')}.`, address, card }]),
  ]
}

function stateOfCertificate({ expires, isRenewed }: LdapCertificate, now: Date): State {
  if (Date.parse(expires) <= now.getTime()) return stateOf('bad', 'Has ended')
  return !isRenewed && isSoon(expires, now) ? stateOf('warn', 'Ends soon') : stateOf('good', 'In use')
}

/** Since when a provider is paused or stale. */
function sinceOf({ pause, isStale, lastSuccess }: ProviderOverview, now: Date): ShownTime | null {
  if (pause !== undefined) return timeOf(pause.since, now)
  return isStale && lastSuccess !== null ? timeOf(lastSuccess, now) : null
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
function runText({ outcome, changesInAll, mode }: RunSummary): string {
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

/** Days after which a backup is an old one. */
const backupIsOldDays = 7

function stateOfBackup(last: OverviewFacts['lastBackup'], now: Date): State {
  if (last === undefined) return stateOf('off', 'None yet')
  const isOld = now.getTime() - Date.parse(last.at) > backupIsOldDays * 86_400_000
  return isOld ? stateOf('warn', 'Old') : stateOf('good', 'There is one')
}
