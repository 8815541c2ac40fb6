import { Buffer } from 'node:buffer'
import { type Server, Socket, type SocketConstructorOpts } from 'node:net'

/*
 * For every read of a socket Node allocates 64 KiB, cuts them down to what came and leaves them to the garbage collector, which takes a
 * tenth of the time of a search. Sockets made with `onread` are read into a buffer of their maker; those of a server are made within it, by a
 * function of its handle. That one is no documented part of Node: where it is not found, connections are read as they always are.
 */

interface Listening {
  onconnection?: (this: Listening, error: number, client: object | undefined) => void
}

/** As much as Node reads at once. */
const readOctets = 64 * 1024

/** From now on the connections of this server, which listens, are read into one buffer. They give what came as `data`, as ever, in octets of its own. */
export function readIntoOneBuffer(server: Server): void {
  const { _handle: handle } = server as unknown as { readonly _handle?: Listening }
  const makeSocket = handle?.onconnection
  if (handle === undefined || typeof makeSocket !== 'function') return
  const buffer = Buffer.allocUnsafeSlow(readOctets)
  handle.onconnection = (error, client) => {
    if (error || client === undefined) makeSocket.call(handle, error, client)
    else server.emit('connection', socketOf(client, buffer))
  }
}

function socketOf(client: object, buffer: Buffer): Socket {
  const options: SocketConstructorOpts = {
    onread: {
      buffer,
      callback(octets) {
        const chunk = Buffer.allocUnsafe(octets)
        buffer.copy(chunk, 0, 0, octets)
        socket.emit('data', chunk)
        return true
      },
    },
  }
  const socket = new Socket(Object.assign(options, { handle: client }))
  return socket
}
