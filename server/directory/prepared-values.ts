import { Buffer } from 'node:buffer'
import type { AttributeType, Schema } from './schema/schema.ts'
import { Syntax } from './schema/syntaxes.ts'

/**
 * A value in the forms that equality compares: one for most types, the class and its superiors for an object class
 * (RFC 4512 §2.4: an entry belongs to the superclasses of its classes). None when it is not of the type's syntax or the
 * type has no equality rule.
 */
export function preparedValues(type: AttributeType, octets: Buffer, schema: Schema): Iterable<string> {
  const prepared = type.equality?.comparison.prepare(octets)
  if (prepared === undefined) return []
  if (type.name === 'objectClass') return schema.withSuperiors(prepared)
  if (type.syntax === Syntax.oid) return [schema.objectClass(prepared)?.key ?? prepared]
  return [prepared]
}

/**
 * An assertion value in the form that {@link preparedValues} gives; undefined makes the filter item Undefined
 * (RFC 4511 §4.5.1.7). An object class nobody registered is Undefined too (RFC 4517 §4.2.26).
 */
export function preparedAssertion(type: AttributeType, octets: Buffer, schema: Schema): string | undefined {
  const prepared = type.equality?.comparison.prepare(octets)
  if (prepared === undefined || type.syntax !== Syntax.oid) return prepared
  const objectClass = schema.objectClass(prepared)
  if (objectClass) return objectClass.key
  return type.name === 'objectClass' || type.name === 'structuralObjectClass' ? undefined : prepared
}

/** The same octets. */
export function bufferOf(octets: Uint8Array): Buffer {
  return Buffer.isBuffer(octets) ? octets : Buffer.from(octets.buffer, octets.byteOffset, octets.length)
}
