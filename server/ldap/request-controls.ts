import type { Control } from '../protocol/controls.ts'
import { LdapError } from '../protocol/ldap-error.ts'
import { Oid } from '../protocol/oids.ts'
import type { Request } from '../protocol/request-decoder.ts'
import { ResultCode } from '../protocol/result-code.ts'

/** The controls that each operation obeys; the root DSE lists their union. */
const obeyed: { readonly [operation in Request['type']]?: readonly string[] } = {
  search: [
    Oid.pagedResults,
    Oid.sortRequest,
    Oid.virtualListViewRequest,
    Oid.dereference,
    Oid.assertion,
    Oid.matchedValues,
    Oid.manageDsaIt,
  ],
  compare: [Oid.assertion, Oid.manageDsaIt],
  bind: [Oid.passwordPolicy],
  extended: [Oid.passwordPolicy],
  write: [Oid.manageDsaIt],
}

export const supportedControls: readonly string[] = [...new Set(Object.values(obeyed).flat())]

/** Throws {@link LdapError} for a critical control that the operation does not obey (RFC 4511 §4.1.11). */
export function checkControls(operation: Request['type'], controls: readonly Control[]): void {
  for (const { oid, isCritical } of controls) {
    if (isCritical && !obeyed[operation]?.includes(oid)) {
      throw new LdapError(ResultCode.unavailableCriticalExtension, `critical control ${oid} is not supported here`)
    }
  }
}
