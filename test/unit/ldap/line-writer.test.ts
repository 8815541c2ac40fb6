import { expect, test } from 'vitest'
import { createLineWriter } from '../../../server/ldap/line-writer.ts'

function sinkOf() {
  const pieces: Uint8Array[] = []
  return {
    pieces,
    writableLength: 0,
    write: (lines: Uint8Array) => pieces.push(lines),
    get text() {
      return Buffer.concat(pieces).toString()
    },
  }
}

test('lines of any length come out whole and in order, each piece in octets of its own', () => {
  const sink = sinkOf()
  const writer = createLineWriter(sink)
  const lines = [1, 300, 21_000, 22_000, 65_536, 200_000, 3].flatMap((length) =>
    ['x', 'é', '漢', '😀'].map((letter) => `${letter.repeat(length)}\n`),
  )
  for (const line of lines) writer.write(line)
  writer.flush()
  expect(sink.text).toBe(lines.join(''))
  for (const piece of sink.pieces) expect(piece.at(-1)).toBe(0x0a)
  const written = sink.text
  writer.write('later\n')
  writer.flush()
  writer.flush()
  expect(sink.text).toBe(`${written}later\n`)
})

test('many short lines go out together', () => {
  const sink = sinkOf()
  const writer = createLineWriter(sink)
  for (let number = 0; number < 1000; number += 1) writer.write(`${'x'.repeat(99)}\n`)
  writer.flush()
  expect(sink.text.length).toBe(100_000)
  expect(sink.pieces.length).toBeLessThan(4)
})

test('what a sink that does not keep up would have to wait with is dropped, and counted once it goes on', () => {
  const sink = sinkOf()
  const writer = createLineWriter(sink)
  sink.writableLength = 9 * 1024 * 1024
  for (let number = 0; number < 3; number += 1) writer.write('lost\n')
  sink.writableLength = 0
  writer.write('kept\n')
  writer.write('kept too\n')
  writer.flush()
  const [dropped, ...rest] = sink.text.split('\n')
  expect(JSON.parse(dropped ?? '')).toMatchObject({ event: 'access log lines dropped', count: 3 })
  expect(rest).toEqual(['kept', 'kept too', ''])
})

test('a line does not wait for the next one', async () => {
  const { promise, resolve } = Promise.withResolvers<string>()
  const writer = createLineWriter({ writableLength: 0, write: (lines) => resolve(Buffer.from(lines).toString()) })
  writer.write('alone\n')
  const keepAlive = setInterval(() => undefined, 50)
  expect(await promise).toBe('alone\n')
  clearInterval(keepAlive)
})
