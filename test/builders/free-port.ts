import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * A redirect URI is registered before the server listens, so its port must be known before. It is below those that the
 * system gives to connections, where another one could take it while the server restarts.
 */
export async function freePort(address = '127.0.0.1'): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000)
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) =>
        error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
      )
      server.listen(port, address, () => server.close(() => resolve(true)))
    })
    if (isFree) return port
  }
}
