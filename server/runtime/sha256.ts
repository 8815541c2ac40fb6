import { hash } from 'node:crypto'

/**
 * SHA-256 in 32 octets of the pool of buffers: who keeps them keeps a copy, or all of the pool. Node makes a string of a digest in a quarter of the
 * time that it takes for a Buffer.
 */
export function sha256(octets: string | Uint8Array): Buffer {
  return Buffer.from(hash('sha256', octets, 'binary'), 'latin1')
}
