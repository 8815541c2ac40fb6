import { once } from 'node:events'
import { connect } from 'node:net'
import { hungUp } from '../builders/hung-up.ts'

/**
 * Sends bytes, takes what comes back for as long as the server has something to say, and hangs up. A server that hangs up
 * first, with or without a reset, is within its rights.
 */
export async function throwAt(port: number, parts: readonly Buffer[]): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.resume()
  const gone = hungUp(socket)
  for (const part of parts) {
    if (socket.destroyed || !socket.writable) break
    if (!socket.write(part)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), gone])
  }
  // Half-closed, the server reads to the end and closes; a message cut short ends with it.
  socket.end()
  await gone
}
