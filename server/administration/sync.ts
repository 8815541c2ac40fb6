import type { ProviderSync, SyncedType, SyncServices } from '../../admin-ui/admin/sync/services.ts'
import type { Enrollment } from '../../sync/enrollment/enrollment.ts'
import { StalePlanError } from '../../sync/held-plans.ts'
import { providerOverviews } from '../../sync/provider-overview.ts'
import type { RunSummary } from '../../sync/run-history.ts'
import type { HeldRecord } from '../../sync/settlement.ts'
import type { BackgroundWork } from '../background-work.ts'
import { syncActions } from '../sync-actions.ts'
import type { AdminActor } from '../directory/administrators/admin-actions.ts'
import type { RecordedAction } from '../directory/administrators/admin-work.ts'
import { ChangeRefused } from '../directory/credentials/change-refused.ts'
import type { ProviderConfig } from '../runtime/config-schema.ts'
import type { Workspace } from '../workspace.ts'
import { createAskedRuns } from './asked-runs.ts'
import type { CountedDirectory, ServedOfProvider } from './directory-figures.ts'

export interface SyncServicesParts {
  readonly workspace: Workspace
  readonly background: BackgroundWork
  readonly counted: () => Promise<CountedDirectory>
}

/** The sync as the pages see it, and what administrators do to it. The engine may be replaced by another at any time. */
export function syncServices(parts: SyncServicesParts): SyncServices {
  const { workspace, background, counted } = parts
  const { directory, runsUnderWay, runHistory: history } = workspace
  const { store } = directory
  const asked = createAskedRuns(parts)

  async function held(provider: string): Promise<HeldRecord | undefined> {
    return (await workspace.engine.plan.show()).find((plan) => plan.provider === provider)
  }

  async function requireHeld(provider: string, hash: string): Promise<HeldRecord> {
    const record = await held(provider)
    if (record?.hash !== hash) throw new StalePlanError(`the held changes of ${provider} are others now`)
    return record
  }

  /** In the record, and to its end also when nobody waits. */
  function act<T>(by: AdminActor, action: RecordedAction, work: () => Promise<T>): Promise<T> {
    return background.start(action.event, () => workspace.actAs(by, action, work))
  }

  /** Names are looked up one by one: kept while nobody is invited or read anew. */
  let listed: { readonly state: string; readonly people: ReturnType<Enrollment['list']> } | undefined
  function enrollments(): ReturnType<Enrollment['list']> {
    const state = `${directory.revisionOf('enrollment')} ${directory.revisionOf('mirror')}`
    if (listed?.state !== state) {
      const people = workspace.enrollment.list()
      listed = { state, people }
      people.catch(() => (listed = undefined))
    }
    return listed.people
  }

  async function waitingInvitations() {
    const people = await enrollments()
    return people.filter(({ waiting, address }) => waiting && address !== null)
  }

  return {
    ...history,
    underWay: runsUnderWay,
    async status() {
      const runs = await history.list()
      const plans = await workspace.engine.plan.show()
      const { served } = await counted()
      return (await providerOverviews({ ...workspace, store })).map((provider): ProviderSync => {
        const { id, name, type, lastSuccess, isStale, pause } = provider
        const settings = workspace.config.providers.find((one) => one.id === id)
        const own = runs.filter((run) => run.provider === id && run.outcome !== 'running')
        const plan = plans.find((one) => one.provider === id)
        return {
          id,
          name,
          type,
          types: syncedTypes(settings, own.find(hasComputed), served.get(id)),
          underWay: runsUnderWay.list().find((run) => run.provider === id) ?? null,
          isWaiting: asked.isWaiting(id),
          lastRun: own[0] ?? null,
          lastSuccess,
          isStale,
          pause: pause ?? null,
          held:
            plan === undefined
              ? null
              : {
                  reasons: plan.reasons,
                  since: plan.since,
                  discarded: plan.discarded,
                  count: plan.changes.length,
                },
          schedule: settings === undefined || settings.type === 'ldif' ? null : settings.schedule,
        }
      })
    },
    start: (provider, full, by) => asked.start(provider, full, by),
    held,
    async approve(provider, hash, by) {
      const plan = await requireHeld(provider, hash)
      return await act(by, syncActions.approved(plan), () => workspace.engine.plan.approve(hash, by.name))
    },
    async discard(provider, hash, by) {
      const plan = await requireHeld(provider, hash)
      await act(by, syncActions.discarded(plan), () => workspace.engine.plan.discard(hash, by.name))
    },
    async pause(provider, reason, by) {
      const pause = { kind: 'administrator', reason, by: by.name } as const
      await act(by, syncActions.paused(provider, reason), () => workspace.engine.control.pause(provider, pause))
    },
    async resume(provider, by) {
      const pause = (await workspace.engine.control.paused()).get(provider)
      if (pause === undefined) throw new ChangeRefused(`${provider} is not paused`)
      const action = syncActions.resumed(provider, pause)
      return await act(by, action, () => workspace.engine.control.resume(provider, by.name))
    },
    undo: (runId, by) => act(by, syncActions.undone(runId), () => workspace.engine.control.undo(runId, by.name)),
    enrollments,
    async sendInvitations(count, by) {
      const waiting = await waitingInvitations()
      if (waiting.length !== count)
        throw new ChangeRefused(
          `${waiting.length} people wait for an invitation now, not ${count}. Look at them again.`,
        )
      if (count === 0) throw new ChangeRefused('Nobody waits for an invitation.')
      const action = { event: 'invitations sent', subject: 'enrollment', before: null, after: { people: count } }
      return await act(by, action, async () => (await sendRefusably(workspace)).length)
    },
    async resendInvitation(entryUUID, by) {
      const person = (await enrollments()).find((one) => one.entryUUID === entryUUID)
      if (person === undefined) throw new ChangeRefused('This person is not enrolled by mail any more.')
      const action = { event: 'invitation sent again', subject: person.name, before: null, after: { entryUUID } }
      return await act(by, action, async () => {
        requireMailServer(workspace)
        return await workspace.enrollment.resend(entryUUID)
      })
    },
    reports() {
      const { config } = workspace
      return {
        hasMailServer: config.smtp !== null,
        all: config.smtp?.reportTo ?? [],
        providers: config.providers.flatMap((provider) =>
          provider.type === 'ldif'
            ? []
            : [{ name: provider.name, reportTo: provider.reportTo, reportRuns: provider.reportRuns }],
        ),
        notify: config.notify.map(({ url, events }) => ({ origin: new URL(url).origin, events: events ?? null })),
      }
    },
  }
}

