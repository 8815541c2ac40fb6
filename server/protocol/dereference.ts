import { BerError, Tag } from './ber-reader.ts'
import { element, textElement } from './ber-writer.ts'
import { type Control, encodeControl, readControlValue } from './controls.ts'
import { Oid } from './oids.ts'

/** "Of the entries that this DN-valued attribute names, these attributes" (draft-masarati-ldap-deref §2.1). */
export interface DereferenceSpecification {
  readonly attribute: string
  readonly attributes: readonly string[]
}

const maxSpecifications = 16
const maxAttributes = 256

/** Throws LdapError protocolError when the value is not a list of specifications. */
export function readDereference(control: Control): readonly DereferenceSpecification[] {
  return readControlValue(control, 'dereference', (reader) => {
    const list = reader.readConstructed(Tag.sequence)
    const specifications: DereferenceSpecification[] = []
    while (!list.isAtEnd) {
      const item = list.readConstructed(Tag.sequence)
      const attribute = item.readText()
      const names = item.readConstructed(Tag.sequence)
      const attributes: string[] = []
      while (!names.isAtEnd) attributes.push(names.readText())
      if (attributes.length > maxAttributes) throw new BerError('too many attributes')
      specifications.push({ attribute, attributes })
    }
    if (specifications.length === 0 || specifications.length > maxSpecifications)
      throw new BerError('no specification, or too many')
    return specifications
  })
}

/** One DerefRes (§2.2); `attributes` are encoded PartialAttributes, none when the entry is not there for the client. */
export function dereferenceResult(attribute: string, name: Uint8Array, attributes: readonly Uint8Array[]): Buffer {
  const parts = [textElement(Tag.octetString, attribute), element(Tag.octetString, name)]
  if (attributes.length > 0) parts.push(element(0xa0, ...attributes))
  return element(Tag.sequence, ...parts)
}

/** The response control of one entry. */
export function dereferenceControl(results: readonly Buffer[]): Buffer {
  return encodeControl(Oid.dereference, element(Tag.sequence, ...results))
}
