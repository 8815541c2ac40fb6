import type { Access } from '../directory/access-control.ts'
import type { DirectoryView } from '../directory/directory-view.ts'
import { compileFilter, True } from '../directory/filter-match.ts'
import { findEntry } from '../directory/search.ts'
import type { Control } from '../protocol/controls.ts'
import { readAssertion } from '../protocol/filter-controls.ts'
import { LdapError } from '../protocol/ldap-error.ts'
import { ResultCode } from '../protocol/result-code.ts'
import type { LdapServices } from './services.ts'

/** The assertion control (RFC 4528): throws {@link LdapError} assertionFailed unless the filter is True of the entry named. */
export function checkAssertion(
  control: Control | undefined,
  name: string,
  view: DirectoryView,
  access: Access,
  limits: LdapServices['limits'],
): void {
  if (!control) return
  const filter = readAssertion(control, { depth: limits.depth, terms: limits.filterTerms })
  if (compileFilter(filter, view, access).test(findEntry(view, name, access)) !== True)
    throw new LdapError(ResultCode.assertionFailed, '')
}
