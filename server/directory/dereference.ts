import { dereferenceControl, dereferenceResult, type DereferenceSpecification } from '../protocol/dereference.ts'
import { LdapError } from '../protocol/ldap-error.ts'
import { ResultCode } from '../protocol/result-code.ts'
import type { Access } from './access-control.ts'
import { type AttributeSelection, selectAttributes } from './attribute-selection.ts'
import type { DirectoryView } from './directory-view.ts'
import { attributeValues } from './entry-values.ts'
import type { AttributeType } from './schema/schema.ts'
import { Syntax } from './schema/syntaxes.ts'
import { encodedAttributes } from './search-entry.ts'

/** The dereference control of one entry; undefined when the entry has no value of the attributes asked about. */
export type Dereference = (slot: number) => Buffer | undefined

/**
 * Follows DN-valued attributes of the entries found (draft-masarati-ldap-deref). What may not be read is as absent here as in the search
 * itself. Throws {@link LdapError} protocolError for an attribute named twice and, when the control is critical, for one that holds no DNs.
 */
export function createDereference(
  view: DirectoryView,
  specifications: readonly DereferenceSpecification[],
  access: Access,
  isCritical: boolean,
): Dereference {
  const types = new Set(specifications.map(({ attribute }) => view.schema.attributeType(attribute) ?? attribute))
  if (types.size < specifications.length)
    throw new LdapError(ResultCode.protocolError, 'an attribute is to be dereferenced twice')
  const followed = specifications.flatMap(({ attribute, attributes }) => {
    const type = view.schema.attributeType(attribute)
    if (type?.syntax === Syntax.dn && access.attributes.allows(type)) {
      return [
        { attribute, type, selection: selectAttributes(attributes.length === 0 ? ['1.1'] : attributes, view.schema) },
      ]
    }
    if (isCritical)
      throw new LdapError(ResultCode.protocolError, `${attribute.slice(0, 100)} is not an attribute of DNs`)
    return []
  })
  return (slot) => {
    const results = followed.flatMap((each) => followOne(view, slot, each, access))
    return results.length === 0 ? undefined : dereferenceControl(results)
  }
}

function followOne(
  view: DirectoryView,
  slot: number,
  { attribute, type, selection }: { attribute: string; type: AttributeType; selection: AttributeSelection },
  access: Access,
): Buffer[] {
  return Array.from(attributeValues(view, slot, { type, options: [] }, access), (name) => {
    const target = view.slotOfKey(type.equality?.comparison.prepare(name) ?? '')
    const isThere = target !== undefined && access.canRead(target)
    return dereferenceResult(
      attribute,
      name,
      isThere ? encodedAttributes({ view, access, selection, typesOnly: false }, target) : [],
    )
  })
}
