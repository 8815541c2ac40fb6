import type { Entry } from '../../server/directory/entry.ts'
import type { AttributeType, Schema } from '../../server/directory/schema/schema.ts'
import { normalizeDn, parentDn } from '../../server/protocol/distinguished-name.ts'
import type { Filter } from '../../server/protocol/filter.ts'
import { ResultCode } from '../../server/protocol/result-code.ts'
import type { ReceivedEntry, ReceivedResult } from '../builders/raw-ldap-client.ts'
import { FilterOracle, type Hidden, isSubtype, type Value } from './filter-oracle.ts'

export interface SearchAsked {
  readonly base: string
  readonly scope: 0 | 1 | 2 | 3
  readonly filter: Filter
  readonly attributes: readonly string[]
  readonly typesOnly: boolean
  readonly sizeLimit: number
}

/** An answer without what is left to the server: entries, attributes and values are in order, and names are normalized. */
export interface PlainAnswer {
  readonly resultCode: number
  readonly matchedDN: string
  readonly entries: readonly PlainEntry[]
}
export type PlainEntry = readonly [key: string, attributes: readonly (readonly [string, readonly string[]])[]]

export function plainAnswer({ resultCode, matchedDN, entries }: ReceivedResult): PlainAnswer {
  return { resultCode, matchedDN: normalizeDn(matchedDN), entries: entries.map(plainEntry).sort(byName) }
}

const plainEntry = ({ dn, attributes }: Pick<ReceivedEntry, 'dn' | 'attributes'>): PlainEntry => [
  normalizeDn(dn),
  [...attributes].map(([name, values]) => [name, values.toSorted()] as const).sort(byName),
]
const byName = (a: readonly [string, unknown], b: readonly [string, unknown]) => (a[0] < b[0] ? -1 : 1)

const scopes = ['baseObject', 'singleLevel', 'wholeSubtree', 'subordinateSubtree'] as const

/** What a search is answered with, size limit aside, worked out entry by entry. */
export class AnswerOracle {
  private readonly schema: Schema
  private readonly filters: FilterOracle

  constructor(schema: Schema, entries: readonly Entry[], hidden: Hidden) {
    this.schema = schema
    this.filters = new FilterOracle(schema, entries, hidden)
  }

  /** `matched`: of the values only those that one of the items matches. */
  answer(asked: SearchAsked, matched?: readonly Filter[]): PlainAnswer {
    const { base, scope, filter } = asked
    const none = { matchedDN: '', entries: [] }
    try {
      normalizeDn(base)
    } catch {
      return { resultCode: ResultCode.invalidDNSyntax, ...none }
    }
    const names = new Set(this.filters.readable().map(({ dn }) => normalizeDn(dn)))
    if (base !== '' && !names.has(normalizeDn(base))) {
      let above = parentDn(base)
      while (above !== '' && !names.has(normalizeDn(above))) above = parentDn(above)
      return { resultCode: ResultCode.noSuchObject, matchedDN: normalizeDn(above), entries: [] }
    }
    const found = this.filters.search(base, scopes[scope], filter)
    const entries = this.filters.readable().filter(({ entryUUID }) => found.has(entryUUID))
    return {
      resultCode: ResultCode.success,
      matchedDN: '',
      entries: entries
        .map((entry) => plainEntry({ dn: entry.dn, attributes: this.selected(entry, asked, matched) }))
        .sort(byName),
    }
  }

  private selected(
    entry: Entry,
    { attributes, typesOnly }: SearchAsked,
    matched: readonly Filter[] | undefined,
  ): ReadonlyMap<string, readonly string[]> {
    const selected = new Map<string, string[]>()
    const hasOwnUniqueMember = [...entry.attributes.keys()].some((name) => name.toLowerCase() === 'uniquemember')
    for (const value of this.filters.valuesOf(entry)) {
      const isStandIn = value.type.name === 'uniqueMember' && !hasOwnUniqueMember
      if (this.filters.isHidden(value.type) || !this.isAskedFor(value, attributes, isStandIn)) continue
      if (matched && !matched.some((item) => this.filters.passes(item, value))) continue
      const name = [value.type.name, ...(isStandIn ? [] : value.options)].join(';')
      const values = selected.get(name) ?? []
      if (!typesOnly) values.push(value.octets.toString())
      selected.set(name, values)
    }
    return selected
  }

  /** The members by the other name are given to who names it: they are no attribute of the entry. */
  private isAskedFor({ type, options }: Value, attributes: readonly string[], isStandIn: boolean): boolean {
    const isAll = attributes.length === 0 || attributes.includes('*')
    if (!isStandIn && (type.isOperational ? attributes.includes('+') : isAll)) return true
    return attributes.some((text) => {
      if (text.startsWith('@')) return this.ofClass(text.slice(1)).some((superior) => isSubtype(type, superior))
      const [name = '', ...wanted] = text.toLowerCase().split(';')
      const named = this.schema.attributeType(name)
      return named !== undefined && isSubtype(type, named) && wanted.every((option) => options.includes(option))
    })
  }

  private ofClass(name: string): readonly AttributeType[] {
    const names: string[] = []
    for (let each = this.schema.objectClass(name); each; each = each.superior) names.push(...each.must, ...each.may)
    return names.flatMap((attribute) => this.schema.attributeType(attribute) ?? [])
  }

  /** The prepared value of an entry that a sort key puts in order, by DN key: the least one (RFC 2891 §2.2). */
  sortValues(attribute: string): ReadonlyMap<string, string> {
    const type = this.schema.attributeType(attribute)
    const comparison = (type?.ordering ?? type?.equality)?.comparison
    const least = new Map<string, string>()
    for (const entry of this.filters.readable())
      for (const value of this.filters.valuesOf(entry)) {
        const prepared = type && isSubtype(value.type, type) ? comparison?.prepare(value.octets) : undefined
        const known = least.get(normalizeDn(entry.dn))
        if (prepared !== undefined && (known === undefined || (comparison?.compare?.(prepared, known) ?? 0) < 0))
          least.set(normalizeDn(entry.dn), prepared)
      }
    return least
  }
}
