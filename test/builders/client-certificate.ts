import 'reflect-metadata' // @peculiar/x509 does not start without it
import * as x509 from '@peculiar/x509'

export interface ClientAuthority {
  readonly caPem: string
  /** A certificate of this authority, for clients unless said otherwise. */
  issue(changes?: {
    readonly usage?: 'clientAuth' | 'serverAuth'
    readonly notAfter?: Date
  }): Promise<{ readonly cert: string; readonly key: string }>
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const hour = 3_600_000

/** An authority that gives certificates to TLS clients. */
export async function makeClientAuthority(): Promise<ClientAuthority> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Authority of clients',
    signingAlgorithm: algorithm,
    keys,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  })
  return {
    caPem: ca.toString('pem'),
    async issue({ usage = 'clientAuth', notAfter = new Date(Date.now() + hour) } = {}) {
      const client = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
      const certificate = await x509.X509CertificateGenerator.create({
        subject: 'CN=host',
        issuer: ca.subject,
        notBefore: new Date(Date.now() - 2 * hour),
        notAfter,
        signingAlgorithm: algorithm,
        publicKey: client.publicKey,
        signingKey: keys.privateKey,
        extensions: [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[usage]])],
      })
      const key = await crypto.subtle.exportKey('pkcs8', client.privateKey)
      return { cert: certificate.toString('pem'), key: x509.PemConverter.encode(key, 'PRIVATE KEY') }
    },
  }
}
