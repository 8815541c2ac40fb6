import { isIP } from 'node:net'
import type { Request } from 'express'

/**
 * Where a request comes from: the address of the connection, or what a trusted proxy says that its client has
 * (`admin.trustProxy`). IPv4 as such.
 */
export function addressOf({ ip, socket }: Pick<Request, 'ip' | 'socket'>): string {
  const told = plain(ip)
  return isIP(told) === 0 ? plain(socket.remoteAddress) : told
}

function plain(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '')
}
