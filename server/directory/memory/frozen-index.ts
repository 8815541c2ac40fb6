import { randomInt } from 'node:crypto'

/** Slots in ascending order. */
export type SlotList = readonly number[] | Uint32Array

/** Slots of the entries that have a value: one slot alone, or several in ascending order. */
export type Posting = number | SlotList

/** What an index is made of; a value that threads share. */
export interface FrozenParts {
  /** Keys differ from process to process in where they stand, so that nobody can choose names that all stand together. */
  readonly seed: number
  /** Open addressing: place of a key plus one, 0 where there is none. Its length is a power of two. */
  readonly table: Uint32Array
  /** Keys in UTF-8, one after the other, and where each ends. */
  readonly octets: Uint8Array
  readonly ends: Uint32Array
  /** Slots of the keys, one key after the other, and where those of each end; without `slotEnds` each key has one. */
  readonly slots: Uint32Array
  readonly slotEnds: Uint32Array | undefined
}

/** Postings by key in a few arrays outside the JavaScript heap. It never changes. */
export class FrozenIndex {
  readonly parts: FrozenParts
  private readonly octets: Buffer
  /** Long postings that were asked for, by place: making a view of one takes longer than finding it. */
  private readonly long = new Map<number, Uint32Array>()

  constructor(parts: FrozenParts) {
    this.parts = parts
    this.octets = Buffer.from(parts.octets.buffer, parts.octets.byteOffset, parts.octets.length)
  }

  /** Number of keys. */
  get size(): number {
    return this.parts.ends.length
  }

  /** Of all its arrays. */
  get octetCount(): number {
    const { table, octets, ends, slots, slotEnds } = this.parts
    return octets.length + 4 * (table.length + ends.length + slots.length + (slotEnds?.length ?? 0))
  }

  get(key: string): Posting | undefined {
    const { table, ends, seed } = this.parts
    const mask = table.length - 1
    for (let at = hashOf(key, seed) & mask; ; at = (at + 1) & mask) {
      const place = (table[at] ?? 0) - 1
      if (place < 0) return undefined
      const start = place === 0 ? 0 : (ends[place - 1] ?? 0)
      if (isKey(key, this.octets, start, ends[place] ?? 0)) return this.postingAt(place)
    }
  }

  keyAt(place: number): string {
    const { ends } = this.parts
    return this.octets.toString('utf8', place === 0 ? 0 : ends[place - 1], ends[place])
  }

  postingAt(place: number): Posting {
    const { slots, slotEnds } = this.parts
    if (slotEnds === undefined) return slots[place] ?? 0
    const start = place === 0 ? 0 : (slotEnds[place - 1] ?? 0)
    const end = slotEnds[place] ?? 0
    if (end - start === 1) return slots[start] ?? 0
    if (end - start < longPosting) return slots.subarray(start, end)
    let posting = this.long.get(place)
    if (posting === undefined) this.long.set(place, (posting = slots.subarray(start, end)))
    return posting
  }
}

/** In slots: few are as long. */
const longPosting = 1000

/** UTF-8 has as many octets as there are UTF-16 units only where all of them are ASCII, and never fewer. */
function isKey(key: string, octets: Uint8Array, start: number, end: number): boolean {
  const { length } = key
  if (end - start < length) return false
  for (let i = 0; i < length; i += 1) {
    const code = key.charCodeAt(i)
    if (code > 0x7f) return Buffer.from(octets.buffer, octets.byteOffset + start, end - start).toString() === key
    if (code !== octets[start + i]) return false
  }
  return end - start === length
}

/** MurmurHash3's mixing, one UTF-16 unit at a time. */
function hashOf(key: string, seed: number): number {
  let hash = seed
  for (let i = 0; i < key.length; i += 1) hash = mixed(hash, key.charCodeAt(i))
  return finished(hash)
}

