import { BerError, BerReader, Tag } from './ber-reader.ts'
import { element } from './ber-writer.ts'
import { LdapError } from './ldap-error.ts'
import { ResultCode } from './result-code.ts'

/** RFC 4511 §4.1.11. */
export interface Control {
  readonly oid: string
  readonly isCritical: boolean
  readonly value: Buffer | undefined
}

/** Reads a control's value. Throws {@link LdapError} protocolError when there is none or it is not what `read` expects. */
export function readControlValue<T>({ value }: Control, name: string, read: (reader: BerReader) => T): T {
  if (!value) throw new LdapError(ResultCode.protocolError, `${name} control without a value`)
  try {
    const reader = new BerReader(value)
    const result = read(reader)
    if (reader.isAtEnd) return result
  } catch (error) {
    if (!(error instanceof BerError)) throw error
  }
  throw new LdapError(ResultCode.protocolError, `${name} control with a malformed value`)
}

/** A response control, non-critical as RFC 4511 §4.1.11 asks. */
export function encodeControl(oid: string, value: Uint8Array | undefined): Buffer {
  const parts = [element(Tag.octetString, Buffer.from(oid))]
  if (value) parts.push(element(Tag.octetString, value))
  return element(Tag.sequence, ...parts)
}
