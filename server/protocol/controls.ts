import { BerReader, Tag } from './ber-reader.ts'
import { element, integerElement } from './ber-writer.ts'
import { LdapError } from './ldap-error.ts'
import { Oid } from './oids.ts'
import { ResultCode } from './result-code.ts'

/** RFC 4511 §4.1.11. */
export interface Control {
  readonly oid: string
  readonly isCritical: boolean
  readonly value: Buffer | undefined
}

/** Simple paged results (RFC 2696 §2): page size in entries, 0 ends the listing; empty cookie starts one. */
export interface PagedResultsRequest {
  readonly size: number
  readonly cookie: Buffer
}

/** Throws {@link LdapError} protocolError when the value is not one. */
export function readPagedResultsValue(control: Control): PagedResultsRequest {
  if (!control.value) throw new LdapError(ResultCode.protocolError, 'paged results control without a value')
  try {
    const value = new BerReader(control.value).readConstructed(Tag.sequence)
    const size = value.readInteger()
    const cookie = value.readOctets()
    if (size >= 0) return { size, cookie }
  } catch {
    // answered below: whatever is wrong with the value, it is not one
  }
  throw new LdapError(ResultCode.protocolError, 'paged results control with a malformed value')
}

/** The response control; an empty cookie says that this was the last page. `size` is an estimate of the total, 0 for none. */
export function pagedResultsControl(size: number, cookie: Uint8Array): Buffer {
  const value = element(Tag.sequence, integerElement(Tag.integer, size), element(Tag.octetString, cookie))
  return encodeControl(Oid.pagedResults, value)
}

/** A response control, non-critical as RFC 4511 §4.1.11 asks. */
export function encodeControl(oid: string, value: Uint8Array | undefined): Buffer {
  const parts = [element(Tag.octetString, Buffer.from(oid))]
  if (value) parts.push(element(Tag.octetString, value))
  return element(Tag.sequence, ...parts)
}
