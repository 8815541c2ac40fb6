import type { Request, RequestHandler } from 'express'
import { keepSession, renewSession, type SessionOptions, sessions } from '../sessions.ts'

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
  }
}

export function personSessions(options: SessionOptions): RequestHandler {
  return sessions('rosterd-me', options)
}

export async function signIn(request: Request, person: SignedInPerson): Promise<void> {
  await renewSession(request)
  request.session.person = person
  await keepSession(request)
}
