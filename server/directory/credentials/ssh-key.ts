import { createHash } from 'node:crypto'
import { parseKey } from 'sshpk'
import { ChangeRefused } from './change-refused.ts'

/** A public key as `authorized_keys` has it (sshd(8)), without options. */
export interface SshKey {
  /** Algorithm, base64 and comment. */
  readonly text: string
  readonly algorithm: string
  /** As `ssh-keygen -l` prints it. */
  readonly fingerprint: string
  readonly comment: string
}

/** Security keys, whose format is that of the plain algorithm and an application (OpenSSH PROTOCOL.u2f). */
const securityKeys = new Set(['sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com'])
const algorithms = new Set([
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'ssh-rsa',
  ...securityKeys,
])
const smallestRsaBits = 2048
const longestKey = 8192
const longestComment = 128

/** Reads one public key. Throws {@link ChangeRefused}; a private key is never repeated in it. */
export function parseSshKey(pasted: string): SshKey {
  const line = pasted.trim()
  if (line.includes('PRIVATE KEY'))
    throw new ChangeRefused(
      'That is a private key: it must not leave your computer. Paste the file that ends in ".pub".',
    )
  if (line.length > longestKey || /[\r\n\0]/.test(line)) throw new ChangeRefused('Paste one public key, in one line.')
  const [algorithm = '', base64 = '', ...words] = line.split(/[ \t]+/)
  if (!algorithms.has(algorithm))
    throw new ChangeRefused(
      'Paste a public key of the kinds ssh-ed25519, ecdsa-sha2-nistp256/384/521, ssh-rsa or a security key, without options before it.',
    )
  const octets = Buffer.from(base64, 'base64')
  const isKey =
    octets.toString('base64') === base64 &&
    startsWithName(octets, algorithm) &&
    (securityKeys.has(algorithm) ? hasSecurityKeyShape(octets, algorithm) : isReadable(algorithm, base64))
  if (!isKey)
    throw new ChangeRefused('This public key is damaged. Copy the whole line of the file that ends in ".pub".')
  const comment = words
    .join(' ')
    .replaceAll(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '')
    .slice(0, longestComment)
  return {
    text: [algorithm, base64, comment].filter((part) => part !== '').join(' '),
    algorithm,
    fingerprint: `SHA256:${createHash('sha256').update(octets).digest('base64').replace(/=+$/, '')}`,
    comment,
  }
}

/** RFC 4253 §6.6: the key begins with its own name. */
function startsWithName(octets: Buffer, name: string): boolean {
  return octets.length > 4 + name.length && stringsOf(octets)?.[0]?.toString('latin1') === name
}

/** RFC 4251 §5; undefined when it is not made of strings to its end. */
function stringsOf(octets: Buffer): readonly Buffer[] | undefined {
  const strings: Buffer[] = []
  for (let at = 0; at < octets.length; ) {
    if (octets.length - at < 4) return undefined
    const end = at + 4 + octets.readUInt32BE(at)
    if (end > octets.length) return undefined
    strings.push(octets.subarray(at + 4, end))
    at = end
  }
  return strings
}

function hasSecurityKeyShape(octets: Buffer, algorithm: string): boolean {
  const strings = stringsOf(octets) ?? []
  const [, second, third, fourth] = strings
  if (algorithm.startsWith('sk-ssh-ed25519')) return strings.length === 3 && second?.length === 32
  return (
    strings.length === 4 && second?.toString('latin1') === 'nistp256' && third?.length === 65 && fourth !== undefined
  )
}

function isReadable(algorithm: string, base64: string): boolean {
  let bits: number
  try {
    bits = parseKey(`${algorithm} ${base64}`, 'ssh').size
  } catch {
    return false
  }
  if (algorithm === 'ssh-rsa' && bits < smallestRsaBits)
    throw new ChangeRefused(`This RSA key has ${bits} bits, which is too few. Make a new one: ssh-keygen -t ed25519`)
  return true
}
