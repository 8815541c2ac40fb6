import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { privateCertificate } from '../../../server/ldap/certificate-authority.ts'

const now = new Date('2026-11-22T08:00:00Z')
const later = (days: number) => new Date(now.getTime() + days * 86_400_000)
let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rosterd-ca-'))
})
afterEach(() => rm(directory, { recursive: true }))

test('makes an authority and a P-256 certificate of it for the hosts, by name and by address', async () => {
  const { certificatePem, caPem } = await privateCertificate(directory, ['ldap.example.com', '192.0.2.7', '::1'], now)
  const certificate = new X509Certificate(certificatePem)
  const authority = new X509Certificate(caPem)
  expect(certificate.checkHost('ldap.example.com')).toBe('ldap.example.com')
  expect(certificate.checkIP('192.0.2.7')).toBe('192.0.2.7')
  expect(certificate.checkIP('::1')).toBe('::1')
  expect(certificate.checkHost('other.example.com')).toBeUndefined()
  expect(certificate.checkIssued(authority)).toBe(true)
  expect(certificate.verify(authority.publicKey)).toBe(true)
  expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1')
  expect([authority.ca, certificate.ca]).toEqual([true, false])
})

test('keeps both while they are good', async () => {
  const first = await privateCertificate(directory, ['a.example.com'], now)
  expect(await privateCertificate(directory, ['a.example.com'], later(300))).toEqual(first)
})

test('renews the certificate a month before it ends, under the same authority', async () => {
  const first = await privateCertificate(directory, ['a.example.com'], now)
  const renewed = await privateCertificate(directory, ['a.example.com'], later(370))
  expect(renewed.caPem).toBe(first.caPem)
  expect(renewed.certificatePem).not.toBe(first.certificatePem)
  expect(Date.parse(new X509Certificate(renewed.certificatePem).validTo)).toBeGreaterThan(later(700).getTime())
})

test('makes another certificate for other hosts', async () => {
  const first = await privateCertificate(directory, ['a.example.com'], now)
  const second = await privateCertificate(directory, ['b.example.com'], now)
  expect(second.caPem).toBe(first.caPem)
  expect(new X509Certificate(second.certificatePem).checkHost('b.example.com')).toBe('b.example.com')
})

test('renews the authority before it ends, and the certificate with it', async () => {
  const first = await privateCertificate(directory, ['a.example.com'], now)
  const second = await privateCertificate(directory, ['a.example.com'], later(3640))
  expect(second.caPem).not.toBe(first.caPem)
  expect(new X509Certificate(second.certificatePem).checkIssued(new X509Certificate(second.caPem))).toBe(true)
})

test('keeps the keys to the owner', async () => {
  await privateCertificate(directory, ['a.example.com'], now)
  for (const name of ['ca.key', 'server.key']) expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600)
})

test('names files that cannot be read, and the way out', async () => {
  await privateCertificate(directory, ['a.example.com'], now)
  await writeFile(join(directory, 'server.pem'), 'not a certificate')
  await expect(privateCertificate(directory, ['a.example.com'], now)).rejects.toThrow(/server\.pem .* remove both/)
})
