import { parseDn } from '../protocol/distinguished-name.ts'
import type { DirectoryView } from './directory-view.ts'
import { entryName } from './encoded-entry.ts'
import { valueOctets } from './entry.ts'
import type { AttributeType } from './schema/schema.ts'

export interface NameValue {
  readonly type: AttributeType
  readonly octets: Buffer
}

/**
 * The values in the DN of an entry, of every RDN: what the `:dn` of an extensible match adds (RFC 4511 §4.5.1.7.7). Types that
 * the schema does not know are left out.
 */
export function* entryNameValues(view: DirectoryView, slot: number): Generator<NameValue> {
  const entry = view.entry(slot)
  if (!entry) return
  for (const rdn of parseDn(entryName(entry))) {
    for (const { type: name, value } of rdn) {
      const type = view.schema.attributeType(name)
      if (type) yield { type, octets: Buffer.from(valueOctets(value)) }
    }
  }
}
