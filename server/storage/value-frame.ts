import { crc32 } from 'node:zlib'
import { StoreError } from './store-error.ts'

/**
 * Every stored value begins with its format version (1 byte) and the CRC-32 of what follows (4 bytes, big endian).
 * LevelDB does not check its own block checksums on ordinary reads, so a damaged value is found here.
 */
export const frameBytes = 5

/** Fills in the first {@link frameBytes} bytes of `value`, whose payload is complete. */
export function sealFrame(value: Buffer, version: number): Buffer {
  value.writeUInt8(version, 0)
  value.writeUInt32BE(crc32(value.subarray(frameBytes)), 1)
  return value
}

/** Throws {@link StoreError} `corrupt`, which names `what`, for another version or a damaged payload. */
export function checkFrame(value: Buffer, version: number, what: string): void {
  if (value.length < frameBytes) throw new StoreError('corrupt', `A stored ${what} is cut short.`)
  if (value[0] !== version) {
    throw new StoreError('corrupt', `A stored ${what} has format ${value[0]}; this version reads format ${version}.`)
  }
  if (value.readUInt32BE(1) !== crc32(value.subarray(frameBytes))) {
    throw new StoreError('corrupt', `A stored ${what} is damaged (its checksum does not match).`)
  }
}
