import type { Request, RequestHandler } from 'express'
import session from 'express-session'
import type { Clock } from '../server/runtime/clock.ts'
import { SessionStore, type SessionRecords } from './session-store.ts'

declare module 'express-session' {
  interface SessionData {
    /** What was done, for the next page. */
    notice: string
  }
}

const idleMs = 3_600_000

export interface SessionOptions {
  readonly records: SessionRecords
  readonly cookieKey: string
  readonly publicUrl: string
  readonly clock: Pick<Clock, 'now'>
}

/** Sessions in a cookie of the given name that only our own pages send. */
export function sessions(name: string, { records, cookieKey, publicUrl, clock }: SessionOptions): RequestHandler {
  const isSecure = new URL(publicUrl).protocol === 'https:'
  const handler = session({
    store: new SessionStore({ records, clock, idleMs }),
    secret: cookieKey,
    name: isSecure ? `__Host-${name}` : name,
    resave: false,
    saveUninitialized: false,
    cookie: { path: '/', httpOnly: true, sameSite: 'lax', secure: isSecure },
  })
  return (request, response, next) => {
    // The public address says how browsers come; a proxy in front of this server speaks HTTP to it.
    if (isSecure) Object.defineProperty(request, 'secure', { value: true })
    handler(request, response, next)
  }
}

/** Gives the session an id that nobody knew before, and takes everything out of it. */
export async function renewSession(request: Request): Promise<void> {
  await done((end) => request.session.regenerate(end))
}

/** Keeps what was put into the session before the answer begins: a browser follows a redirect at its first octets. */
export async function keepSession(request: Request): Promise<void> {
  await done((end) => request.session.save(end))
}

/** Whether the session of a request that goes on was neither ended nor left unused for too long. */
export function isKept(request: Request): Promise<boolean> {
  return new Promise((resolve, reject) => {
    request.sessionStore.get(request.sessionID, (error: unknown, found) => {
      if (error === undefined || error === null) resolve(found !== undefined && found !== null)
      else reject(error instanceof Error ? error : new Error('the session could not be read', { cause: error }))
    })
  })
}

export async function endSession(request: Request): Promise<void> {
  await done((end) => request.session.destroy(end))
}

function done(begin: (end: (error: unknown) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    begin((error) => {
      if (error === undefined || error === null) resolve()
      else reject(error instanceof Error ? error : new Error('the session could not be stored', { cause: error }))
    })
  })
}
