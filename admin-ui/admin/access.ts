import type { Request, RequestHandler, Response } from 'express'
import type { AdminActor } from '../../server/directory/administrators/admin-actions.ts'
import type { SignedInAdmin } from '../../server/directory/administrators/admin-sign-in.ts'
import type { Clock } from '../../server/runtime/clock.ts'
import { addressOf } from '../client-address.ts'
import { HttpProblem } from '../http-problem.ts'
import { endSession, isKept } from '../sessions.ts'
import type { Administration } from './administration.ts'
import { may, type Permission, roleNames } from './permissions.ts'
import { type AdminSession, longestSessionMs } from './session.ts'

interface AdminLocals {
  readonly admin: SignedInAdmin
  readonly session: AdminSession
  /** Whether the session is not over, also by now. */
  readonly mayStill: () => Promise<boolean>
}

/** Lets in who is signed in; all others are led to the page where one signs in, and back. */
export function signedInAdmin({
  administrators,
  clock,
}: Pick<Administration, 'administrators' | 'clock'>): RequestHandler {
  return async (request, response, next) => {
    const { admin: session } = request.session
    const admin =
      session && !isTooOld(session, clock)
        ? await administrators.signIn.signedIn(session.name, session.epoch)
        : undefined
    if (session === undefined || admin === undefined) {
      if (session !== undefined) await endSession(request)
      leadToSignIn(request, response)
      return
    }
    const mayStill = async () => (await administrators.signIn.signedIn(session.name, session.epoch)) !== undefined
    const locals: AdminLocals = { admin, session, mayStill }
    Object.assign(response.locals, locals)
    next()
  }
}

function isTooOld({ signedInAt }: AdminSession, clock: Pick<Clock, 'now'>): boolean {
  return clock.now().getTime() - Date.parse(signedInAt) > longestSessionMs
}

/** Of a request that {@link signedInAdmin} let in and that has gone on for a while: whether its session is not over by now. */
export async function sessionGoesOn(
  request: Request,
  response: Response,
  { clock }: Pick<Administration, 'clock'>,
): Promise<boolean> {
  const { session, mayStill } = response.locals as AdminLocals
  return !isTooOld(session, clock) && (await isKept(request)) && (await mayStill())
}

/** After {@link signedInAdmin}: refuses whose role may not. */
export function permitted(permission: Permission): RequestHandler {
  return (_request, response, next) => {
    const { role } = adminOf(response)
    if (may(role, permission)) next()
    else
      throw new HttpProblem(403, `Your role, ${roleNames[role]}, may not do this. An Owner can give you another one.`)
  }
}

/** Who finds an unlocked computer can look, and not change who may sign in. */
const freshMs = 15 * 60_000

/** After {@link signedInAdmin}: leads whoever signed in too long ago to do it again. */
export function freshlySignedInAdmin({ clock }: Pick<Administration, 'clock'>): RequestHandler {
  return (request, response, next) => {
    const { signedInAt, authenticatedAt = signedInAt } = (response.locals as AdminLocals).session
    if (clock.now().getTime() - Date.parse(authenticatedAt) <= freshMs) next()
    else leadToSignIn(request, response, 'again')
  }
}

/** Of a request that {@link signedInAdmin} let in. */
export function adminOf({ locals }: Response): SignedInAdmin {
  return (locals as AdminLocals).admin
}

/** The administrator, as who does something. Whoever was signed out or got another role meanwhile changes nothing. */
export function actorOf(request: Request, response: Response): AdminActor {
  const { admin, mayStill } = response.locals as AdminLocals
  return { name: admin.recordedAs, address: addressOf(request), mayStill }
}

/** Where to go after the sign-in: a page of ours, and no other. */
export function pageAfterSignIn(text: string): string {
  return /^\/admin(?![^/?])(?!\/sign-in|\/setup)[^\s\\#]*$/.test(text) ? text : '/admin'
}

function leadToSignIn(request: Request, response: Response, why?: 'again'): void {
  const next = pageAfterSignIn(request.method === 'GET' ? request.originalUrl : pageOfForm(request))
  const query = new URLSearchParams({
    ...(why ? { [why]: '' } : {}),
    ...(next === '/admin' ? {} : { next }),
  }).toString()
  response.redirect(303, `/admin/sign-in${query === '' ? '' : `?${query}`}`)
}

/** Where the form stood, as far as the browser says. */
function pageOfForm(request: Request): string {
  return URL.parse(request.get('referer') ?? '')?.pathname ?? ''
}
