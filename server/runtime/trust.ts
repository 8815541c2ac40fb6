import { readFile } from 'node:fs/promises'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'

/** Adds certificate authorities to those this process trusts, for every client in it. Throws on text that is not PEM. */
export function trustCertificates(pem: string): void {
  setDefaultCACertificates([...getCACertificates('default'), pem])
}

/** {@link trustCertificates} of the configured `caFile`. */
export async function trustCaFile(path: string): Promise<void> {
  try {
    trustCertificates(await readFile(path, 'utf8'))
  } catch (error) {
    throw new Error(`caFile: ${path} cannot be used; it must be a readable PEM file of certificates`, { cause: error })
  }
}
