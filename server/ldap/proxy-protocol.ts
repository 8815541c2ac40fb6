import { isIP } from 'node:net'

/** What the beginning of a connection says of its client: https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt */
export type ProxyHeader =
  /** More octets are needed. */
  | { readonly state: 'incomplete' }
  | { readonly state: 'invalid' }
  /** `source`: address of the client; undefined when the proxy speaks for itself, or over no IP. */
  | { readonly state: 'complete'; readonly octets: number; readonly source: string | undefined }

const v1Start = Buffer.from('PROXY ')
/** §2.1: the longest line, with its CRLF. */
const v1Longest = 107
const v2Signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const v2FixedOctets = 16
/** Addresses and additional fields, of which none is used. */
const v2Longest = 4096

const incomplete = { state: 'incomplete' } as const
const invalid = { state: 'invalid' } as const

/** Reads a header of version 1 or 2 at the beginning of what came so far. */
export function readProxyHeader(octets: Buffer): ProxyHeader {
  if (startsAs(octets, v2Signature)) return octets.length < v2FixedOctets ? incomplete : version2(octets)
  if (startsAs(octets, v1Start)) return version1(octets)
  return invalid
}

/** Whether they agree as far as both go. */
function startsAs(octets: Buffer, signature: Buffer): boolean {
  const length = Math.min(octets.length, signature.length)
  return octets.subarray(0, length).equals(signature.subarray(0, length))
}

function version1(octets: Buffer): ProxyHeader {
  const end = octets.subarray(0, v1Longest).indexOf('\r\n')
  if (end < 0) return octets.length < v1Longest ? incomplete : invalid
  const [, protocol, source = '', ...rest] = octets.toString('latin1', 0, end).split(' ')
  const complete = { state: 'complete', octets: end + 2 } as const
  if (protocol === 'UNKNOWN') return { ...complete, source: undefined }
  const family = protocol === 'TCP4' ? 4 : protocol === 'TCP6' ? 6 : 0
  return family !== 0 && isIP(source) === family && rest.length === 3 ? { ...complete, source } : invalid
}

function version2(octets: Buffer): ProxyHeader {
  const versionAndCommand = octets.readUInt8(12)
  const family = octets.readUInt8(13) >> 4
  const length = octets.readUInt16BE(14)
  const command = versionAndCommand & 0x0f
  if (versionAndCommand >> 4 !== 2 || command > 1 || length > v2Longest) return invalid
  const end = v2FixedOctets + length
  if (octets.length < end) return incomplete
  const complete = { state: 'complete', octets: end } as const
  if (command === 0 || (family !== 1 && family !== 2)) return { ...complete, source: undefined }
  const size = family === 1 ? 4 : 16
  if (length < size * 2 + 4) return invalid
  const address = octets.subarray(v2FixedOctets, v2FixedOctets + size)
  return { ...complete, source: family === 1 ? [...address].join('.') : ipv6Text(address) }
}

/** RFC 4291 §2.5.5.2. */
const mappedIpv4 = Buffer.from('00000000000000000000ffff', 'hex')

function ipv6Text(address: Buffer): string {
  if (address.subarray(0, mappedIpv4.length).equals(mappedIpv4)) return [...address.subarray(12)].join('.')
  const groups = Array.from({ length: 8 }, (_, i) => address.readUInt16BE(i * 2).toString(16))
  return groups.join(':')
}
