import { createHash } from 'node:crypto'

/** Namespace of every UUID made here; chosen once, never changed (RFC 9562 §5.5). */
const namespace = Buffer.from('6f0e3c5a2b7d4f6c9a1e8d4b5c3f2a10', 'hex')

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** A version 5 UUID of the parts: the same parts always give the same one. Lower case. */
export function nameBasedUuid(...parts: readonly string[]): string {
  const digest = createHash('sha1').update(namespace).update(parts.join('\0')).digest()
  const bytes = digest.subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

export function isUuid(text: string): boolean {
  return uuidForm.test(text)
}
