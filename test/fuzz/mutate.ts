import { element } from '../../server/protocol/ber-writer.ts'
import type { Random } from './random.ts'

/** One element of a message, by the places of its parts. */
interface Place {
  readonly tag: number
  readonly length: number
  readonly contents: number
  readonly end: number
}

/** Every element of a well-formed message, outer ones first. */
function places(message: Buffer, start = 0, end = message.length, found: Place[] = []): Place[] {
  for (let at = start; at + 2 <= end; ) {
    const first = message[at + 1] ?? 0
    const octets = first < 0x80 ? 0 : first & 0x7f
    if (octets > 4 || at + 2 + octets > end) break
    const length = octets === 0 ? first : message.readUIntBE(at + 2, octets)
    const place = { tag: at, length: at + 1, contents: at + 2 + octets, end: at + 2 + octets + length }
    if (place.end > end) break
    found.push(place)
    if ((message[at] ?? 0) & 0x20) places(message, place.contents, place.end, found)
    at = place.end
  }
  return found
}

const tags = [
  0x01, 0x02, 0x04, 0x0a, 0x30, 0x31, 0x42, 0x4a, 0x50, 0x60, 0x63, 0x66, 0x68, 0x6c, 0x6e, 0x77, 0x80, 0x81, 0x87,
  0xa0, 0xa2, 0xa3, 0xa4, 0xa9,
]
const integers = ['00', '7f', 'ff', '7fffffff', '80000000', '00ffffffff', '7fffffffffffffff', 'ffffffffffffffffff']
const texts = [
  '',
  '*',
  '\0',
  '(',
  '\\',
  ',',
  '+',
  '=',
  'uid=',
  '💥',
  'a'.repeat(300),
  '2.5.4.3',
  '1.1',
  '+',
  '@top',
  ';binary',
  'cn;;;',
  '%s%n',
]

/** Replaces the contents of an element and mends the lengths around it: what comes out is well-formed BER with odd values. */
function withContents(message: Buffer, place: Place, contents: Uint8Array): Buffer {
  const rebuilt = Buffer.concat([
    message.subarray(0, place.tag),
    element(message[place.tag] ?? 0, contents),
    message.subarray(place.end),
  ])
  return mended(message, place, rebuilt)
}

function mended(message: Buffer, changed: Place, rebuilt: Buffer): Buffer {
  const outer = places(message).filter(({ contents, end }) => contents <= changed.tag && end >= changed.end)
  const parent = outer.at(-1)
  if (!parent) return rebuilt
  const grown = rebuilt.length - message.length
  return withContents(message, parent, rebuilt.subarray(parent.contents, parent.end + grown))
}

type Mutation = (message: Buffer, random: Random) => Buffer

const inside =
  (change: (message: Buffer, place: Place, random: Random) => Buffer): Mutation =>
  (message, random) => {
    const found = places(message)
    return found.length === 0 ? message : change(message, random.pick(found), random)
  }

const mutations: readonly Mutation[] = [
  // Odd values in sound BER
  inside((message, place, random) => withContents(message, place, Buffer.from(random.pick(integers), 'hex'))),
  inside((message, place, random) => withContents(message, place, Buffer.from(random.pick(texts)))),
  inside((message, place, random) => withContents(message, place, random.bytes(random.below(40)))),
  inside((message, place) => withContents(message, place, Buffer.alloc(0))),
  inside((message, place, random) => {
    const contents = message.subarray(place.contents, place.end)
    return withContents(message, place, Buffer.concat(Array.from({ length: 1 + random.below(20) }, () => contents)))
  }),
  inside((message, place, random) => {
    let contents: Uint8Array = message.subarray(place.tag, place.end)
    for (let i = random.below(200); i > 0; i -= 1) contents = element(random.pick(tags), contents)
    return withContents(message, place, contents)
  }),
  // Broken BER
  inside((message, place, random) => {
    const copy = Buffer.from(message)
    copy[place.tag] = random.next() < 0.5 ? random.pick(tags) : random.below(256)
    return copy
  }),
  inside((message, place, random) => {
    const copy = Buffer.from(message)
    copy[place.length] = random.pick([0, 1, 0x7f, 0x80, 0x81, 0x84, 0xff, random.below(256)])
    return copy
  }),
  (message, random) => {
    const copy = Buffer.from(message)
    for (let i = 1 + random.below(4); i > 0; i -= 1) copy[random.below(copy.length)] = random.below(256)
    return copy
  },
  (message, random) => message.subarray(0, random.below(message.length)),
  (message, random) => {
    const at = random.below(message.length)
    return Buffer.concat([message.subarray(0, at), random.bytes(1 + random.below(8)), message.subarray(at)])
  },
  (message, random) =>
    Buffer.concat([message.subarray(0, random.below(message.length)), message.subarray(random.below(message.length))]),
  (_message, random) => random.bytes(1 + random.below(64)),
]

/** One to three mutations of a valid message. */
export function mutate(message: Buffer, random: Random): Buffer {
  let mutated = message
  for (let i = 1 + random.below(3); i > 0 && mutated.length > 0 && mutated.length < 60_000; i -= 1)
    mutated = random.pick(mutations)(mutated, random)
  return mutated
}
