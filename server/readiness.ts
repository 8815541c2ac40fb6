import type { Readiness } from '../admin-ui/pages/health.ts'
import type { Workspace } from './workspace.ts'

/** Whether LDAP answers as it should. Anybody may read it. */
export function readiness({ directory }: Pick<Workspace, 'directory'>): Readiness {
  const { isFilled, store } = directory
  return {
    ok: isFilled,
    reasons: isFilled ? [] : ['the directory has not been filled yet: some provider has never been read'],
    warnings: store.writeProblem === undefined ? [] : ['the store takes no changes: the log and the Overview say why'],
  }
}
