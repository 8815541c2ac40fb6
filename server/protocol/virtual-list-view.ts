import { BerError, Tag } from './ber-reader.ts'
import { element, integerElement } from './ber-writer.ts'
import { type Control, encodeControl, readControlValue } from './controls.ts'
import { Oid } from './oids.ts'
import type { ResultCode } from './result-code.ts'

/** The window that a client wants of a sorted list (draft-ietf-ldapext-ldapv3-vlv §5.1). */
export interface VirtualListViewRequest {
  readonly beforeCount: number
  readonly afterCount: number
  /** `offset` is 1-based and relative to `contentCount`, the client's idea of the length (0: none). */
  readonly target: { readonly offset: number; readonly contentCount: number } | { readonly greaterOrEqual: Buffer }
}

/** Throws LdapError protocolError when the value is not one. */
export function readVirtualListView(control: Control): VirtualListViewRequest {
  return readControlValue(control, 'virtual list view', (reader) => {
    const value = reader.readConstructed(Tag.sequence)
    const beforeCount = value.readInteger()
    const afterCount = value.readInteger()
    if (beforeCount < 0 || afterCount < 0) throw new BerError('negative count')
    if (value.peekTag() === 0x81) return { beforeCount, afterCount, target: { greaterOrEqual: value.readOctets(0x81) } }
    const byOffset = value.readConstructed(0xa0)
    const target = { offset: byOffset.readInteger(), contentCount: byOffset.readInteger() }
    if (target.contentCount < 0) throw new BerError('negative count')
    return { beforeCount, afterCount, target }
  })
}

/** The response control (§5.2). `targetPosition` is 1-based. */
export function virtualListViewControl(targetPosition: number, contentCount: number, resultCode: ResultCode): Buffer {
  const value = element(
    Tag.sequence,
    integerElement(Tag.integer, targetPosition),
    integerElement(Tag.integer, contentCount),
    integerElement(Tag.enumerated, resultCode),
  )
  return encodeControl(Oid.virtualListViewResponse, value)
}
