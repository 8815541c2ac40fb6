import type { AttributeValue, Entry } from '../directory/entry.ts'

/**
 * The entry as every store keeps it: attributes without values are absent, half surrogate pairs (which UTF-8 cannot
 * carry) are U+FFFD, octets are the store's own copies.
 */
export function storedForm(entry: Entry): Entry {
  const attributes = new Map<string, readonly AttributeValue[]>()
  for (const [name, values] of entry.attributes) {
    if (values.length > 0) attributes.set(name.toWellFormed(), values.map(storedValue))
  }
  return { dn: entry.dn.toWellFormed(), entryUUID: entry.entryUUID, attributes }
}

function storedValue(value: AttributeValue): AttributeValue {
  return typeof value === 'string' ? value.toWellFormed() : new Uint8Array(value)
}
