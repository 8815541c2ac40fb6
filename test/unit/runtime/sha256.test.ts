import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { sha256 } from '../../../server/runtime/sha256.ts'

test.each(['', 'abc', 'Zoë 漢字 😀', Buffer.from([0, 0xff, 0x80]), Buffer.alloc(100_000, 7).subarray(3, 70_000)])(
  'the digest %# is that of SHA-256, and keeps nothing else in memory',
  (octets) => {
    const digest = sha256(octets)
    expect(digest.toString('hex')).toBe(createHash('sha256').update(octets).digest('hex'))
    expect(digest.buffer.byteLength).toBe(32)
  },
)
