import { BerError, Tag } from './ber-reader.ts'
import { type Control, readControlValue } from './controls.ts'
import { type Filter, type FilterLimits, readFilter } from './filter.ts'

/** The filter of the assertion control (RFC 4528 §3). Throws LdapError protocolError when the value is not one. */
export function readAssertion(control: Control, limits: FilterLimits): Filter {
  return readControlValue(control, 'assertion', (reader) => readFilter(reader, limits))
}

/** Every value that is returned is compared with each. */
const maxItems = 16

/**
 * The items of the matched values control (RFC 3876 §2), without and, or, not: a value is returned when one of them matches
 * it. Throws LdapError protocolError when the value is not a list of them.
 */
export function readMatchedValues(control: Control, limits: FilterLimits): readonly Filter[] {
  return readControlValue(control, 'matched values', (reader) => {
    const list = reader.readConstructed(Tag.sequence)
    const items: Filter[] = []
    while (!list.isAtEnd) {
      const item = readFilter(list, { ...limits, depth: 2 })
      if (item.type === 'and' || item.type === 'or' || item.type === 'not')
        throw new BerError('not a simple filter item')
      items.push(item)
    }
    if (items.length === 0 || items.length > maxItems) throw new BerError('no item, or too many')
    return items
  })
}
