import { type AttributeValue, type Entry, valueOctets } from '../../server/directory/entry.ts'
import type { Comparison } from '../../server/directory/schema/matching-rules.ts'
import {
  type AttributeType,
  findMatchingRule,
  type ObjectClass,
  type Schema,
} from '../../server/directory/schema/schema.ts'
import { type Dn, dnKey, normalizeDn, parseDn } from '../../server/protocol/distinguished-name.ts'
import type { ExtensibleFilter, Filter, SubstringsFilter } from '../../server/protocol/filter.ts'
import type { Scope } from '../../server/protocol/request-decoder.ts'

/** 'T', 'F' and 'U' of RFC 4511 §4.5.1.7. */
export type Answer = 'T' | 'F' | 'U'

export interface Value {
  readonly type: AttributeType
  readonly options: readonly string[]
  readonly octets: Buffer
}

export interface Hidden {
  readonly attributes: ReadonlySet<string>
  readonly entryUUIDs: ReadonlySet<string>
  /** Names of hidden entries are hidden as values, too. */
  readonly hidesNames?: boolean
}

const fromEntryAlone = new Set([
  'entryUUID',
  'entryDN',
  'structuralObjectClass',
  'subschemaSubentry',
  'hasSubordinates',
])

/** DN, and Name And Optional UID (RFC 4517 §3.3). */
const nameSyntaxes = new Set(['1.3.6.1.4.1.1466.115.121.1.12', '1.3.6.1.4.1.1466.115.121.1.34'])

/**
 * Answers searches the slow and obvious way: every filter on every entry, over the entries as they were given. Shares with the
 * server the schema and how a matching rule prepares a value, nothing else.
 */
export class FilterOracle {
  private readonly schema: Schema
  private readonly entries: readonly Entry[]
  private readonly hidden: Hidden
  private readonly groups = new Map<string, readonly Entry[]>()
  private readonly known = new Map<Entry, readonly Value[]>()
  private readonly types = new Map<string, AttributeType | undefined>()

  constructor(schema: Schema, entries: readonly Entry[], hidden: Hidden) {
    this.schema = schema
    this.entries = entries
    this.hidden = hidden
  }

  /** entryUUIDs found. */
  search(baseObject: string, scope: Scope, filter: Filter): Set<string> {
    const found = this.readable().filter(
      (entry) => isInScope(parseDn(entry.dn), parseDn(baseObject), scope) && this.evaluate(filter, entry) === 'T',
    )
    return new Set(found.map(({ entryUUID }) => entryUUID))
  }

  readable(): readonly Entry[] {
    return this.entries.filter(({ entryUUID }) => !this.hidden.entryUUIDs.has(entryUUID))
  }

  evaluate(filter: Filter, entry: Entry): Answer {
    switch (filter.type) {
      case 'and':
        return least(filter.filters.map((inner) => this.evaluate(inner, entry)))
      case 'or':
        return negated(least(filter.filters.map((inner) => negated(this.evaluate(inner, entry)))))
      case 'not':
        return negated(this.evaluate(filter.filter, entry))
      case 'unrecognized':
        return 'U'
      case 'extensible':
        return this.extensible(filter, entry)
      default: {
        const type = this.readableType(filter.attribute)
        return type ? this.item(filter, type, this.valuesFor(entry, filter.attribute, type)) : 'U'
      }
    }
  }

  /** Whether one value alone passes an item (RFC 3876 §3); extensible ones are not asked here. */
  passes(filter: Filter, value: Value): boolean {
    if (!('attribute' in filter) || filter.type === 'extensible') return false
    const type = this.readableType(filter.attribute)
    return type !== undefined && this.item(filter, type, ofDescription([value], filter.attribute, type)) === 'T'
  }

  private item(
    filter: Exclude<Filter, { type: 'and' | 'or' | 'not' | 'unrecognized' | 'extensible' }>,
    type: AttributeType,
    values: readonly Value[],
  ): Answer {
    switch (filter.type) {
      case 'present':
        return values.length > 0 ? 'T' : 'F'
      case 'equality':
      case 'approx':
        return this.equality(type, Buffer.from(filter.value), values)
      case 'greaterOrEqual':
        return ordering(type, Buffer.from(filter.value), values, (order) => order >= 0)
      case 'lessOrEqual':
        return ordering(type, Buffer.from(filter.value), values, (order) => order <= 0)
      case 'substrings':
        return substrings(type, filter, values)
      default:
        return filter satisfies never
    }
  }

