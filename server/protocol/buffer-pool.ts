/** Buffers of one size that are used again: what is allocated and let go for every answer keeps the garbage collector busy. */
export class BufferPool {
  readonly octets: number
  private readonly atMost: number
  private readonly free: Buffer[] = []

  /** Of those that are given back, `atMost` are kept. */
  constructor(octets: number, atMost: number) {
    this.octets = octets
    this.atMost = atMost
  }

  /** Its contents are anything. */
  take(): Buffer {
    return this.free.pop() ?? Buffer.allocUnsafeSlow(this.octets)
  }

  /** Only by who took it, once, when nobody reads it any more. */
  give(buffer: Buffer): void {
    if (this.free.length < this.atMost) this.free.push(buffer)
  }
}