function requireMailServer({ mailServer }: Workspace): void {
  if (mailServer === undefined)
    throw new ChangeRefused('There is no mail server to send with: set "smtp" in the configuration file.')
}

async function sendRefusably(workspace: Workspace) {
  requireMailServer(workspace)
  return await workspace.enrollment.send({})
}

/** Whose counts say how people and groups are synced: the others read nothing, or one person. */
function hasComputed({ mode, outcome, dryRun }: RunSummary): boolean {
  const isRead = mode === 'full' || mode === 'incremental'
  return isRead && !dryRun && (outcome === 'applied' || outcome === 'unchanged' || outcome === 'held')
}

function syncedTypes(
  settings: ProviderConfig | undefined,
  run: RunSummary | undefined,
  served: ServedOfProvider = { user: 0, group: 0, entry: 0 },
): readonly SyncedType[] {
  if (settings?.type === 'ldif')
    return [
      {
        type: 'entry',
        isOn: true,
        read: run?.read.entries ?? null,
        served: served.user + served.group + served.entry,
        counts: run === undefined ? null : entryCounts(run),
      },
    ]
  const { users = true, groups = true } = settings ?? {}
  return [
    { type: 'user', isOn: users, read: run?.read.users ?? null, served: served.user, counts: run?.counts.user ?? null },
    {
      type: 'group',
      isOn: groups,
      read: run?.read.groups ?? null,
      served: served.group,
      counts: run?.counts.group ?? null,
    },
  ]
}

/** A file's people and groups are entries too. */
function entryCounts({ counts: { user, group, entry } }: RunSummary) {
  const sum = (name: keyof typeof user) => user[name] + group[name] + entry[name]
  return {
    added: sum('added'),
    updated: sum('updated'),
    renamed: sum('renamed'),
    deactivated: sum('deactivated'),
    reactivated: sum('reactivated'),
    removed: sum('removed'),
    skipped: sum('skipped'),
  }
}
