import { BlockList, isIP } from 'node:net'
import { memoized } from './memoized.ts'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8)
loopback.addAddress('::1', 'ipv6')

/** Whether an IP address (IPv4-mapped IPv6 included) is this machine's own loopback; false for anything else. */
export function isLoopbackAddress(address: string | undefined): boolean {
  return address !== undefined && isKnownLoopback(address)
}

const isKnownLoopback = memoized((address) => {
  const family = isIP(address)
  return family !== 0 && loopback.check(address, family === 6 ? 'ipv6' : 'ipv4')
})

/** Whether listening on `host` (an address or a name) is reachable from this machine only. */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase()
  return name === 'localhost' || name.endsWith('.localhost') || isLoopbackAddress(name.replace(/^\[(.*)\]$/, '$1'))
}
