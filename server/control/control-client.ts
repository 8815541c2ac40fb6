import { type IncomingMessage, request } from 'node:http'
import { createInterface } from 'node:readline'
import type { ControlLine } from './control-server.ts'
import { isPossibleSocketPath } from './socket-path.ts'

/** No server listens on the control socket. */
export class NotRunningError extends Error {
  override readonly name = 'NotRunningError'
}

/**
 * Runs a command in the server that owns the socket. Throws {@link NotRunningError} when there is none, and an Error with the
 * server's own words when the command fails.
 */
export async function runOverControlSocket(
  path: string,
  name: string,
  input: unknown,
  progress: (value: unknown) => void,
): Promise<unknown> {
  if (!isPossibleSocketPath(path)) throw new NotRunningError('no server can listen there')
  const response = await post(path, `/${name}`, JSON.stringify(input))
  for await (const text of createInterface({ input: response })) {
    const line = JSON.parse(text) as ControlLine // written by our own server
    if (line.type === 'progress') progress(line.value)
    else if (line.type === 'result') return line.value
    else throw new Error(line.message)
  }
  throw new Error('the server ended before the command did; look at its log')
}

function post(socketPath: string, path: string, body: string) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    const call = request({ socketPath, path, method: 'POST', headers: { 'content-type': 'application/json' } }, resolve)
    call.on('error', (error) => {
      const code = 'code' in error ? error.code : undefined
      reject(
        code === 'ENOENT' || code === 'ECONNREFUSED'
          ? new NotRunningError('no server is running', { cause: error })
          : error,
      )
    })
    call.end(body)
  })
}
