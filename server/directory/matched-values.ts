import type { Filter } from '../protocol/filter.ts'
import type { AttributeAccess } from './access-control.ts'
import type { AttributeType, Schema } from './schema/schema.ts'
import { type ItemFilter, valueAssertion } from './value-assertion.ts'

/** Which values of an entry are returned. */
export type ValueFilter = (type: AttributeType, options: readonly string[], octets: Buffer) => boolean

/** A value is returned when one of the items matches it (RFC 3876 §3); an item that is Undefined matches none. */
export function createValueFilter(items: readonly Filter[], schema: Schema, access: AttributeAccess): ValueFilter {
  const assertions = items
    .filter(
      (item): item is ItemFilter =>
        item.type !== 'and' && item.type !== 'or' && item.type !== 'not' && item.type !== 'unrecognized',
    )
    .flatMap((item) => valueAssertion(item, schema, access) ?? [])
  return (type, options, octets) =>
    assertions.some(({ description, testFor }) => {
      const isNamed =
        !description ||
        (schema.withSubtypes(description.type).includes(type) &&
          description.options.every((option) => options.includes(option)))
      return isNamed && testFor(type)?.(octets, type) === true
    })
}
