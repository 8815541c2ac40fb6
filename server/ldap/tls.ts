import { hostname } from 'node:os'
import { join } from 'node:path'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { Config } from '../runtime/config-schema.ts'
import { readPem, readTlsFiles, type TlsOptions } from '../runtime/tls-files.ts'
import { privateCertificate } from './certificate-authority.ts'

/** The certificate that ldaps:// and StartTLS present. */
export interface TlsIdentity {
  readonly options: TlsOptions
  readonly secureContext: SecureContext
  /** Certificate of the private CA; undefined when the operator's own certificate is in use. */
  readonly caPem: string | undefined
}

/** The configured files, else a certificate of the private CA for the hosts of `publicUrls`. */
export async function loadTlsIdentity(ldap: Config['ldap'], dataDir: string, now: Date): Promise<TlsIdentity> {
  const { certFile, keyFile, minVersion, clientCaFile } = ldap.tls
  const clients = clientCaFile === null ? {} : { ca: await readPem('ldap.tls.clientCaFile', clientCaFile) }
  if (certFile !== null && keyFile !== null) {
    const options = await readTlsFiles('ldap.tls', { certFile, keyFile }, minVersion)
    return tlsIdentity({ ...options, ...clients }, undefined)
  }
  const { certificatePem, keyPem, caPem } = await privateCertificate(
    join(dataDir, 'tls'),
    publicHosts(ldap.publicUrls),
    now,
  )
  return tlsIdentity({ cert: `${certificatePem}\n${caPem}`, key: keyPem, minVersion, ...clients }, caPem)
}

/** From PEM texts. Throws what OpenSSL thinks of them. */
export function tlsIdentity(options: TlsOptions, caPem: string | undefined): TlsIdentity {
  // Sessions are resumed with the certificate that the client had; OpenSSL wants a name for that.
  return { options, secureContext: createSecureContext({ ...options, sessionIdContext: 'rosterd ldap' }), caPem }
}

/**
 * Loopback is always among them, so that a trial and the server's own tools work, and so is the machine's own name: OpenLDAP's
 * library checks for it in place of "localhost".
 */
function publicHosts(urls: readonly string[]): string[] {
  const published = urls.map((url) => new URL(url).hostname.replace(/^\[|\]$/g, ''))
  return [...new Set([...published, 'localhost', '127.0.0.1', '::1', hostname().toLowerCase()])]
}
