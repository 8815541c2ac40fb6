import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readIntoOneBuffer } from '../../../server/ldap/one-read-buffer.ts'

let server: Server
const clients: Socket[] = []

beforeEach(async () => {
  server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  readIntoOneBuffer(server)
})

afterEach(() => {
  for (const client of clients.splice(0)) client.destroy()
  server.close()
})

async function connection(): Promise<{ readonly client: Socket; readonly accepted: Socket }> {
  const arrived = once(server, 'connection')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  clients.push(client)
  const [accepted] = (await arrived) as [Socket]
  return { client, accepted }
}

async function chunkOf({ client, accepted }: Awaited<ReturnType<typeof connection>>, text: string): Promise<Buffer> {
  const arrived = once(accepted, 'data')
  client.write(text)
  const [chunk] = (await arrived) as [Buffer]
  return chunk
}

describe('connections that are read into one buffer', () => {
  test('give octets that later ones do not change', async () => {
    const [one, other] = [await connection(), await connection()]
    const chunks = [await chunkOf(one, 'first'), await chunkOf(other, 'second'), await chunkOf(one, 'third')]
    expect(chunks.map(String)).toEqual(['first', 'second', 'third'])
  })

  test('allocate nothing for a short one, as Node does where its parts are not what they were', async () => {
    const chunk = await chunkOf(await connection(), 'short')
    expect(chunk.buffer.byteLength).toBeGreaterThan(chunk.length)
  })

  test('give what is large to its end', async () => {
    const { client, accepted } = await connection()
    let octets = 0
    accepted.on('data', (chunk: Buffer) => (octets += chunk.length))
    client.end(Buffer.alloc(1_000_000, 'x'))
    await once(accepted, 'end')
    expect(octets).toBe(1_000_000)
  })

  test('give nothing while they are paused, and what was put back first', async () => {
    const { client, accepted } = await connection()
    const given: string[] = []
    accepted.on('data', (chunk: Buffer) => given.push(String(chunk)))
    accepted.pause()
    client.write('later')
    const other = await connection()
    await chunkOf(other, 'meanwhile')
    expect(given).toEqual([])
    accepted.unshift(Buffer.from('before'))
    accepted.resume()
    while (given.length < 2) await once(accepted, 'data')
    expect(given).toEqual(['before', 'later'])
  })

  test('answer', async () => {
    const { client, accepted } = await connection()
    accepted.end('answer')
    const [answer] = (await once(client, 'data')) as [Buffer]
    expect(String(answer)).toBe('answer')
  })
})

test('a server that has not begun to listen goes on as ever', async () => {
  const early = createServer()
  readIntoOneBuffer(early)
  early.listen(0, '127.0.0.1')
  await once(early, 'listening')
  const client = connect((early.address() as AddressInfo).port, '127.0.0.1')
  clients.push(client)
  const [accepted] = (await once(early, 'connection')) as [Socket]
  expect(String(await chunkOf({ client, accepted }, 'as ever'))).toBe('as ever')
  early.close()
})
