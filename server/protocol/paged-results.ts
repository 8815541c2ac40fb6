import { BerError, Tag } from './ber-reader.ts'
import { element, integerElement } from './ber-writer.ts'
import { type Control, encodeControl, readControlValue } from './controls.ts'
import { Oid } from './oids.ts'

/** Simple paged results (RFC 2696 §2): page size in entries, 0 ends the listing; empty cookie starts one. */
export interface PagedResultsRequest {
  readonly size: number
  readonly cookie: Buffer
}

/** Throws LdapError protocolError when the value is not one. */
export function readPagedResults(control: Control): PagedResultsRequest {
  return readControlValue(control, 'paged results', (reader) => {
    const value = reader.readConstructed(Tag.sequence)
    const request = { size: value.readInteger(), cookie: value.readOctets() }
    if (request.size < 0) throw new BerError('negative page size')
    return request
  })
}

/** The response control; an empty cookie says that this was the last page. `size` is an estimate of the total, 0 for none. */
export function pagedResultsControl(size: number, cookie: Uint8Array): Buffer {
  const value = element(Tag.sequence, integerElement(Tag.integer, size), element(Tag.octetString, cookie))
  return encodeControl(Oid.pagedResults, value)
}
