import { Oid } from '../../protocol/oids.ts'
import type { Entry } from '../entry.ts'

export interface RootDseFacts {
  readonly suffix: string
  readonly vendorVersion: string
  readonly supportedControls: readonly string[]
  readonly supportedExtensions: readonly string[]
  readonly supportedSaslMechanisms: readonly string[]
}

/** The root DSE (RFC 4512 §5.1), generated from what is registered. */
export function rootDse(facts: RootDseFacts): Entry {
  return {
    dn: '',
    entryUUID: '',
    attributes: new Map([
      ['objectClass', ['top', 'rosterdRootDSE']],
      ['namingContexts', [facts.suffix]],
      ['defaultNamingContext', [facts.suffix]],
      ['supportedLDAPVersion', ['3']],
      ['supportedControl', facts.supportedControls],
      ['supportedExtension', facts.supportedExtensions],
      ['supportedFeatures', [Oid.allOperationalAttributes, Oid.objectClassAttributes, Oid.absoluteTrueFalseFilters]],
      ['supportedSASLMechanisms', facts.supportedSaslMechanisms],
      ['vendorName', ['Rosterd']],
      ['vendorVersion', [facts.vendorVersion]],
    ]),
  }
}
