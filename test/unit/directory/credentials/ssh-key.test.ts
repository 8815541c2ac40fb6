import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { describeWithTool } from '../../../builders/required-tool.ts'
import { parseSshKey } from '../../../../server/directory/credentials/ssh-key.ts'

const folder = mkdtempSync(join(tmpdir(), 'rosterd-ssh-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Public key and fingerprint, as OpenSSH makes them. */
function made(name: string, ...options: readonly string[]) {
  const file = join(folder, name)
  execFileSync('ssh-keygen', ['-q', '-N', '', '-C', 'ada@laptop', '-f', file, ...options])
  const [, fingerprint] = execFileSync('ssh-keygen', ['-l', '-f', `${file}.pub`], { encoding: 'utf8' }).split(' ')
  return { text: readFileSync(`${file}.pub`, 'utf8').trim(), fingerprint, file }
}

const string = (octets: Buffer) => Buffer.concat([Buffer.of(0, 0, 0, octets.length), octets])
const privateKey = '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n'
const { x = '' } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
const text = `ssh-ed25519 ${Buffer.concat([Buffer.from('ssh-ed25519'), Buffer.from(x, 'base64url')].map(string)).toString('base64')} ada@laptop`

function smallRsaKey(): string {
  const { e = '', n = '' } = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
  const modulus = Buffer.concat([Buffer.of(0), Buffer.from(n, 'base64url')]) // positive (RFC 4251 §5)
  const parts = [Buffer.from('ssh-rsa'), Buffer.from(e, 'base64url'), modulus]
  return `ssh-rsa ${Buffer.concat(parts.map(string)).toString('base64')}`
}

const securityKey = (name: string, ...parts: readonly Buffer[]) =>
  `${name} ${Buffer.concat([Buffer.from(name), ...parts].map(string)).toString('base64')} ada@yubikey`

describeWithTool('ssh-keygen', 'a public key is read, with the fingerprint that ssh-keygen prints', () => {
  test.each([
    ['ed25519', ['-t', 'ed25519']],
    ['ecdsa of 256 bits', ['-t', 'ecdsa', '-b', '256']],
    ['ecdsa of 521 bits', ['-t', 'ecdsa', '-b', '521']],
    ['RSA of 2048 bits', ['-t', 'rsa', '-b', '2048']],
  ])('%s', (name, options) => {
    const { text, fingerprint } = made(name.replaceAll(' ', '-'), ...options)
    expect(parseSshKey(`\n${text}\n`)).toMatchObject({ text, fingerprint, comment: 'ada@laptop' })
  })

  test.each([
    securityKey('sk-ssh-ed25519@openssh.com', Buffer.alloc(32, 7), Buffer.from('ssh:')),
    securityKey(
      'sk-ecdsa-sha2-nistp256@openssh.com',
      Buffer.from('nistp256'),
      Buffer.alloc(65, 4),
      Buffer.from('ssh:'),
    ),
  ])('%s', (text) => {
    expect(parseSshKey(text)).toMatchObject({ text, comment: 'ada@yubikey' })
  })
})

test('a comment is kept without what is no text', () => {
  expect(parseSshKey(`${text} "müller"\u0007 \u202e`).comment).toBe('ada@laptop "müller" ')
})

describe('refused, with what to do instead', () => {
  const [algorithm = '', base64 = ''] = text.split(' ')
  test.each<[string, string, RegExp]>([
    ['a private key', privateKey, /private key.*\.pub/],
    ['a small RSA key', smallRsaKey(), /1024 bits.*ssh-keygen -t ed25519/],
    ['options before it', `command="sh" ${text}`, /without options/],
    ['DSA', `ssh-dss ${base64}`, /without options/],
    ['nothing', '', /without options/],
    ['the name of another algorithm', `ecdsa-sha2-nistp256 ${base64}`, /damaged/],
    ['half a key', `${algorithm} ${base64.slice(0, 40)}`, /damaged/],
    ['a key with more behind it', `${algorithm} ${base64}AAAA`, /damaged/],
    ['no base64', `${algorithm} %%%%`, /damaged/],
    ['a security key without its application', securityKey('sk-ssh-ed25519@openssh.com', Buffer.alloc(32)), /damaged/],
    ['two lines', `${text}\n${text}`, /one line/],
    ['very much', `${text} ${'x'.repeat(10_000)}`, /one line/],
  ])('%s', (_, pasted, message) => {
    expect(() => parseSshKey(pasted)).toThrow(message)
  })

  test('a private key is not repeated', () => {
    expect(() => parseSshKey(privateKey)).not.toThrow(/b3BlbnNz/)
  })
})
