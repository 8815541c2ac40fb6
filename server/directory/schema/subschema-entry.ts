import type { Entry } from '../entry.ts'
import { subschemaDn } from '../entry-layout.ts'
import { matchingRules } from './matching-rules.ts'
import type { Schema } from './schema.ts'
import { syntaxDefinitions } from './syntaxes.ts'

/** The subschema (sub)entry (RFC 4512 §4.2), generated from what is registered. */
export function subschemaEntry(schema: Schema): Entry {
  const { attributeTypes, objectClasses } = schema.definitions()
  return {
    dn: subschemaDn,
    entryUUID: '',
    attributes: new Map([
      ['objectClass', ['top', 'subschema']],
      ['cn', ['Subschema']],
      ['objectClasses', objectClasses],
      ['attributeTypes', attributeTypes],
      ['matchingRules', matchingRules.map(({ oid, name, syntax }) => `( ${oid} NAME '${name}' SYNTAX ${syntax} )`)],
      ['ldapSyntaxes', syntaxDefinitions],
    ]),
  }
}