  private equality(type: AttributeType, assertion: Buffer, values: readonly Value[]): Answer {
    const wanted = type.equality?.comparison.prepare(assertion)
    if (wanted === undefined) return 'U'
    if (type.name !== 'objectClass' && type.name !== 'structuralObjectClass')
      return some(values, (value) => value.type.equality?.comparison.prepare(value.octets) === wanted)
    const objectClass = this.schema.objectClass(wanted)
    if (!objectClass) return 'U'
    return some(values, ({ octets }) => {
      const own = this.schema.objectClass(octets.toString())
      return type.name === 'objectClass' ? lineage(own).includes(objectClass) : own === objectClass
    })
  }

  private extensible(filter: ExtensibleFilter, entry: Entry): Answer {
    const type = filter.attribute === undefined ? undefined : this.readableType(filter.attribute)
    if (filter.attribute !== undefined && !type) return 'U'
    const assertion = Buffer.from(filter.value)
    const values = filter.attribute !== undefined && type ? this.valuesFor(entry, filter.attribute, type) : []
    if (type && filter.rule === '1.2.840.113556.1.4.803')
      return bits(assertion, values, (set, mask) => (set & mask) === mask)
    if (type && filter.rule === '1.2.840.113556.1.4.804')
      return bits(assertion, values, (set, mask) => (set & mask) !== 0n)
    if (type && filter.rule === '1.2.840.113556.1.4.1941') return this.inChain(type, assertion, entry)
    const rule = filter.rule === undefined ? type?.equality : findMatchingRule(filter.rule)
    if (rule?.use !== 'equality') return 'U'
    const byRule = (ofType: AttributeType, among: readonly Value[]): Answer => {
      if (rule === ofType.equality) return this.equality(ofType, assertion, among)
      const areText = rule.comparison.substrings && ofType.equality?.comparison.substrings
      const wanted = rule.comparison.prepare(assertion)
      if (!areText || wanted === undefined) return 'U'
      return some(among, ({ octets }) => rule.comparison.prepare(octets) === wanted)
    }
    const anyOf = (among: readonly Value[]): Answer =>
      some(among, (value) => !this.isHidden(value.type) && byRule(value.type, [value]) === 'T')
    if (rule.comparison.prepare(assertion) === undefined) return 'U'
    const inAttributes = type ? byRule(type, values) : anyOf(this.valuesOf(entry))
    if (!filter.dnAttributes) return inAttributes
    const inName = parseDn(entry.dn)
      .flat()
      .flatMap(({ type: name, value }) => this.value(name, value) ?? [])
      .filter((value) => !type || isSubtype(value.type, type))
    return negated(least([negated(inAttributes), negated(anyOf(inName))]))
  }

  private inChain(type: AttributeType, assertion: Buffer, entry: Entry): Answer {
    if (type.name !== 'member' && type.name !== 'memberOf') return 'U'
    const target = keyOf(assertion.toString())
    if (target === undefined) return 'U'
    const above = (start: string) => {
      const found = new Set<Entry>()
      for (let grew = true; grew; ) {
        const keys = [start, ...Array.from(found, ({ dn }) => keyOf(dn) ?? '')]
        const size = found.size
        for (const key of keys) for (const group of this.groupsOf(key)) found.add(group)
        grew = found.size > size
      }
      return found
    }
    const [asserted] = [{ type, options: [], octets: assertion }].filter((value) => this.isShown(value))
    if (type.name === 'member') return asserted && above(target).has(entry) ? 'T' : 'F'
    return Array.from(above(keyOf(entry.dn) ?? ''), ({ dn }) => keyOf(dn)).includes(target) ? 'T' : 'F'
  }

  /** Readable entries that have the key among their members, or that the entry of that key names in memberOf. */
  private groupsOf(key: string): readonly Entry[] {
    const known = this.groups.get(key) ?? this.findGroupsOf(key)
    this.groups.set(key, known)
    return known
  }

