import { accessReview, personOfEntry, type ReviewedPerson } from '../sync/roster/access-review.ts'
import { createRoster, type Roster, type RosterList } from '../sync/roster/roster.ts'
import { entryType } from '../sync/file-entries.ts'
import { changeNumberAt, type DirectoryMoment } from './commands/directory-moment.ts'
import type { AdminActor } from './directory/administrators/admin-actions.ts'
import type { StateEntry } from './directory/directory.ts'
import { directoryAfter } from './directory/past-directory.ts'
import type { Workspace } from './workspace.ts'

export interface WantedReview {
  /** undefined: now. */
  readonly at: DirectoryMoment | undefined
  /** cn or DN; undefined: everybody. */
  readonly group: string | undefined
}

/** Who has access, or had, with what; that it was asked for is recorded. Throws ChangeRefused for a group or a time that is not known. */
export async function recordedAccessReview(
  { workspace, roster }: { readonly workspace: Workspace; readonly roster: Roster },
  { at, group }: WantedReview,
  by: AdminActor,
): Promise<RosterList<ReviewedPerson>> {
  const { directory, clock, config } = workspace
  const { store } = directory
  const states =
    at === undefined ? undefined : await directoryAfter(directory, await changeNumberAt(store, at, clock.now()))
  const made = await accessReview(
    {
      store,
      settings: config.providers,
      ...(states === undefined ? await presentPeople(directory, roster) : pastPeople(states)),
    },
    group,
  )
  const after = { people: made.total, ...(at === undefined ? {} : { at: 'time' in at ? at.time : at.change }) }
  const action = { event: 'access review made', subject: group ?? 'everybody', before: null, after }
  return await workspace.actAs(by, action, () => Promise.resolve(made))
}

/** Everybody and every group of the workspace, with the providers that it has when it is asked. */
export function workspaceRoster(workspace: Workspace): Roster {
  const { directory, clock } = workspace
  return createRoster({
    directory,
    settings: () => workspace.config.providers,
    tenants: () => new Map(workspace.providers.map(({ id, tenant }) => [id, tenant])),
    clock,
  })
}

async function presentPeople(directory: Workspace['directory'], roster: Roster) {
  return {
    people: (await roster.people({ search: '' })).rows(),
    entries: () => directory.entries(),
    entryByUuid: (entryUUID: string) => directory.entryByUuid(entryUUID),
    isPast: false,
  }
}

function pastPeople(states: readonly StateEntry[]) {
  const byUuid = new Map(states.map((state) => [state.entryUUID, state]))
  function* entries() {
    for (const state of states) yield state.read()
  }
  function* people() {
    for (const entry of entries()) if (entryType(entry) === 'user') yield personOfEntry(entry)
  }
  return {
    people: people(),
    entries,
    entryByUuid: (entryUUID: string) => byUuid.get(entryUUID)?.read(),
    isPast: true,
  }
}
