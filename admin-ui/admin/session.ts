import type { Request, RequestHandler } from 'express'
import { keepSession, renewSession, sessions } from '../sessions.ts'
import type { Administration } from './administration.ts'

/** Who is signed in to the administrators' pages. The role is read anew for every request. */
export interface AdminSession {
  readonly name: string
  /** Of the administrator's record when the session began; it is over when that is another. */
  readonly epoch: string
  /** ISO 8601, UTC. */
  readonly signedInAt: string
  /** ISO 8601, UTC: when the person showed who they are, where a provider may have remembered them since. */
  readonly authenticatedAt?: string
}

declare module 'express-session' {
  interface SessionData {
    admin: AdminSession
  }
}

/** However much it is used. */
export const longestSessionMs = 12 * 3_600_000

/** In another cookie than people's own. */
export function adminSessions({
  sessions: records,
  cookieKey,
  publicUrl,
  clock,
}: Pick<Administration, 'sessions' | 'cookieKey' | 'publicUrl' | 'clock'>): RequestHandler {
  return sessions('rosterd-admin', { records, cookieKey, publicUrl, clock })
}

export async function beginSession(request: Request, admin: AdminSession): Promise<void> {
  await renewSession(request)
  request.session.admin = admin
  await keepSession(request)
}
