import type { Administration, DirectoryFigures } from '../../admin-ui/admin/administration.ts'
import type { Decision } from '../../sync/candidates.ts'
import { providerOverviews } from '../../sync/provider-overview.ts'
import { adminActions } from '../directory/administrators/admin-actions.ts'
import { readiness } from '../readiness.ts'
import type { Workspace } from '../workspace.ts'

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
    notReady: () => readiness(workspace).reasons,
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
  const people = numberOf(directory, ['person', 'posixAccount'])
  const groups = numberOf(directory, ['groupOfNames', 'posixGroup'])
  let notServed = 0
  for await (const { value } of directory.store.list('decision'))
    if ((value as Decision).status !== 'active') notServed += 1 // written by the sync
  return { people, groups, notServed }
}

/** Entries of any of the classes: those of a file need not have all that ours have. */
function numberOf(directory: Workspace['directory'], classes: readonly string[]): number {
  const found = new Set<string>()
  for (const name of classes)
    for (const { entryUUID } of directory.entriesWith('objectClass', name)) found.add(entryUUID)
  return found.size
}
