import { webcrypto } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import 'reflect-metadata' // @peculiar/x509 does not start without it
import * as x509 from '@peculiar/x509'

/** PEM texts of a certificate, its chain and its key. */
export interface ServerCertificate {
  readonly certificatePem: string
  readonly keyPem: string
  readonly caPem: string
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const dayMs = 86_400_000
const caDays = 3650
const leafDays = 397
const renewBeforeDays = 30

/**
 * A private certificate authority in `directory` (made there once, key readable by the owner only) and a certificate of it
 * for `hosts`, made anew when it is about to expire or names other hosts.
 */
export async function privateCertificate(
  directory: string,
  hosts: readonly string[],
  now: Date,
): Promise<ServerCertificate> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const ca = await readOrMake(
    directory,
    'ca',
    (found) => daysLeft(found, now) > renewBeforeDays,
    () => makeAuthority(now),
  )
  const wanted = [...hosts].sort().join(' ')
  const leaf = await readOrMake(
    directory,
    'server',
    (found) =>
      daysLeft(found, now) > renewBeforeDays && alternativeNames(found) === wanted && isIssuedBy(found, ca.certificate),
    () => makeServerCertificate(ca, hosts, now),
  )
  return {
    certificatePem: leaf.certificate.toString('pem'),
    keyPem: leaf.keyPem,
    caPem: ca.certificate.toString('pem'),
  }
}

interface Pair {
  readonly certificate: x509.X509Certificate
  readonly keyPem: string
}

async function readOrMake(
  directory: string,
  name: string,
  isGood: (certificate: x509.X509Certificate) => boolean,
  make: () => Promise<Pair>,
): Promise<Pair> {
  const paths = { certificate: join(directory, `${name}.pem`), key: join(directory, `${name}.key`) }
  const found = await readPair(paths)
  if (found && isGood(found.certificate)) return found
  const made = await make()
  await replaceFile(paths.key, made.keyPem, 0o600)
  await replaceFile(paths.certificate, made.certificate.toString('pem'), 0o644)
  return made
}

async function readPair(paths: { certificate: string; key: string }): Promise<Pair | undefined> {
  try {
    return {
      certificate: new x509.X509Certificate(await readFile(paths.certificate, 'utf8')),
      keyPem: await readFile(paths.key, 'utf8'),
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new Error(`${paths.certificate} or ${paths.key} cannot be read; remove both to have them made anew`, {
      cause: error,
    })
  }
}

async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  await writeFile(`${path}.new`, text, { mode })
  await rename(`${path}.new`, path)
}

function daysLeft(certificate: x509.X509Certificate, now: Date): number {
  return (certificate.notAfter.getTime() - now.getTime()) / dayMs
}

function alternativeNames(certificate: x509.X509Certificate): string {
  const extension = certificate.getExtension(x509.SubjectAlternativeNameExtension)
  return (extension?.names.items ?? [])
    .map(({ value }) => value)
    .sort()
    .join(' ')
}

function isIssuedBy(certificate: x509.X509Certificate, authority: x509.X509Certificate): boolean {
  const key = certificate.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId
  return key !== undefined && key === authority.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId
}

async function makeAuthority(now: Date): Promise<Pair> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=Rosterd private CA ${now.toISOString().slice(0, 10)}`,
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(now.getTime() - dayMs),
    notAfter: new Date(now.getTime() + caDays * dayMs),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificate, keyPem: await exportKey(keys.privateKey) }
}

async function makeServerCertificate(ca: Pair, hosts: readonly string[], now: Date): Promise<Pair> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${hosts[0] ?? 'localhost'}`,
    issuer: ca.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: await importKey(ca.keyPem),
    signingAlgorithm: algorithm,
    notBefore: new Date(now.getTime() - dayMs),
    notAfter: new Date(Math.min(now.getTime() + leafDays * dayMs, ca.certificate.notAfter.getTime())),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        hosts.map((value) => ({ type: isAddress(value) ? 'ip' : 'dns', value })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(ca.certificate, false),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificate, keyPem: await exportKey(keys.privateKey) }
}

function isAddress(host: string): boolean {
  return /^[0-9.]+$/.test(host) || host.includes(':')
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const [der] = x509.PemConverter.decode(pem)
  if (!der) throw new Error('the key of the private CA is not a PEM file')
  return await webcrypto.subtle.importKey('pkcs8', der, algorithm, true, ['sign'])
}
