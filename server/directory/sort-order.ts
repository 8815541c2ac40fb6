import { LdapError } from '../protocol/ldap-error.ts'
import { ResultCode } from '../protocol/result-code.ts'
import type { SortKey } from '../protocol/server-side-sort.ts'
import type { Access } from './access-control.ts'
import type { DirectoryView } from './directory-view.ts'
import { attributeValues } from './entry-values.ts'
import type { Comparison } from './schema/matching-rules.ts'
import { type AttributeDescription, findMatchingRule } from './schema/schema.ts'

/** What one sort key compares. */
interface Criterion {
  readonly description: AttributeDescription
  readonly comparison: Comparison & { readonly compare: (a: string, b: string) => number }
  readonly direction: 1 | -1
}

/** An order of entries by attribute values (RFC 2891 §2.2). */
export interface SortOrder {
  /** The slots in order; slots of equal entries keep the order they came in. */
  sort(slots: readonly number[]): readonly number[]
  /** Position of the first of the sorted slots whose first key is the value or beyond it; undefined when the value is not of the key's syntax. */
  findFirst(sorted: readonly number[], value: Buffer): number | undefined
}

/** Why the entries cannot be put in order: the attribute that is in the way. */
export class SortError extends LdapError {
  readonly attribute: string

  constructor(resultCode: ResultCode, diagnosticMessage: string, attribute: string) {
    super(resultCode, diagnosticMessage)
    this.attribute = attribute
  }
}

/** Throws {@link SortError}. An attribute that may not be read is one that nobody knows. */
export function createSortOrder(view: DirectoryView, keys: readonly SortKey[], access: Access): SortOrder {
  const criteria = keys.map((key) => criterionOf(view, key, access))
  const valuesOf = (slot: number) => criteria.map((criterion) => smallestValue(view, slot, criterion, access))
  const [first] = criteria
  return {
    sort(slots) {
      const entries = slots.map((slot) => ({ slot, values: valuesOf(slot) }))
      entries.sort((a, b) => compareAll(criteria, a.values, b.values))
      return entries.map(({ slot }) => slot)
    },
    findFirst(sorted, value) {
      const wanted = first?.comparison.prepare(value)
      if (!first || wanted === undefined) return undefined
      const position = sorted.findIndex(
        (slot) => compareValues(first, smallestValue(view, slot, first, access), wanted) >= 0,
      )
      return position < 0 ? sorted.length : position
    },
  }
}

function criterionOf(view: DirectoryView, { attribute, orderingRule, isReversed }: SortKey, access: Access): Criterion {
  const description = view.schema.description(attribute)
  if (!description || !access.attributes.allows(description.type)) {
    throw new SortError(
      ResultCode.noSuchAttribute,
      `${attribute.slice(0, 100)} is not an attribute to sort by`,
      attribute,
    )
  }
  const { type } = description
  const rule = orderingRule === undefined ? (type.ordering ?? type.equality) : findMatchingRule(orderingRule)
  const compare = rule?.comparison.compare
  if (!rule || !compare || rule.use === 'substrings') {
    throw new SortError(ResultCode.inappropriateMatching, `${attribute.slice(0, 100)} has no such order`, attribute)
  }
  return { description, comparison: { ...rule.comparison, compare }, direction: isReversed ? -1 : 1 }
}

/** RFC 2891 §2.2: of several values the least counts; undefined for an entry without one. */
function smallestValue(
  view: DirectoryView,
  slot: number,
  { description, comparison }: Criterion,
  access: Access,
): string | undefined {
  let smallest: string | undefined
  for (const type of view.schema.withSubtypes(description.type)) {
    for (const octets of attributeValues(view, slot, { type, options: description.options }, access)) {
      const value = comparison.prepare(octets)
      if (value !== undefined && (smallest === undefined || comparison.compare(value, smallest) < 0)) smallest = value
    }
  }
  return smallest
}

function compareAll(
  criteria: readonly Criterion[],
  a: readonly (string | undefined)[],
  b: readonly (string | undefined)[],
): number {
  for (const [index, criterion] of criteria.entries()) {
    const order = compareValues(criterion, a[index], b[index])
    if (order !== 0) return order
  }
  return 0
}

/** An entry without a value is larger than every other (RFC 2891 §2.2). */
function compareValues({ comparison, direction }: Criterion, a: string | undefined, b: string | undefined): number {
  if (a === b) return 0
  if (a === undefined) return direction
  if (b === undefined) return -direction
  return comparison.compare(a, b) * direction
}
