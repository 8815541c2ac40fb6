import { Tag } from '../../server/protocol/ber-reader.ts'
import { element, integerElement, textElement } from '../../server/protocol/ber-writer.ts'
import { parseFilter } from '../../server/protocol/filter-string.ts'
import { encodeFilter } from './ldap-messages.ts'

/** LDAPMessages as a client sends them, right or wrong. */

const octets = (tag: number, value: string | Uint8Array) =>
  element(tag, typeof value === 'string' ? Buffer.from(value) : value)
const boolean = (value: boolean) => element(Tag.boolean, Buffer.of(value ? 0xff : 0))

export function message(messageId: number, operation: Uint8Array, ...controls: Uint8Array[]): Buffer {
  const parts = [integerElement(Tag.integer, messageId), operation]
  if (controls.length > 0) parts.push(element(0xa0, ...controls))
  return element(Tag.sequence, ...parts)
}

export function control(oid: string, isCritical: boolean, value?: Uint8Array): Buffer {
  const parts = [octets(Tag.octetString, oid)]
  if (isCritical) parts.push(boolean(true))
  if (value) parts.push(octets(Tag.octetString, value))
  return element(Tag.sequence, ...parts)
}

export function bindOperation(name: string, password: string | Uint8Array, version = 3): Buffer {
  return element(0x60, integerElement(Tag.integer, version), octets(Tag.octetString, name), octets(0x80, password))
}

export function saslBindOperation(mechanism: string): Buffer {
  const credentials = element(0xa3, octets(Tag.octetString, mechanism))
  return element(0x60, integerElement(Tag.integer, 3), octets(Tag.octetString, ''), credentials)
}

export interface SearchOptions {
  readonly base?: string | Uint8Array
  readonly scope?: number
  readonly deref?: number
  readonly sizeLimit?: number
  readonly timeLimit?: number
  readonly typesOnly?: boolean
  readonly filter?: string | Uint8Array
  readonly attributes?: readonly string[]
}

export function searchOperation(options: SearchOptions = {}): Buffer {
  const { base = 'dc=example,dc=com', filter = '(objectClass=*)', attributes = [] } = options
  return element(
    0x63,
    octets(Tag.octetString, base),
    integerElement(Tag.enumerated, options.scope ?? 2),
    integerElement(Tag.enumerated, options.deref ?? 0),
    integerElement(Tag.integer, options.sizeLimit ?? 0),
    integerElement(Tag.integer, options.timeLimit ?? 0),
    boolean(options.typesOnly ?? false),
    typeof filter === 'string' ? encodeFilter(parseFilter(filter)) : filter,
    element(Tag.sequence, ...attributes.map((name) => textElement(Tag.octetString, name))),
  )
}

export function compareOperation(entry: string, attribute: string, value: string): Buffer {
  const assertion = element(Tag.sequence, octets(Tag.octetString, attribute), octets(Tag.octetString, value))
  return element(0x6e, octets(Tag.octetString, entry), assertion)
}

export function extendedOperation(name: string, value?: Uint8Array): Buffer {
  return element(0x77, octets(0x80, name), ...(value ? [octets(0x81, value)] : []))
}

export const unbindOperation = Buffer.of(0x42, 0)

export function abandonOperation(messageId: number): Buffer {
  return integerElement(0x50, messageId)
}

export function deleteOperation(dn: string): Buffer {
  return octets(0x4a, dn)
}

export function modifyOperation(dn: string): Buffer {
  const attribute = element(Tag.sequence, octets(Tag.octetString, 'cn'), element(Tag.set, octets(Tag.octetString, 'x')))
  const change = element(Tag.sequence, integerElement(Tag.enumerated, 2), attribute)
  return element(0x66, octets(Tag.octetString, dn), element(Tag.sequence, change))
}

export function addOperation(dn: string): Buffer {
  const attribute = element(Tag.sequence, octets(Tag.octetString, 'cn'), element(Tag.set, octets(Tag.octetString, 'x')))
  return element(0x68, octets(Tag.octetString, dn), element(Tag.sequence, attribute))
}

export function modifyDnOperation(dn: string, newRdn: string): Buffer {
  return element(0x6c, octets(Tag.octetString, dn), octets(Tag.octetString, newRdn), boolean(true))
}

export function pagedResultsValue(size: number, cookie: Uint8Array = Buffer.alloc(0)): Buffer {
  return element(Tag.sequence, integerElement(Tag.integer, size), octets(Tag.octetString, cookie))
}
