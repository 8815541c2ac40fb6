import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'

/** PEM texts and the oldest version. */
export interface TlsOptions {
  readonly cert: string
  readonly key: string
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  /** Authorities that the certificates of clients must come from; undefined: clients need none. */
  readonly ca?: string
}

export interface TlsFiles {
  readonly certFile: string
  readonly keyFile: string
}

/** A certificate and its key from files. Throws for what cannot be used; `setting` is the object that names the files. */
export async function readTlsFiles(
  setting: string,
  { certFile, keyFile }: TlsFiles,
  minVersion: TlsOptions['minVersion'] = 'TLSv1.2',
): Promise<TlsOptions> {
  const [cert, key] = await Promise.all([
    readPem(`${setting}.certFile`, certFile),
    readPem(`${setting}.keyFile`, keyFile),
  ])
  const options = { cert, key, minVersion }
  createSecureContext(options) // throws what OpenSSL thinks of them
  return options
}

export async function readPem(setting: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new Error(`${setting}: ${path} cannot be read`, { cause: error })
  }
}
