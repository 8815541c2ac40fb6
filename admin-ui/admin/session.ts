import type { Request, RequestHandler } from 'express'
import session from 'express-session'
import { keepSession } from '../me/session.ts'
import { SessionStore } from '../session-store.ts'
import type { Administration } from './administration.ts'

/** Who is signed in to the administrators' pages. The role is read anew for every request. */
export interface AdminSession {
  readonly name: string
  /** Of the administrator's record when the session began; it is over when that is another. */
  readonly epoch: string
  /** ISO 8601, UTC. */
  readonly signedInAt: string
}

declare module 'express-session' {
  interface SessionData {
    admin: AdminSession
  }
}

const idleMs = 3_600_000
/** However much it is used. */
export const longestSessionMs = 12 * 3_600_000

/** Sessions of administrators, in another cookie than people's own. */
export function adminSessions({
  sessions,
  cookieKey,
  publicUrl,
  clock,
}: Pick<Administration, 'sessions' | 'cookieKey' | 'publicUrl' | 'clock'>): RequestHandler {
  const isSecure = new URL(publicUrl).protocol === 'https:'
  const handler = session({
    store: new SessionStore({ records: sessions, clock, idleMs }),
    secret: cookieKey,
    name: isSecure ? '__Host-rosterd-admin' : 'rosterd-admin',
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

/** Begins a session with an id that nobody knew before. */
export async function beginSession(request: Request, admin: AdminSession): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  request.session.regenerate((error: unknown) => {
    if (error === undefined || error === null) resolve()
    else reject(error instanceof Error ? error : new Error('the session could not be stored', { cause: error }))
  })
  await promise
  request.session.admin = admin
  await keepSession(request)
}
