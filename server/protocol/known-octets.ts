interface Known<Value> {
  readonly octets: Uint8Array
  readonly value: Value
}

const places = 1024
/** More octets are not all looked at to find their place. */
const octetsOfPlace = 32

/**
 * What is read from octets that clients send again and again, such as names of attributes: the same value each time, which takes less than
 * reading it. A place holds one, the last that came to it.
 */
export class KnownOctets<Value> {
  private readonly longest: number
  private readonly make: (octets: Buffer, start: number, end: number) => Value
  private readonly known: (Known<Value> | undefined)[] = Array.from({ length: places }, () => undefined)

  /** More than `longest` octets are read anew each time. */
  constructor(longest: number, make: (octets: Buffer, start: number, end: number) => Value) {
    this.longest = longest
    this.make = make
  }

  read(octets: Buffer, start = 0, end = octets.length): Value {
    const length = end - start
    if (length > this.longest) return this.make(octets, start, end)
    const place = placeOf(octets, start, end)
    const known = this.known[place]
    if (known !== undefined && isSame(known.octets, octets, start, length)) return known.value
    const value = this.make(octets, start, end)
    this.known[place] = { octets: Uint8Array.from(octets.subarray(start, end)), value }
    return value
  }
}

function placeOf(octets: Buffer, start: number, end: number): number {
  const step = Math.ceil((end - start) / octetsOfPlace)
  let hash = end - start
  for (let at = start; at < end; at += step) hash = (Math.imul(hash, 31) + (octets[at] ?? 0)) | 0
  return (hash ^ (hash >>> 15)) & (places - 1)
}

function isSame(known: Uint8Array, octets: Buffer, start: number, length: number): boolean {
  if (known.length !== length) return false
  for (let index = 0; index < length; index += 1) if (known[index] !== octets[start + index]) return false
  return true
}

const names = new KnownOctets(64, (octets, start, end) => octets.toString('utf8', start, end))

/** The text of a name; octets that are not UTF-8 become U+FFFD. */
export function knownText(octets: Buffer, start: number, end: number): string {
  return names.read(octets, start, end)
}
