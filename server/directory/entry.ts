/**
 * One value of an attribute: text (UTF-8 on the wire) as a string, octets that are not UTF-8 text as bytes.
 * `valueOctets` gives the wire form of both.
 */
export type AttributeValue = string | Uint8Array

/**
 * A directory entry as it is stored. `attributes` maps an attribute description (RFC 4512 §2.5: type and options, in the
 * spelling that is served) to its values in order; it holds the user attributes and the stored operational ones
 * (createTimestamp, modifyTimestamp, rosterdSource). entryUUID has its own field; entryDN, memberOf of people,
 * structuralObjectClass and the like are computed when served. Passwords are never attributes.
 */
export interface Entry {
  /** RFC 4514 text, as served. */
  readonly dn: string
  /** RFC 4530, lower case. Never changes, never reused. */
  readonly entryUUID: string
  readonly attributes: ReadonlyMap<string, readonly AttributeValue[]>
}

/** The octets of a value as LDAP carries them (RFC 4511 §4.1.5). */
export function valueOctets(value: AttributeValue): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : value
}
