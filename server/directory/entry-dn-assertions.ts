import { canonicalNamingType, parseDn } from '../protocol/distinguished-name.ts'
import type { DirectoryView } from './directory-view.ts'
import { entryName } from './encoded-entry.ts'
import { valueOctets } from './entry.ts'
import type { Comparison } from './schema/matching-rules.ts'
import type { AttributeType } from './schema/schema.ts'

/** The `:dn` part of an extensible match (RFC 4511 §4.5.1.7.7): the attributes of the entry's DN count as its own. */
export function entryDnAssertions(
  view: DirectoryView,
  slot: number,
  type: AttributeType | undefined,
  comparison: Comparison,
  assertion: string,
): boolean {
  const entry = view.entries[slot]
  if (!entry) return false
  const wanted = type && new Set([type.oid, ...type.names].map((name) => canonicalNamingType(name)))
  for (const rdn of parseDn(entryName(entry))) {
    for (const pair of rdn) {
      if (wanted && !wanted.has(canonicalNamingType(pair.type))) continue
      const octets = Buffer.from(valueOctets(pair.value))
      if (comparison.prepare(octets) === assertion) return true
    }
  }
  return false
}
