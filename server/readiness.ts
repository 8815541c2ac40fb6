import type { Readiness } from '../admin-ui/pages/health.ts'
import type { Workspace } from './workspace.ts'

/** Whether LDAP answers as it should. */
export function readiness({ directory }: Pick<Workspace, 'directory'>): Readiness {
  return directory.isFilled
    ? { ok: true, reasons: [] }
    : { ok: false, reasons: ['the directory has not been filled yet: some provider has never been read'] }
}
