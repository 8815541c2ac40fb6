import type { Administration, DirectoryFigures } from '../admin-ui/admin/administration.ts'
import type { Decision } from '../sync/candidates.ts'
import { providerOverviews } from '../sync/provider-overview.ts'
import { adminActions } from './directory/administrators/admin-actions.ts'
import type { Workspace } from './workspace.ts'

/** What the administrators' pages ask of the workspace. */
export function administration(workspace: Workspace, cookieKey: string): Administration {
  const { config, directory, administrators, webSessions, clock } = workspace
  const { store } = directory
  return {
    organization: config.organization,
    publicUrl: config.admin.publicUrl,
    administrators,
    sessions: webSessions,
    cookieKey,
    clock,
    providers: () => providerOverviews({ ...workspace, store }),
    figures: directoryFigures(workspace),
    actions: (limit) => adminActions(store, limit),
  }
}

/** Counted anew when something has changed: it looks at every entry and every decision. */
function directoryFigures({ directory }: Pick<Workspace, 'directory'>): () => Promise<DirectoryFigures> {
  let counted: { readonly state: string; readonly figures: Promise<DirectoryFigures> } | undefined
  return () => {
    const state = `${directory.store.lastChange} ${directory.revisionOf('decision')}`
    if (counted?.state !== state) counted = { state, figures: count(directory) }
    return counted.figures
  }
}

async function count(directory: Workspace['directory']): Promise<DirectoryFigures> {
  const entriesOf = (objectClass: string) => directory.entriesWith('objectClass', objectClass)
  const people = lengthOf(entriesOf('posixAccount'))
  const groups = lengthOf(entriesOf('posixGroup'))
  let notServed = 0
  for await (const { value } of directory.store.list('decision'))
    if ((value as Decision).status !== 'active') notServed += 1 // written by the sync
  return { people, groups, notServed }
}

function lengthOf(values: Iterable<unknown>): number {
  let length = 0
  for (const _ of values) length += 1
  return length
}
