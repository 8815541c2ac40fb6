import type { ExplainedSignIn, PeopleServices } from '../../admin-ui/admin/people/services.ts'
import type { RunReport } from '../../sync/run-report.ts'
import type { Logger } from '../../sync/logger.ts'
import { signInFacts, type SignInQuery } from '../../sync/sign-in/sign-in-facts.ts'
import { signInFindings } from '../../sync/sign-in/sign-in-findings.ts'
import { recordedAccessReview, workspaceRoster } from '../access-reviews.ts'
import type { BackgroundWork } from '../background-work.ts'
import type { AdminActor } from '../directory/administrators/admin-actions.ts'
import { actAsAdmin } from '../directory/administrators/admin-work.ts'
import { binderNames } from '../directory/credentials/binders.ts'
import { ChangeRefused } from '../directory/credentials/change-refused.ts'
import type { Actor } from '../directory/credentials/sign-in-context.ts'
import type { Entry } from '../directory/entry.ts'
import { blockSignIn, resetPassword, revokeSignIn } from '../person-sign-in.ts'
import { formatLdifRecord } from '../protocol/ldif.ts'
import type { Workspace } from '../workspace.ts'
import { groupDetails, namedEntry, personDetails } from './people-details.ts'
import { sshKeysByName } from './ssh-keys-by-name.ts'

export interface PeopleServicesParts {
  readonly workspace: Workspace
  readonly background: BackgroundWork
  readonly logger: Pick<Logger, 'info'>
}

/** A browser waits so long for a person to be read; another run may be under way. */
const waitMs = 15_000

/** What the pages of users and groups ask of the workspace. The engine may be replaced by another at any time. */
export function peopleServices({ workspace, background, logger }: PeopleServicesParts): PeopleServices {
  const { directory, accounts, clock } = workspace
  const roster = workspaceRoster(workspace)

  /** entryUUID of somebody who has one. */
  async function personOf(id: string): Promise<string> {
    const entryUUID = (await roster.person(id))?.entryUUID
    if (entryUUID === undefined || entryUUID === null)
      throw new ChangeRefused('This person was never served, and has nothing to sign in with.')
    return entryUUID
  }

  async function presentPerson(id: string): Promise<string> {
    const person = await roster.person(id)
    if (person?.status === 'deleted') throw new ChangeRefused('This person is at no provider any more.')
    return await personOf(id)
  }

  async function syncPerson(id: string, by: AdminActor): Promise<string | undefined> {
    const person = await roster.person(id)
    if (person === undefined) throw new ChangeRefused('This person is not known any more.')
    const files = new Set(workspace.config.providers.flatMap(({ id, type }) => (type === 'ldif' ? [id] : [])))
    const sources = person.sources.map(sourceOf).filter(({ provider }) => !files.has(provider))
    if (sources.length === 0) throw new ChangeRefused('This person comes from a file. Sync its provider instead.')
    const action = { event: 'person synced', subject: person.name, before: null, after: { id } }
    const work = async (signal: AbortSignal) => {
      const reports: RunReport[] = []
      for (const { provider, id } of sources)
        reports.push(...(await workspace.engine.runPerson(id, { trigger: `manual by ${by.name}`, signal }, provider)))
      return syncText(reports)
    }
    const ended = background.start(action.event, (signal) =>
      actAsAdmin({ directory, clock, logger }, by, action, () => work(signal)),
    )
    return await orNothing(ended)
  }

  async function explainSignIn(query: SignInQuery): Promise<ExplainedSignIn> {
    const { engine, config, providers, passThrough } = workspace
    const explain = (name: string) => engine.explain(name)
    const facts = await signInFacts(query, { directory, config, providers, explain, passThrough, clock })
    return { people: facts.people.map(({ entry }) => namedEntry(entry)), findings: signInFindings(facts) }
  }

  return {
    roster,
    providers: () => workspace.config.providers.map(({ id, name, type }) => ({ id, name, type })),
    ldifOf(entryUUID) {
      const entry = directory.entryByUuid(entryUUID)
      return entry && ldifRecord(entry)
    },
    person: (id) => personDetails(id, roster, workspace),
    group: (id, from, to) => groupDetails(id, { from, to }, roster, workspace),
    accessReview: ({ group, at }, by) =>
      recordedAccessReview({ workspace, roster }, { group, at: at === undefined ? undefined : { time: at } }, by),
    explainSignIn,
    sshKeysOf: sshKeysByName(workspace),
    binderNames: () => binderNames(workspace.config, directory.store),
    syncPerson,
    resetPassword: async (id, by) => await resetPassword(workspace, await presentPerson(id), actorOf(by)),
    revoke: async (id, options, by) => await revokeSignIn(workspace, await personOf(id), options, actorOf(by)),
    block: async (id, block, by) => await blockSignIn(workspace, await personOf(id), block, actorOf(by)),
    unblock: async (id, by) => await accounts.incidents.unblock(await personOf(id), actorOf(by)),
    revokeAppPassword: async (id, appPassword, by) =>
      await accounts.appPasswords.revoke(await personOf(id), appPassword, actorOf(by)),
    removeSecondFactor: async (id, by) => await accounts.secondFactors.remove(await personOf(id), actorOf(by)),
  }
}

function actorOf({ name, address, mayStill }: AdminActor): Actor {
  return { kind: 'admin', id: name, address, ...(mayStill ? { mayStill } : {}) }
}

function sourceOf(source: string): { readonly provider: string; readonly id: string } {
  const colon = source.indexOf(':')
  return { provider: source.slice(0, Math.max(0, colon)), id: source.slice(colon + 1) }
}

/** undefined when it takes too long. */
async function orNothing<T>(work: Promise<T>): Promise<T | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => resolve(undefined), waitMs)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

/** What a sync of one person did. Throws ChangeRefused when it failed. */
function syncText(reports: readonly RunReport[]): string {
  const failed = reports.find(({ error }) => error !== null)
  if (failed !== undefined) throw new ChangeRefused(`${failed.provider}: ${failed.error ?? ''}`)
  if (reports.length === 0) return 'No provider has this person any more.'
  const changes = reports.reduce((sum, { changesInAll }) => sum + changesInAll, 0)
  const held = reports.some(({ outcome }) => outcome === 'held') ? ' Changes wait for approval.' : ''
  return `Synced: ${changes === 0 ? 'nothing changed' : changes === 1 ? 'one change' : `${changes} changes`}.${held}`
}

function ldifRecord({ dn, entryUUID, attributes }: Entry): string {
  return formatLdifRecord(dn, [...attributes, ['entryUUID', [entryUUID]]])
}
