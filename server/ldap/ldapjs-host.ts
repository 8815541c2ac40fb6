import { EventEmitter } from 'node:events'
import type { Server as NetServer, Socket } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import ldap from 'ldapjs'
import { Tag } from '../protocol/ber-reader.ts'
import { BerWriter, element, integerElement, textElement } from '../protocol/ber-writer.ts'
import { Operation } from '../protocol/operation.ts'
import { responseOperation, writeResult } from '../protocol/response-encoder.ts'
import { ResultCode } from '../protocol/result-code.ts'
import type { RareOperationHost } from './connection.ts'

/** What @types/ldapjs leaves out of the server: the seam behind `connectionRouter`. */
export interface LdapjsServer extends ldap.Server {
  readonly server: NetServer
  newConnection(socket: unknown): void
}

/** ldapjs asks for a bunyan-like logger and formats much for it; nothing of that is wanted (it would hold passwords). */
const silentLogger = Object.fromEntries(
  ['trace', 'debug', 'info', 'warn', 'error', 'fatal'].map((level) => [level, () => undefined]),
)

/**
 * An ldapjs server whose connections go to `router` in place of its own parser. Without a router it is stock ldapjs. It always has an
 * error listener: without one a single malformed message ends the process.
 */
export function createLdapjsServer(options: {
  router?: (socket: Socket) => void
  tls?: SecureContextOptions
}): LdapjsServer {
  const { cert, key, minVersion } = options.tls ?? {}
  // @types/ldapjs knows neither connectionRouter nor that further TLS options reach node:tls.
  const serverOptions: object = {
    log: silentLogger,
    ...(options.router ? { connectionRouter: options.router } : {}),
    ...(cert && key ? { certificate: cert, key, minVersion } : {}),
  }
  const server = ldap.createServer(serverOptions) as LdapjsServer
  server.on('error', () => undefined)
  return server
}

const answerWithinMs = 10_000

/**
 * Runs rare operations through ldapjs: each gets a connection object of its own that is no socket, one complete message, and gives one
 * answer back. The message holds the operation and nothing that the client wrote in it: all of these operations are refused whatever
 * they say, and ldapjs's parser takes seconds for lists that a client can make with a few kilobytes.
 */
export function createRareOperationHost(server: LdapjsServer): RareOperationHost {
  return {
    answer: (messageId, operation) =>
      new Promise((resolve) => {
        const settle = (answer: Buffer) => {
          clearTimeout(timer)
          resolve(answer)
        }
        const refuse = () => settle(unavailable(messageId, operation))
        const timer = setTimeout(refuse, answerWithinMs)
        const connection = new OneMessageConnection(settle, refuse)
        try {
          server.newConnection(connection)
          connection.parser?.write(
            element(Tag.sequence, integerElement(Tag.integer, messageId), emptyRequest(operation)),
          )
        } catch {
          refuse()
        }
      }),
  }
}

const someName = textElement(Tag.octetString, 'cn=x')
const noList = element(Tag.sequence)

/** A well-formed request of the operation that says nothing (RFC 4511 §4.6 to §4.9). */
function emptyRequest(operation: number): Buffer {
  switch (operation) {
    case Operation.delRequest:
      return element(operation, Buffer.from('cn=x'))
    case Operation.modifyDnRequest:
      return element(operation, someName, someName, element(Tag.boolean, Buffer.of(0)))
    default:
      return element(operation, someName, noList)
  }
}

function unavailable(messageId: number, operation: number): Buffer {
  const writer = new BerWriter(128)
  const result = { resultCode: ResultCode.unavailable, matchedDN: '', diagnosticMessage: '' }
  writeResult(writer, messageId, responseOperation(operation) ?? operation + 1, result)
  return writer.take()
}

/** The parts of a socket that ldapjs uses. `parser` is put here by ldapjs. */
class OneMessageConnection extends EventEmitter {
  readonly remoteAddress = 'internal'
  readonly remotePort = 0
  parser?: { write(message: Buffer): void }
  private readonly settle: (answer: Buffer) => void
  private readonly refuse: () => void

  constructor(settle: (answer: Buffer) => void, refuse: () => void) {
    super()
    this.settle = settle
    this.refuse = refuse
  }

  write(answer: Buffer): boolean {
    this.settle(answer)
    return true
  }

  end(): void {
    this.refuse()
  }

  destroy(): void {
    this.refuse()
  }
}
