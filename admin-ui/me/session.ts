import type { Request, RequestHandler } from 'express'
import session from 'express-session'
import type { Clock } from '../../server/runtime/clock.ts'
import { SessionStore, type SessionRecords } from '../session-store.ts'

/** Who is signed in to the self-service page. */
export interface SignedInPerson {
  readonly entryUUID: string
  /** ISO 8601, UTC: when the person showed who they are. Long ago when a provider may have remembered them since then. */
  readonly signedInAt: string
  /** Id of the provider that vouched for the person; null: an enrollment link. */
  readonly provider: string | null
}

declare module 'express-session' {
  interface SessionData {
    person: SignedInPerson
    /** What was done, for the next page. */
    notice: string
  }
}

const idleMs = 3_600_000

/** Sessions of people, in a cookie that only our own pages send. */
export function personSessions(options: {
  readonly records: SessionRecords
  readonly cookieKey: string
  readonly publicUrl: string
  readonly clock: Pick<Clock, 'now'>
}): RequestHandler {
  const { records, cookieKey, publicUrl, clock } = options
  const isSecure = new URL(publicUrl).protocol === 'https:'
  const sessions = session({
    store: new SessionStore({ records, clock, idleMs }),
    secret: cookieKey,
    name: isSecure ? '__Host-rosterd-me' : 'rosterd-me',
    resave: false,
    saveUninitialized: false,
    cookie: { path: '/', httpOnly: true, sameSite: 'lax', secure: isSecure },
  })
  return (request, response, next) => {
    // The public address says how browsers come; a proxy in front of this server speaks HTTP to it.
    if (isSecure) Object.defineProperty(request, 'secure', { value: true })
    sessions(request, response, next)
  }
}

/** Begins a session with an id that nobody knew before. */
export async function signIn(request: Request, person: SignedInPerson): Promise<void> {
  await done((end) => request.session.regenerate(end))
  request.session.person = person
  await keepSession(request)
}

/** Keeps what was put into the session before the answer begins: a browser follows a redirect at its first octets. */
export async function keepSession(request: Request): Promise<void> {
  await done((end) => request.session.save(end))
}

export async function signOut(request: Request): Promise<void> {
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
