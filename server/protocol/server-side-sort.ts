import { BerError, Tag } from './ber-reader.ts'
import { element, integerElement, textElement } from './ber-writer.ts'
import { type Control, encodeControl, readControlValue } from './controls.ts'
import { Oid } from './oids.ts'
import type { ResultCode } from './result-code.ts'

/** One key of server side sorting (RFC 2891 §1.1). */
export interface SortKey {
  readonly attribute: string
  readonly orderingRule: string | undefined
  readonly isReversed: boolean
}

const maxKeys = 16

/** Throws LdapError protocolError when the value is not a list of keys. */
export function readSortKeys(control: Control): readonly SortKey[] {
  return readControlValue(control, 'server side sort', (reader) => {
    const list = reader.readConstructed(Tag.sequence)
    const keys: SortKey[] = []
    while (!list.isAtEnd) {
      const key = list.readConstructed(Tag.sequence)
      const attribute = key.readText()
      const orderingRule = key.peekTag() === 0x80 ? key.readText(0x80) : undefined
      const isReversed = key.peekTag() === 0x81 ? key.readBoolean(0x81) : false
      keys.push({ attribute, orderingRule, isReversed })
    }
    if (keys.length === 0 || keys.length > maxKeys) throw new BerError('no sort key, or too many')
    return keys
  })
}

/** The response control (RFC 2891 §1.2): what became of sorting, and the attribute that was in the way. */
export function sortResultControl(resultCode: ResultCode, attribute?: string): Buffer {
  const parts = [integerElement(Tag.enumerated, resultCode)]
  if (attribute !== undefined) parts.push(textElement(0x80, attribute))
  return encodeControl(Oid.sortResponse, element(Tag.sequence, ...parts))
}
