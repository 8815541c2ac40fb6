import { hash } from 'node:crypto'

const digestOctets = 32

/** SHA-256, in octets of its own. Node makes a string of a digest in a quarter of the time that it takes for a Buffer. */
export function sha256(octets: string | Uint8Array): Buffer {
  const text = hash('sha256', octets, 'binary')
  const digest = Buffer.alloc(digestOctets) // of the pool, one that is kept would keep all that is beside it
  for (let at = 0; at < digestOctets; at += 1) digest[at] = text.charCodeAt(at)
  return digest
}
