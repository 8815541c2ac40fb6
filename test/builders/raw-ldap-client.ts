import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { BerReader, Tag } from '../../server/protocol/ber-reader.ts'
import { FrameReader } from '../../server/ldap/frame-reader.ts'
import { bindOperation, message, type SearchOptions, searchOperation } from './client-requests.ts'

export interface ReceivedEntry {
  readonly dn: string
  readonly controls: ReadonlyMap<string, Buffer | undefined>
  readonly attributes: ReadonlyMap<string, readonly string[]>
}

/** A response: what every LDAPResult has, and the parts that some have. */
export interface ReceivedResult {
  readonly messageId: number
  /** protocolOp tag. */
  readonly operation: number
  readonly resultCode: number
  readonly matchedDN: string
  readonly diagnosticMessage: string
  readonly responseName: string | undefined
  readonly responseValue: Buffer | undefined
  readonly controls: ReadonlyMap<string, Buffer | undefined>
  /** Entries that came before a SearchResultDone of the same message id. */
  readonly entries: readonly ReceivedEntry[]
}

/** A client that sends the bytes it is given and reads answers one by one. */
export class RawLdapClient implements AsyncDisposable {
  private socket: Socket
  private readonly frames = new FrameReader()
  private readonly waiting: (() => void)[] = []
  private readonly entries = new Map<number, ReceivedEntry[]>()
  private isEnded = false

  private constructor(socket: Socket) {
    this.socket = socket
    this.listen(socket)
  }

  /** `from`: the loopback address that the client has. */
  static async connect(port: number, from = '127.0.0.1'): Promise<RawLdapClient> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, localAddress: from })
    const client = new RawLdapClient(socket)
    await once(socket, 'connect')
    return client
  }

  static async connectTls(port: number, options: ConnectionOptions): Promise<RawLdapClient> {
    const socket = connectTls({ port, ...options, host: '127.0.0.1' })
    const client = new RawLdapClient(socket)
    await once(socket, 'secureConnect')
    return client
  }

  private listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      this.frames.push(chunk)
      this.wake()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.isEnded = true
      this.wake()
    })
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve()
  }

  /** Puts TLS on the connection, as after StartTLS. */
  async startTls(options: ConnectionOptions): Promise<void> {
    const plain = this.socket
    plain.removeAllListeners('data')
    plain.removeAllListeners('close')
    const secure = connectTls({ ...options, socket: plain })
    this.listen(secure)
    this.socket = secure
    await once(secure, 'secureConnect')
  }

  send(...parts: Uint8Array[]): void {
    this.socket.write(Buffer.concat(parts))
  }

  /** Stops reading, so that the server's answers pile up. */
  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  /** The next LDAPResult of any operation; undefined when the server closed the connection. */
  async next(): Promise<ReceivedResult | undefined> {
    for (;;) {
      const frame = this.frames.next(Number.MAX_SAFE_INTEGER)
      if (frame) {
        const result = this.read(frame)
        if (result) return result
        continue
      }
      if (this.isEnded) return undefined
      await new Promise<void>((resolve) => this.waiting.push(resolve))
    }
  }

  private read(frame: Buffer): ReceivedResult | undefined {
    const reader = new BerReader(frame).readConstructed(Tag.sequence)
    const messageId = reader.readInteger()
    const operation = reader.peekTag()
    const body = reader.readConstructed(operation)
    if (operation === 0x64) {
      const list = this.entries.get(messageId) ?? []
      list.push({ ...readEntry(body), controls: readControls(reader) })
      this.entries.set(messageId, list)
      return undefined
    }
    const resultCode = body.readInteger(Tag.enumerated)
    const matchedDN = body.readText()
    const diagnosticMessage = body.readText()
    const responseName = body.peekTag() === 0x8a ? body.readText(0x8a) : undefined
    const responseValue = body.peekTag() === 0x8b ? body.readOctets(0x8b) : undefined
    const entries = this.entries.get(messageId) ?? []
    this.entries.delete(messageId)
    return {
      messageId,
      operation,
      resultCode,
      matchedDN,
      diagnosticMessage,
      responseName,
      responseValue,
      controls: readControls(reader),
      entries,
    }
  }

  /** Resolves when the server has closed the connection. */
  async closed(): Promise<void> {
    while (!this.isEnded) await new Promise<void>((resolve) => this.waiting.push(resolve))
  }

  /** Sends one request and gives its answer. Throws when the server closes instead. */
  async request(messageId: number, operation: Uint8Array, ...controls: Uint8Array[]): Promise<ReceivedResult> {
    this.send(message(messageId, operation, ...controls))
    const result = await this.next()
    if (result === undefined) throw new Error('the server closed the connection')
    return result
  }

  bind(name: string, password: string | Uint8Array, messageId = 1): Promise<ReceivedResult> {
    return this.request(messageId, bindOperation(name, password))
  }

  search(options: SearchOptions, messageId = 2, ...controls: Uint8Array[]): Promise<ReceivedResult> {
    return this.request(messageId, searchOperation(options), ...controls)
  }

  destroy(): void {
    this.socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
    await this.closed()
  }
}

function readEntry(body: BerReader): Omit<ReceivedEntry, 'controls'> {
  const dn = body.readText()
  const list = body.readConstructed(Tag.sequence)
  const attributes = new Map<string, string[]>()
  while (!list.isAtEnd) {
    const attribute = list.readConstructed(Tag.sequence)
    const name = attribute.readText()
    const set = attribute.readConstructed(Tag.set)
    const values: string[] = []
    while (!set.isAtEnd) values.push(set.readText())
    attributes.set(name, values)
  }
  return { dn, attributes }
}

function readControls(reader: BerReader): ReadonlyMap<string, Buffer | undefined> {
  const controls = new Map<string, Buffer | undefined>()
  if (reader.peekTag() !== 0xa0) return controls
  const list = reader.readConstructed(0xa0)
  while (!list.isAtEnd) {
    const control = list.readConstructed(Tag.sequence)
    const oid = control.readText()
    if (control.peekTag() === Tag.boolean) control.readBoolean()
    controls.set(oid, control.peekTag() === Tag.octetString ? control.readOctets() : undefined)
  }
  return controls
}
