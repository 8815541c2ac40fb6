import { attributeValues } from '../directory/entry-values.ts'
import { preparedAssertion, preparedValues } from '../directory/prepared-values.ts'
import { findEntry } from '../directory/search.ts'
import type { Control } from '../protocol/controls.ts'
import { LdapError, type LdapResult } from '../protocol/ldap-error.ts'
import { Oid } from '../protocol/oids.ts'
import type { CompareRequest } from '../protocol/request-decoder.ts'
import { ResultCode } from '../protocol/result-code.ts'
import { checkAssertion } from './assertion.ts'
import { selectView } from './select-view.ts'
import type { LdapServices } from './services.ts'
import type { Session } from './session.ts'

/** RFC 4511 §4.10. An attribute that may not be read is one that is not there. */
export function compare(
  services: LdapServices,
  session: Session,
  request: CompareRequest,
  controls: readonly Control[] = [],
): LdapResult {
  const { view, access } = selectView(services, session, request.entry, 'baseObject')
  checkAssertion(
    controls.find(({ oid }) => oid === Oid.assertion),
    request.entry,
    view,
    access,
    services.limits,
  )
  const slot = findEntry(view, request.entry, access)
  const description = view.schema.description(request.attribute)
  if (!description)
    throw new LdapError(
      ResultCode.undefinedAttributeType,
      `${request.attribute.slice(0, 100)} is not an attribute of the schema`,
    )
  const { type, options } = description
  const assertion = preparedAssertion(type, request.value, view.schema)
  let hasValue = false
  for (const subtype of view.schema.withSubtypes(type)) {
    if (!access.attributes.allows(subtype)) continue
    for (const octets of attributeValues(view, slot, { type: subtype, options }, access)) {
      hasValue = true
      for (const value of preparedValues(subtype, octets, view.schema))
        if (value === assertion) return result(ResultCode.compareTrue)
    }
  }
  if (!hasValue) throw new LdapError(ResultCode.noSuchAttribute, '')
  if (assertion === undefined && type.name !== 'objectClass')
    throw new LdapError(ResultCode.invalidAttributeSyntax, `the value is not of the syntax of ${type.name}`)
  return result(ResultCode.compareFalse)
}

const result = (resultCode: LdapResult['resultCode']): LdapResult => ({
  resultCode,
  matchedDN: '',
  diagnosticMessage: '',
})
