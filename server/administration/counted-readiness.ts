import { createBreather } from '../../sync/breather.ts'
import { readEnrollments } from '../../sync/enrollment/enrollment-record.ts'
import { entryType } from '../../sync/file-entries.ts'
import { keptWhile } from '../../sync/roster/kept-result.ts'
import type { Readiness } from '../../sync/roster/roster-rows.ts'
import { noMarks, readinessOf, readSignInMarks } from '../../sync/roster/sign-in-readiness.ts'
import { isActive, providerOf } from '../../sync/sync-plan.ts'
import type { Workspace } from '../workspace.ts'

type CountedReadiness = Readonly<Record<Readiness, number>>

/** What people could sign in with, counted anew when something has changed: it looks at everybody. */
export function countedReadiness(workspace: Pick<Workspace, 'directory' | 'config'>): () => Promise<CountedReadiness> {
  const { directory } = workspace
  return keptWhile(
    () => {
      const revisions = (['credential', 'enrollment', 'account'] as const).map((one) => directory.revisionOf(one))
      return `${directory.store.lastChange} ${revisions.join(' ')} ${askedProviders(workspace).join(' ')}`
    },
    () => count(workspace),
  )
}

/** Those that check passwords at a bind. */
function askedProviders({ config }: Pick<Workspace, 'config'>): readonly string[] {
  return config.providers.flatMap((one) => (one.type !== 'ldif' && one.passThroughBind ? [one.id] : []))
}

async function count(workspace: Pick<Workspace, 'directory' | 'config'>): Promise<CountedReadiness> {
  const { directory } = workspace
  const breathe = createBreather()
  const asked = new Set(askedProviders(workspace))
  const marks = await readSignInMarks(directory.store)
  const counts = { password: 0, provider: 0, invited: 0, none: 0 }
  const add = (entryUUID: string, provider: string) => {
    counts[readinessOf(marks.get(entryUUID) ?? noMarks, asked.has(provider))] += 1
  }
  for (const entry of directory.entries()) {
    await breathe()
    if (entryType(entry) === 'user' && isActive(entry)) add(entry.entryUUID, providerOf(entry))
  }
  // They are not served before the link was used, and the provider is not asked for them.
  for (const [entryUUID, { state }] of await readEnrollments(directory.store))
    if (state === 'invited') add(entryUUID, '')
  return counts
}
