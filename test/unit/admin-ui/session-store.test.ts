import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import express from 'express'
import session, { Cookie, type SessionData } from 'express-session'
import { expect, test } from 'vitest'
import { SessionStore } from '../../../admin-ui/session-store.ts'
import type { Json } from '../../../server/directory/directory-store.ts'

const hour = 3_600_000

function stores() {
  const kept = new Map<string, Json>()
  let now = Date.parse('2026-11-22T08:00:00Z')
  let writes = 0
  const store = new SessionStore({
    clock: { now: () => new Date(now) },
    idleMs: hour,
    records: {
      get: async (key) => kept.get(key),
      set: async (key, value) => {
        writes++
        kept.set(key, value)
      },
      update: async (key, value) => {
        if (!kept.has(key)) return
        writes++
        kept.set(key, value)
      },
      delete: async (key) => void kept.delete(key),
    },
  })
  return {
    store,
    kept,
    pass: (ms: number) => void (now += ms),
    writes: () => writes,
    get: promisify<string, SessionData | null | undefined>(store.get.bind(store)),
    set: promisify<string, SessionData>(store.set.bind(store)),
    touch: promisify<string, SessionData>(store.touch.bind(store)),
    destroy: promisify<string>(store.destroy.bind(store)),
  }
}

// A session with something in it, as a page would leave it.
const sessionOf = (more: object = {}) => ({ cookie: new Cookie(), user: 'ada', ...more }) as unknown as SessionData

test('gives back what was set, until it is destroyed', async () => {
  const { get, set, destroy } = stores()
  await set('id-1', sessionOf())
  expect(await get('id-1')).toMatchObject({ user: 'ada' })
  expect(await get('id-2')).toBeNull()
  await destroy('id-1')
  expect(await get('id-1')).toBeNull()
})

test('writing what was read does not bring back a session that was ended since', async () => {
  const { get, set, touch, destroy, pass } = stores()
  await set('id-1', sessionOf())
  const read = await get('id-1')
  if (!read) throw new Error('it is gone')
  await set('id-1', sessionOf({ ...read, notice: 'done' }))
  expect(await get('id-1')).toMatchObject({ notice: 'done' })
  await destroy('id-1')
  await set('id-1', sessionOf({ ...read, notice: 'late' }))
  pass(120_000)
  await touch('id-1', sessionOf({ ...read }))
  expect(await get('id-1')).toBeNull()
})

test('does not keep session ids', async () => {
  const { kept, set } = stores()
  await set('id-1', sessionOf())
  expect(JSON.stringify([...kept])).not.toContain('id-1')
})

test('forgets a session after its idle time', async () => {
  const { get, set, kept, pass } = stores()
  await set('id-1', sessionOf())
  pass(hour - 1)
  expect(await get('id-1')).toMatchObject({ user: 'ada' })
  pass(1)
  expect(await get('id-1')).toBeNull()
  expect(kept.size).toBe(0)
})

test('ends with its cookie when that has an expiry', async () => {
  const { get, set, pass } = stores()
  const cookie = Object.assign(new Cookie(), { expires: new Date('2026-11-22T08:10:00Z') })
  await set('id-1', sessionOf({ cookie }))
  pass(10 * 60_000 - 1)
  expect(await get('id-1')).toMatchObject({ user: 'ada' })
  pass(1)
  expect(await get('id-1')).toBeNull()
})

test('a touch extends a session, seldom writes, changes nothing else and revives nothing', async () => {
  const { get, set, touch, destroy, pass, writes } = stores()
  await set('id-1', sessionOf())
  pass(30_000)
  await touch('id-1', sessionOf({ user: 'mallory' }))
  expect(writes()).toBe(1)
  pass(hour / 2)
  await touch('id-1', sessionOf({ user: 'mallory' }))
  expect(writes()).toBe(2)
  pass(hour - 1)
  expect(await get('id-1')).toMatchObject({ user: 'ada' })
  await destroy('id-1')
  await touch('id-1', sessionOf())
  expect(await get('id-1')).toBeNull()
})

test('hands on a failure of its records', async () => {
  const broken = () => Promise.reject(new Error('disk full'))
  const store = new SessionStore({
    clock: { now: () => new Date() },
    records: { get: broken, set: broken, update: broken, delete: broken },
  })
  await expect(promisify(store.get.bind(store))('id')).rejects.toThrow('disk full')
  await expect(promisify(store.set.bind(store))('id', sessionOf())).rejects.toThrow('disk full')
})

test('serves express-session: a session lives across requests and is revoked on the server', async () => {
  const { store, kept } = stores()
  const app = express()
  app.use(session({ store, secret: 'test', resave: false, saveUninitialized: false }))
  app.get('/login', (request, response) => {
    Object.assign(request.session, { user: 'ada' })
    response.send('in')
  })
  app.get('/who', (request, response) => void response.send(String(Reflect.get(request.session, 'user') ?? 'nobody')))
  const server = createServer(app).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  try {
    // A server that listens on a port has an AddressInfo.
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const cookie = (await fetch(`${url}/login`)).headers.get('set-cookie')?.split(';')[0] ?? ''
    const who = async () => (await fetch(`${url}/who`, { headers: { cookie } })).text()
    expect(await who()).toBe('ada')
    kept.clear()
    expect(await who()).toBe('nobody')
  } finally {
    server.close()
    server.closeAllConnections()
  }
})
