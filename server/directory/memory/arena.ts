/** One piece of the arena. Words are those of the machine: a slab never leaves it. */
export interface Slab {
  readonly octets: Buffer
  readonly words: Uint32Array
}

/** A slab as threads hand it to each other: all of them see the same octets. */
export type SharedSlab = readonly [number: number, octets: SharedArrayBuffer]

export function slabOf(octets: SharedArrayBuffer): Slab {
  return { octets: Buffer.from(octets), words: new Uint32Array(octets) }
}

/** Addresses count from slab to slab by this; what is larger begins a slab of its own. */
export const slabSpan = 8 * 1024 * 1024

/** Where a record is: the slab, and the octet at which it begins there. */
export function slabNumberOf(address: number): number {
  return Math.floor(address / slabSpan)
}

export function offsetOf(address: number): number {
  return address % slabSpan
}

interface OwnSlab extends Slab {
  readonly shared: SharedArrayBuffer
  used: number
  live: number
}

/** What an arena is made of, at one moment: octets that are not used yet are written to later. */
export interface ArenaParts {
  readonly slabs: readonly {
    readonly number: number
    readonly octets: SharedArrayBuffer
    readonly used: number
    readonly live: number
  }[]
  readonly lastSlab: number
  /** Number of the slab that is being filled. */
  readonly open: number | undefined
  readonly lastVersion: number
}

/**
 * Records outside the JavaScript heap, in memory that all threads see. One thread appends; a record never changes, and its place is not
 * used again. Numbers of slabs only grow.
 */
export class Arena {
  private readonly slabOctets: number
  private readonly slabs = new Map<number, OwnSlab>()
  private lastNumber = -1
  private open: { readonly number: number; readonly slab: OwnSlab } | undefined
  private lastVersion = 0

  constructor(slabOctets = slabSpan) {
    this.slabOctets = slabOctets
  }

  /** One that goes on where another one was. */
  static of({ slabs, lastSlab, open, lastVersion }: ArenaParts): Arena {
    const arena = new Arena()
    for (const { number, octets, used, live } of slabs) {
      const slab = { ...slabOf(octets), shared: octets, used, live }
      arena.slabs.set(number, slab)
      if (number === open) arena.open = { number, slab }
    }
    arena.lastNumber = lastSlab
    arena.lastVersion = lastVersion
    return arena
  }

  get parts(): ArenaParts {
    return {
      slabs: [...this.slabs].map(([number, { shared, used, live }]) => ({ number, octets: shared, used, live })),
      lastSlab: this.lastNumber,
      open: this.open?.number,
      lastVersion: this.lastVersion,
    }
  }

  /** Another one for everything that is ever encoded here. */
  nextVersion(): number {
    this.lastVersion = (this.lastVersion + 1) >>> 0
    return this.lastVersion
  }

  /** Room for a record; octets are counted in fours. */
  reserve(octets: number): { readonly slab: Slab; readonly offset: number; readonly address: number } {
    if (octets > this.slabOctets / 8) {
      const { number, slab } = this.addSlab(octets)
      return this.take(number, slab, octets)
    }
    if (this.open === undefined || this.open.slab.used + octets > this.open.slab.octets.length)
      this.open = this.addSlab(this.slabOctets)
    return this.take(this.open.number, this.open.slab, octets)
  }

  private addSlab(octets: number) {
    const shared = new SharedArrayBuffer(octets)
    const slab: OwnSlab = { ...slabOf(shared), shared, used: 0, live: 0 }
    this.lastNumber += 1
    this.slabs.set(this.lastNumber, slab)
    return { number: this.lastNumber, slab }
  }

  private take(number: number, slab: OwnSlab, octets: number) {
    const offset = slab.used
    slab.used += octets
    slab.live += octets
    return { slab, offset, address: number * slabSpan + offset }
  }

  /** The record is needed no more. */
  release(address: number, octets: number): void {
    const slab = this.slabs.get(slabNumberOf(address))
    if (slab !== undefined) slab.live -= octets
  }

  /** Slabs that hold less than half of what they could; the one that is being filled is not among them. */
  *sparse(): Generator<{ readonly number: number; readonly slab: Slab; readonly used: number }> {
    for (const [number, slab] of this.slabs)
      if (slab !== this.open?.slab && slab.live > 0 && slab.live < slab.octets.length / 2)
        yield { number, slab, used: slab.used }
  }

  /** Forgets slabs that hold nothing any more, and says which, and how many octets they had. Views that were made before keep theirs. */
  dropEmpty(): { readonly numbers: readonly number[]; readonly octets: number } {
    const numbers: number[] = []
    let octets = 0
    for (const [number, slab] of this.slabs) {
      if (slab.live > 0 || slab === this.open?.slab) continue
      numbers.push(number)
      octets += slab.octets.length
    }
    for (const number of numbers) this.slabs.delete(number)
    return { numbers, octets }
  }

  slab(number: number): Slab | undefined {
    return this.slabs.get(number)
  }

  /** Those with a number above this one. */
  slabsAfter(number: number): SharedSlab[] {
    return [...this.slabs].filter(([each]) => each > number).map(([each, { shared }]) => [each, shared])
  }

  get lastSlab(): number {
    return this.lastNumber
  }
}
