import type { Socket } from 'node:net'
import { noticeOfDisconnection } from '../protocol/response-encoder.ts'
import { ResultCode } from '../protocol/result-code.ts'
import { networkOf } from '../runtime/address-network.ts'
import { isLoopbackAddress } from '../runtime/loopback.ts'
import { readProxyHeader } from './proxy-protocol.ts'
import { Connection, type RareOperationHost } from './connection.ts'
import type { LdapServices } from './services.ts'
import { newSession } from './session.ts'

/** Every open connection of the server; `accept` and `acceptTls` are the `connectionRouter` of the listeners. */
export interface WireFront {
  readonly accept: (socket: Socket) => void
  /** For ldaps://: the handshake is under the same limits as everything else. */
  readonly acceptTls: (socket: Socket) => void
  readonly connections: number
  /** Tells every client (RFC 4511 §4.4.1) and closes; what is left after `graceMs` is cut off. */
  close(graceMs: number): Promise<void>
}

const sweepMs = 1000

export function createWireFront(services: LdapServices, rareOperations: RareOperationHost): WireFront {
  const open = new Map<Connection, string>()
  const perAddress = new Map<string, number>()
  let lastId = 0
  /** Connections of proxies that have not said yet whom they are for. */
  let unannounced = 0
  let whenEmpty: (() => void) | undefined
  const sweep = setInterval(() => {
    const now = performance.now()
    for (const connection of open.keys()) connection.closeIfOverdue(now)
  }, sweepMs).unref()

  function accept(socket: Socket, beginsWithTls = false): void {
    const { remoteAddress } = socket
    if (remoteAddress === undefined)
      socket.destroy() // gone already
    else if (services.isProxy(remoteAddress))
      beginProxied(socket, (source) => {
        serve(socket, source ?? remoteAddress, beginsWithTls)
        if (!beginsWithTls) socket.resume()
      })
    else serve(socket, remoteAddress, beginsWithTls)
  }

  /** Reads who the client is before anything else; whoever does not begin with that is no proxy, and is cut off. */
  function beginProxied(socket: Socket, serveFor: (source: string | undefined) => void): void {
    if (open.size + unannounced >= services.limits.connections) return void socket.destroy()
    unannounced += 1
    let octets = Buffer.alloc(0)
    const timer = setTimeout(() => socket.destroy(), services.limits.handshakeSeconds * 1000).unref()
    const end = () => {
      unannounced -= 1
      clearTimeout(timer)
      socket.removeListener('data', read)
      socket.removeListener('close', end)
    }
    const read = (chunk: Buffer) => {
      octets = Buffer.concat([octets, chunk])
      const header = readProxyHeader(octets)
      if (header.state === 'incomplete') return
      end()
      if (header.state === 'invalid') {
        socket.destroy()
        return
      }
      socket.pause()
      if (octets.length > header.octets) socket.unshift(octets.subarray(header.octets))
      serveFor(header.source)
    }
    socket.on('error', () => undefined) // 'close' follows
    socket.on('close', end)
    socket.on('data', read)
  }

  function serve(socket: Socket, remoteAddress: string, beginsWithTls: boolean): void {
    const { limits } = services
    const isLoopback = isLoopbackAddress(remoteAddress)
    const network = networkOf(remoteAddress)
    const isOverLimit =
      open.size >= limits.connections || (!isLoopback && (perAddress.get(network) ?? 0) >= limits.connectionsPerAddress)
    if (isOverLimit) {
      socket.on('error', () => undefined)
      if (beginsWithTls) socket.destroy()
      else socket.end(noticeOfDisconnection(ResultCode.busy, 'too many connections'), () => socket.destroy())
      return
    }
    lastId += 1
    const session = newSession({ id: lastId, remoteAddress, isLoopback, isSecure: false })
    const connection = new Connection(socket, session, services, rareOperations)
    open.set(connection, network)
    perAddress.set(network, (perAddress.get(network) ?? 0) + 1)
    // The raw socket: TLS put on it by StartTLS ends with it.
    socket.on('close', () => forget(connection))
    if (beginsWithTls) connection.startTls()
  }

  function forget(connection: Connection): void {
    const network = open.get(connection)
    if (network === undefined) return
    open.delete(connection)
    const left = (perAddress.get(network) ?? 1) - 1
    if (left > 0) perAddress.set(network, left)
    else perAddress.delete(network)
    if (open.size === 0) whenEmpty?.()
  }

  return {
    accept: (socket) => accept(socket),
    acceptTls: (socket) => accept(socket, true),
    get connections() {
      return open.size
    },
    async close(graceMs) {
      for (const connection of open.keys()) connection.disconnect(ResultCode.unavailable, 'the server is shutting down')
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, graceMs)
        whenEmpty = () => {
          clearTimeout(timer)
          resolve()
        }
        if (open.size === 0) whenEmpty()
      })
      clearInterval(sweep)
      for (const connection of open.keys()) connection.destroy()
    },
  }
}