/** The same as of the text. */
function hashOfPlain(octets: Uint8Array, length: number): number {
  let hash = seed
  for (let i = 0; i < length; i += 1) hash = mixed(hash, octets[i] ?? 0)
  return finished(hash)
}

function mixed(before: number, unit: number): number {
  const hash = before ^ Math.imul(unit, 0xcc9e2d51)
  return (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
}

function finished(mixture: number): number {
  let hash = mixture
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  return hash >>> 0
}

const seed = randomInt(2 ** 32)

/** Gathers keys with their slots and makes a {@link FrozenIndex} of them. All slots of a key, or all keys of a slot, come one after the other. */
export class IndexBuilder {
  private octets = Buffer.allocUnsafe(4096)
  private used = 0
  private ends = new Uint32Array(256)
  private hashes = new Uint32Array(256)
  /** Of each key one more than the slot that came last. */
  private last = new Uint32Array(256)
  private count = 0
  private table = new Uint32Array(512)
  /** Pairs of place and slot. */
  private pairs = new Uint32Array(512)
  private pairCount = 0

  add(key: string, slot: number): void {
    this.addAt(this.placeFor(key), slot)
  }

  /** The place of a key, for those who add to it again and again. */
  placeFor(key: string): number {
    const place = this.placeOf(key)
    if (place === this.count) this.addKey(key)
    return place
  }

  /**
   * The same as {@link IndexBuilder.add} with printable ASCII with single spaces between words, in lower case if it `isFolded`, without a string
   * of it; false where the octets are something else, and nothing is added.
   */
  addPlain(octets: Uint8Array, start: number, end: number, isFolded: boolean, slot: number): boolean {
    const { length } = this.plain
    if (end - start > length || end === start) return false
    let before = 0x20
    for (let at = start; at < end; at += 1) {
      const octet = octets[at] ?? 0
      if (octet < 0x20 || octet > 0x7e || (octet === 0x20 && before === 0x20)) return false
      this.plain[at - start] = isFolded && octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet
      before = octet
    }
    if (before === 0x20) return false
    const place = this.placeOfPlain(end - start)
    if (place === this.count) this.addPlainKey(end - start)
    this.addAt(place, slot)
    return true
  }

  private placeOfPlain(length: number): number {
    const { plain } = this
    const mask = this.table.length - 1
    this.hash = hashOfPlain(plain, length)
    for (this.at = this.hash & mask; ; this.at = (this.at + 1) & mask) {
      const place = (this.table[this.at] ?? 0) - 1
      if (place < 0) return this.count
      if (this.hashes[place] !== this.hash) continue
      const start = place === 0 ? 0 : (this.ends[place - 1] ?? 0)
      if ((this.ends[place] ?? 0) - start !== length) continue
      let same = 0
      while (same < length && this.octets[start + same] === plain[same]) same += 1
      if (same === length) return place
    }
  }

  private addPlainKey(length: number): void {
    this.makeRoom(length)
    for (let at = 0; at < length; at += 1) this.octets[this.used + at] = this.plain[at] ?? 0
    this.addKeyOctets(length)
  }

  addAt(place: number, slot: number): void {
    // A slot that has a value twice has it once; `last` is one more than the slot.
    if (this.last[place] === slot + 1) return
    this.last[place] = slot + 1
    if (this.pairCount * 2 + 2 > this.pairs.length) this.pairs = grown(this.pairs)
    this.pairs[this.pairCount * 2] = place
    this.pairs[this.pairCount * 2 + 1] = slot
    this.pairCount += 1
  }

  /** A key under way. */
  private readonly plain = new Uint8Array(512)
  private hash = 0
  private at = 0

  /** Place of a known key, or of the next one; leaves its hash, and where it stands in the table. */
  private placeOf(key: string): number {
    const mask = this.table.length - 1
    this.hash = hashOf(key, seed)
    for (this.at = this.hash & mask; ; this.at = (this.at + 1) & mask) {
      const place = (this.table[this.at] ?? 0) - 1
      if (place < 0) return this.count
      const start = place === 0 ? 0 : (this.ends[place - 1] ?? 0)
      if (this.hashes[place] === this.hash && isKey(key, this.octets, start, this.ends[place] ?? 0)) return place
    }
  }

  private addKey(key: string): void {
    this.makeRoom(key.length * 3)
    this.addKeyOctets(this.octets.write(key, this.used))
  }

  private makeRoom(octetCount: number): void {
    if (this.used + octetCount <= this.octets.length) return
    const octets = Buffer.allocUnsafe(Math.max(this.octets.length * 2, this.used + octetCount))
    this.octets.copy(octets, 0, 0, this.used)
    this.octets = octets
  }

  /** Those that were written behind the last ones; of a key whose hash was looked for. */
  private addKeyOctets(length: number): void {
    if (this.count === this.ends.length) {
      this.ends = grown(this.ends)
      this.hashes = grown(this.hashes)
      this.last = grown(this.last)
    }
    this.used += length
    this.ends[this.count] = this.used
    this.hashes[this.count] = this.hash
    this.table[this.at] = this.count + 1
    this.count += 1
    if (this.count * 4 > this.table.length * 3) this.table = this.tableOf(this.table.length * 2)
  }

  private tableOf(length: number): Uint32Array<ArrayBuffer> {
    const table = new Uint32Array(length)
    for (let place = 0; place < this.count; place += 1) {
      let at = (this.hashes[place] ?? 0) & (length - 1)
      while (table[at] !== 0) at = (at + 1) & (length - 1)
      table[at] = place + 1
    }
    return table
  }

  /** In memory that threads share. */
  freeze(): FrozenIndex {
    const { count, pairCount, pairs } = this
    const slots = sharedWords(pairCount)
    let slotEnds: Uint32Array | undefined
    if (pairCount === count) {
      // A key has one slot at least: each has one.
      for (let pair = 0; pair < pairCount; pair += 1) slots[pairs[pair * 2] ?? 0] = pairs[pair * 2 + 1] ?? 0
    } else {
      slotEnds = sharedWords(count)
      for (let pair = 0; pair < pairCount; pair += 1) {
        const place = pairs[pair * 2] ?? 0
        slotEnds[place] = (slotEnds[place] ?? 0) + 1
      }
      const next = new Uint32Array(count)
      for (let place = 0, sum = 0; place < count; place += 1) {
        next[place] = sum
        sum += slotEnds[place] ?? 0
        slotEnds[place] = sum
      }
      for (let pair = 0; pair < pairCount; pair += 1) {
        const place = pairs[pair * 2] ?? 0
        const at = next[place] ?? 0
        slots[at] = pairs[pair * 2 + 1] ?? 0
        next[place] = at + 1
      }
      for (let place = 0; place < count; place += 1)
        sortUnlessSorted(slots, slotEnds[place - 1] ?? 0, slotEnds[place] ?? 0)
    }
    const octets = new Uint8Array(new SharedArrayBuffer(this.used))
    octets.set(this.octets.subarray(0, this.used))
    const ends = sharedWords(count)
    ends.set(this.ends.subarray(0, count))
    const table = sharedWords(this.table.length)
    table.set(this.table)
    return new FrozenIndex({ seed, table, octets, ends, slots, slotEnds })
  }
}

function sortUnlessSorted(slots: Uint32Array, start: number, end: number): void {
  for (let at = start + 1; at < end; at += 1)
    if ((slots[at] ?? 0) < (slots[at - 1] ?? 0)) {
      slots.subarray(start, end).sort()
      return
    }
}

function sharedWords(count: number): Uint32Array<SharedArrayBuffer> {
  return new Uint32Array(new SharedArrayBuffer(count * 4))
}

function grown(words: Uint32Array): Uint32Array<ArrayBuffer> {
  const more = new Uint32Array(words.length * 2)
  more.set(words)
  return more
}
