import { rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { isPossibleSocketPath, maxSocketPathBytes } from './socket-path.ts'

/** One line of an answer: progress while a command runs, then its result or why it failed. */
export type ControlLine =
  | { readonly type: 'progress'; readonly value: unknown }
  | { readonly type: 'result'; readonly value: unknown }
  | { readonly type: 'error'; readonly message: string }

/** Runs a command by name. Throws an error whose message is meant to be read. */
export type RunCommand = (
  name: string,
  input: unknown,
  progress: (value: unknown) => void,
  signal: AbortSignal,
) => Promise<unknown>

export interface ControlServer {
  close(): Promise<void>
}

/** A file of ids for some hundred thousand people. */
const maxRequestBytes = 64 * 1024 * 1024

/**
 * Serves the command line beside a running server: `POST /<command>` with JSON over a Unix socket that only its owner may open; the
 * answer is one JSON line after the other. Throws when the socket cannot be made.
 */
export async function startControlServer(path: string, run: RunCommand): Promise<ControlServer> {
  if (!isPossibleSocketPath(path)) {
    throw new Error(
      `dataDir: the control socket ${path} would have a path of more than ${maxSocketPathBytes} bytes; use a shorter dataDir`,
    )
  }
  await rm(path, { force: true }) // left by a process that was killed; the store's lock says that it is gone
  const server = createServer((request, response) => {
    void answer(request, response, run)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    // The socket must never exist with other rights, not even for a moment.
    const umask = process.umask(0o177)
    server.listen(path, resolve)
    process.umask(umask)
  })
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, run: RunCommand): Promise<void> {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  response.on('error', () => undefined)
  const send = (line: ControlLine) => response.write(`${JSON.stringify(line)}\n`)
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  try {
    const input: unknown = JSON.parse(await readBody(request))
    const value = await run(
      (request.url ?? '').slice(1),
      input,
      (progress) => send({ type: 'progress', value: progress }),
      gone.signal,
    )
    send({ type: 'result', value })
  } catch (error) {
    send({ type: 'error', message: error instanceof Error ? error.message : String(error) })
  }
  response.end()
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const octets = Buffer.from(chunk as Uint8Array) // http gives Buffers when no encoding is set
    size += octets.length
    if (size > maxRequestBytes) throw new Error('the request is too large')
    chunks.push(octets)
  }
  return Buffer.concat(chunks).toString('utf8')
}