  private findGroupsOf(key: string): readonly Entry[] {
    const own = this.entries.find(({ dn }) => keyOf(dn) === key)
    const named = own ? this.stored(own, 'memberOf').map(({ octets }) => keyOf(octets.toString())) : []
    return this.readable().filter(
      (group) =>
        this.stored(group, 'member').some(({ octets }) => keyOf(octets.toString()) === key) ||
        named.includes(keyOf(group.dn)),
    )
  }

  isHidden(type: AttributeType): boolean {
    return this.hidden.attributes.has(type.name)
  }

  /** The type of a description, unless it or a subtype is hidden. */
  private readableType(description: string): AttributeType | undefined {
    if (!this.types.has(description)) this.types.set(description, this.findReadableType(description))
    return this.types.get(description)
  }

  private findReadableType(description: string): AttributeType | undefined {
    const type = this.schema.attributeType(description.split(';')[0] ?? '')
    const isAnyHidden = [...this.hidden.attributes].some((name) => {
      const hidden = this.schema.attributeType(name)
      return type && hidden && isSubtype(hidden, type)
    })
    return isAnyHidden ? undefined : type
  }

  private valuesFor(entry: Entry, description: string, type: AttributeType): readonly Value[] {
    return ofDescription(this.valuesOf(entry), description, type)
  }

  private value(description: string, value: AttributeValue): Value | undefined {
    const [name = '', ...options] = description.split(';')
    const type = this.schema.attributeType(name)
    return (
      type && { type, options: options.map((option) => option.toLowerCase()), octets: Buffer.from(valueOctets(value)) }
    )
  }

  private stored(entry: Entry, typeName?: string): readonly Value[] {
    const all = [...entry.attributes].flatMap(([description, values]) =>
      values.flatMap((value) => this.value(description, value) ?? []),
    )
    return all.filter(({ type }) => typeName === undefined || type.name === typeName)
  }

  /** Stored and computed values, but for names of entries that are hidden. */
  valuesOf(entry: Entry): readonly Value[] {
    const known = this.known.get(entry) ?? this.allValues(entry).filter((value) => this.isShown(value))
    this.known.set(entry, known)
    return known
  }

  private isShown({ type, octets }: Value): boolean {
    if (this.hidden.hidesNames !== true || type.name === 'subschemaSubentry') return true
    const key = type.equality?.comparison.prepare(octets)
    if (nameSyntaxes.has(type.syntax)) return this.readable().some(({ dn }) => keyOf(dn) === key)
    if (type.name !== 'memberUid') return true
    const uidOf = (value: Buffer) => this.schema.attributeType('uid')?.equality?.comparison.prepare(value)
    return this.readable().some((entry) => this.stored(entry, 'uid').some((uid) => uidOf(uid.octets) === uidOf(octets)))
  }

  private allValues(entry: Entry): readonly Value[] {
    const stored = this.stored(entry).filter(({ type }) => !fromEntryAlone.has(type.name) && type.name !== 'memberOf')
    const key = keyOf(entry.dn) ?? ''
    const structural = this.stored(entry, 'objectClass')
      .map(({ octets }) => this.schema.objectClass(octets.toString()))
      .filter((objectClass) => objectClass?.kind === 'STRUCTURAL')
      .reduce((deepest, each) => (lineage(each).length > lineage(deepest).length ? each : deepest), undefined)
    const hasChildren = this.readable().some(({ dn }) => dnKey(parseDn(dn).slice(1)) === key)
    const members = stored.some(({ type }) => type.name === 'uniqueMember') ? [] : this.stored(entry, 'member')
    const uniqueMember = this.schema.attributeType('uniqueMember')
    const computed: readonly (readonly [string, AttributeValue])[] = [
      ...(structural ? [['structuralObjectClass', structural.name] as const] : []),
      ['entryUUID', entry.entryUUID],
      ['entryDN', entry.dn],
      ['subschemaSubentry', 'cn=Subschema'],
      ['hasSubordinates', hasChildren ? 'TRUE' : 'FALSE'],
      ...this.groupsOf(key).map(({ dn }) => ['memberOf', dn] as const),
    ]
    return [
      ...stored,
      ...computed.flatMap(([name, value]) => this.value(name, value) ?? []),
      ...(uniqueMember ? members.map((member) => ({ ...member, type: uniqueMember })) : []),
    ]
  }
}

