import type { Socket } from 'node:net'
import { type SecureContext, TLSSocket } from 'node:tls'
import type { BerWriter } from '../protocol/ber-writer.ts'

/** Who hears of a socket. */
export interface SocketListener {
  readonly received: (octets: Buffer) => void
  /** The client has taken all that waited. */
  readonly drained: () => void
  readonly closed: () => void
}

const closingMs = 2000
/** A client that reads nothing of its answers for this long is cut off. */
const stalledSeconds = 120

/** One client's socket, in the clear or under TLS: what comes and goes, and how long it may take. Times are of `performance.now()`. */
export class ClientSocket {
  /** When octets last came, or were taken after they had to wait. */
  lastProgressMs = performance.now()
  private socket: Socket
  private readonly listener: SocketListener
  private handshakeSinceMs: number | undefined
  private closeAtMs = Number.POSITIVE_INFINITY

  constructor(socket: Socket, listener: SocketListener) {
    this.socket = socket
    this.listener = listener
    this.attach(socket)
  }

  private attach(socket: Socket): void {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', this.onData)
    socket.on('drain', this.onDrain)
    socket.on('error', this.onError)
    socket.on('close', this.listener.closed)
  }

  private readonly onData = (octets: Buffer): void => {
    this.lastProgressMs = performance.now()
    this.listener.received(octets)
  }

  private readonly onDrain = (): void => {
    this.lastProgressMs = performance.now()
    this.listener.drained()
  }

  /** Resets and broken TLS are the peer's business; 'close' follows. */
  private readonly onError = (): void => {
    this.socket.destroy()
  }

  /** Octets that were sent and not taken yet. */
  get backlog(): number {
    return this.socket.writableLength
  }

  /** Such as TLSv1.3; null in the clear. */
  get tlsVersion(): string | null {
    return this.socket instanceof TLSSocket ? this.socket.getProtocol() : null
  }

  send(writer: BerWriter): void {
    if (writer.length === 0 || this.socket.destroyed) return
    // What has to wait keeps no more than its own octets.
    if (this.socket.writableLength > 0) this.socket.write(writer.take())
    else writer.sendTo(this.socket instanceof TLSSocket ? this.sendSecure : this.sendPlain)
  }

  /** The system takes nearly every answer at once; to be told of it would cost a tick each time. The buffer of one that has to wait is not used again. */
  private readonly sendPlain = (octets: Buffer): boolean => {
    this.socket.write(octets)
    return this.socket.writableLength === 0
  }

  private readonly sendSecure = (octets: Buffer, done: () => void): boolean => {
    this.socket.write(octets, done)
    return false
  }

  pause(): void {
    this.socket.pause()
  }

  resume(): void {
    this.socket.resume()
  }

  /** Goes on under TLS; `secured` is told when both sides have agreed. A client that has to show a certificate, and has none that counts, is cut off. */
  startTls(secureContext: SecureContext, asksClientCertificate: boolean, secured: () => void): void {
    const raw = this.socket
    raw.removeListener('data', this.onData)
    raw.removeListener('drain', this.onDrain)
    raw.removeListener('close', this.listener.closed)
    const secure = new TLSSocket(raw, {
      isServer: true,
      secureContext,
      requestCert: asksClientCertificate,
      rejectUnauthorized: asksClientCertificate,
    })
    this.handshakeSinceMs = performance.now()
    secure.once('secure', () => {
      if (asksClientCertificate && !isVouchedFor(secure)) {
        secure.destroy()
        return
      }
      this.handshakeSinceMs = undefined
      secured()
    })
    this.attach(secure)
  }

  /** What was sent goes out first. A peer that does not close its side becomes overdue. */
  end(): void {
    this.closeAtMs = performance.now() + closingMs
    this.socket.end()
    this.socket.resume()
  }

  destroy(): void {
    this.socket.destroy()
  }

  /** Whether the client lets the server wait for its end of a close, for its handshake, or for reading what it asked for. */
  isOverdue(nowMs: number, handshakeSeconds: number): boolean {
    const isOver = (sinceMs: number | undefined, seconds: number) =>
      sinceMs !== undefined && nowMs - sinceMs > seconds * 1000
    const isStalled = this.backlog > 0 && isOver(this.lastProgressMs, stalledSeconds)
    return nowMs >= this.closeAtMs || isStalled || isOver(this.handshakeSinceMs, handshakeSeconds)
  }
}

/** What OpenSSL found of the certificate of a client. Node asks it for sockets of its own servers alone; no answer is a no. */
function isVouchedFor(socket: TLSSocket): boolean {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { verifyError?(): unknown } }
  return handle?.verifyError?.() === null
}
