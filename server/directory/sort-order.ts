import { LdapError } from '../protocol/ldap-error.ts'
import { ResultCode } from '../protocol/result-code.ts'
import type { SortKey } from '../protocol/server-side-sort.ts'
import type { Access } from './access-control.ts'
import type { DirectoryView } from './directory-view.ts'
import { attributeValues } from './entry-values.ts'
import type { Comparison } from './schema/matching-rules.ts'
import { type AttributeDescription, type AttributeType, findMatchingRule } from './schema/schema.ts'

/** What one sort key compares. */
interface Criterion {
  readonly description: AttributeDescription
  readonly comparison: Comparison & { readonly compare: (a: string, b: string) => number }
  readonly direction: 1 | -1
}

/** The values of an entry that decide where it stands; undefined for a key it has no value of. */
export type SortValues = readonly (string | undefined)[]

/** An order of entries by attribute values (RFC 2891 §2.2). */
export interface SortOrder {
  valuesOf(slot: number): SortValues
  compare(a: SortValues, b: SortValues): number
  /** Where the value stands by the first key; undefined when it is not of the key's syntax. */
  positionOf(value: Buffer): SortValues | undefined
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
  const types = new Set<AttributeType>()
  for (const [index, { description }] of criteria.entries()) {
    const attribute = keys[index]?.attribute ?? ''
    if (types.has(description.type))
      throw new SortError(ResultCode.unwillingToPerform, `${attribute.slice(0, 100)} is named twice`, attribute)
    types.add(description.type)
  }
  return {
    valuesOf: (slot) => criteria.map((criterion) => smallestValue(view, slot, criterion, access)),
    compare: (a, b) => compareAll(criteria, a, b),
    positionOf(value) {
      const prepared = criteria[0]?.comparison.prepare(value)
      return prepared === undefined ? undefined : [prepared]
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

/** Only the keys that both have count: a {@link SortOrder.positionOf} has one. */
function compareAll(criteria: readonly Criterion[], a: SortValues, b: SortValues): number {
  const count = Math.min(a.length, b.length)
  for (let index = 0; index < count; index += 1) {
    const criterion = criteria[index]
    const order = criterion ? compareValues(criterion, a[index], b[index]) : 0
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