const rank = { F: 0, U: 1, T: 2 } as const
const least = (answers: readonly Answer[]): Answer =>
  answers.reduce<Answer>((lowest, answer) => (rank[answer] < rank[lowest] ? answer : lowest), 'T')
const negated = (answer: Answer): Answer => (answer === 'T' ? 'F' : answer === 'F' ? 'T' : 'U')
const some = (values: readonly Value[], holds: (value: Value) => boolean): Answer => (values.some(holds) ? 'T' : 'F')

function ofDescription(values: readonly Value[], description: string, type: AttributeType): readonly Value[] {
  const options = description.toLowerCase().split(';').slice(1)
  return values.filter(
    (value) => isSubtype(value.type, type) && options.every((option) => value.options.includes(option)),
  )
}

export function isSubtype(type: AttributeType, of: AttributeType): boolean {
  return type === of || (type.superior !== undefined && isSubtype(type.superior, of))
}

function lineage(objectClass: ObjectClass | undefined): readonly ObjectClass[] {
  return objectClass ? [objectClass, ...lineage(objectClass.superior)] : []
}

const keys = new Map<string, string | undefined>()

/** undefined for what is no DN. */
function keyOf(dn: string): string | undefined {
  if (keys.has(dn)) return keys.get(dn)
  if (keys.size > 10_000) keys.clear()
  let key: string | undefined
  try {
    key = normalizeDn(dn)
  } catch {
    key = undefined
  }
  keys.set(dn, key)
  return key
}

function isInScope(name: Dn, base: Dn, scope: Scope): boolean {
  const depth = name.length - base.length
  if (depth < 0 || dnKey(name.slice(depth)) !== dnKey(base)) return false
  return { baseObject: depth === 0, singleLevel: depth === 1, wholeSubtree: true, subordinateSubtree: depth > 0 }[scope]
}

function ordering(
  type: AttributeType,
  assertion: Buffer,
  values: readonly Value[],
  accepts: (order: number) => boolean,
): Answer {
  const equality = type.equality?.comparison
  const comparison: Comparison | undefined = type.ordering?.comparison ?? (equality?.substrings ? equality : undefined)
  const wanted = comparison?.prepare(assertion)
  if (!comparison?.compare || wanted === undefined) return 'U'
  const { compare, prepare } = comparison
  return some(values, ({ octets }) => {
    const value = prepare(octets)
    return value !== undefined && accepts(compare(value, wanted))
  })
}

/** RFC 4518 §2.6.1 for parts whose only space is U+0020, then every way to split the value. */
function substrings(type: AttributeType, filter: SubstringsFilter, values: readonly Value[]): Answer {
  const comparison = (type.substrings ?? type.equality)?.comparison
  if (!comparison?.substrings) return 'U'
  const parts = [
    ...(filter.initial ? [{ octets: filter.initial, isInitial: true, isFinal: false }] : []),
    ...filter.any.map((octets) => ({ octets, isInitial: false, isFinal: false })),
    ...(filter.final ? [{ octets: filter.final, isInitial: false, isFinal: true }] : []),
  ]
  const prepared = parts.map(({ octets, isInitial, isFinal }) => {
    const text = comparison.prepare(Buffer.from(octets))?.replaceAll(' ', '  ')
    const raw = Buffer.from(octets).toString()
    if (text === '') return ' '
    return text && `${isInitial || raw.startsWith(' ') ? ' ' : ''}${text}${isFinal || raw.endsWith(' ') ? ' ' : ''}`
  })
  if (prepared.some((part) => part === undefined)) return 'U'
  const pattern = prepared.map((part) => (part ?? '').replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')
  const whole = new RegExp(`${filter.initial ? '^' : '^.*'}${pattern}${filter.final ? '$' : '.*$'}`, 's')
  return some(values, ({ octets }) => {
    const value = comparison.prepare(octets)
    return value !== undefined && whole.test(` ${value.replaceAll(' ', '  ')} `)
  })
}

function bits(assertion: Buffer, values: readonly Value[], accepts: (set: bigint, mask: bigint) => boolean): Answer {
  const number = (octets: Buffer) => (/^-?\d+$/.test(octets.toString()) ? BigInt(octets.toString()) : undefined)
  const mask = number(assertion)
  if (mask === undefined) return 'U'
  return some(values, ({ octets }) => {
    const set = number(octets)
    return set !== undefined && accepts(set, mask)
  })
}
