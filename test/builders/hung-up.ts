import type { Socket } from 'node:net'

/** Resolves once the socket is closed; a reset is as good as an orderly end, which `once` of node:events would reject with. */
export async function hungUp(socket: Socket): Promise<void> {
  socket.on('error', () => undefined)
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
}
