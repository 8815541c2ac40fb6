import { BerError, Tag } from './ber-reader.ts'
import { type Control, readControlValue } from './controls.ts'
import { type Filter, type FilterLimits, readFilter } from './filter.ts'

/** The filter of the assertion control (RFC 4528 §3). Throws LdapError protocolError when the value is not one. */
export function readAssertion(control: Control, limits: FilterLimits): Filter {
  return readControlValue(control, 'assertion', (reader) => readFilter(reader, limits))
}

/**
 * The items of the matched values control (RFC 3876 §2), without and, or, not: a value is returned when one of them matches
 * it. Throws LdapError protocolError when the value is not a list of them.
 */
export function readMatchedValues(control: Control, limits: FilterLimits): readonly Filter[] {
  return readControlValue(control, 'matched values', (reader) => {
    const list = reader.readConstructed(Tag.sequence)
    const items: Filter[] = []
    while (!list.isAtEnd) {
      const item = readFilter(list, { depth: 2, terms: limits.terms })
      if (item.type === 'and' || item.type === 'or' || item.type === 'not')
        throw new BerError('not a simple filter item')
      items.push(item)
      if (items.length > limits.terms) throw new BerError('too many items')
    }
    if (items.length === 0) throw new BerError('no item')
    return items
  })
}
