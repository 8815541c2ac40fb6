import type { RequestHandler, Response } from 'express'
import type { Actor } from '../../server/directory/credentials/sign-in-context.ts'
import { sessionKey } from '../session-store.ts'
import { endSession } from '../sessions.ts'
import type { SignedInPerson } from './session.ts'
import type { OwnAccount, SelfService } from './self-service.ts'

interface OwnLocals {
  readonly account: OwnAccount
  readonly person: SignedInPerson
  /** Reads only. */
  readonly mayStill: () => Promise<boolean>
}

/** Lets in who is signed in and may still be; all others are led to the page where one signs in. */
export function signedIn({ account, sessions }: Pick<SelfService, 'account' | 'sessions'>): RequestHandler {
  return async (request, response, next) => {
    const { person } = request.session
    const own = person && (await account(person.entryUUID))
    if (person === undefined || own === undefined) {
      if (person !== undefined) await endSession(request)
      response.redirect(303, '/me/sign-in')
      return
    }
    const key = sessionKey(request.sessionID)
    const mayStill = async () =>
      (await sessions.get(key)) !== undefined && (await account(person.entryUUID)) !== undefined
    const locals: OwnLocals = { account: own, person, mayStill }
    Object.assign(response.locals, locals)
    next()
  }
}

/** Of a request that {@link signedIn} let in. */
export function ownOf({ locals }: Response): OwnLocals {
  return locals as OwnLocals
}

/** The person, as who changes their own account: no longer once the session has ended or the person may have no page. */
export function selfOf(response: Response): Actor {
  const { person, mayStill } = ownOf(response)
  return { kind: 'user', id: person.entryUUID, mayStill }
}

/** Who finds an unlocked computer can look, and not change what one signs in with. */
const freshMs = 15 * 60_000

/** After {@link signedIn}: leads whoever signed in too long ago to do it again. */
export function freshlySignedIn({ clock }: Pick<SelfService, 'clock'>): RequestHandler {
  return (_request, response, next) => {
    const { person } = ownOf(response)
    if (clock.now().getTime() - Date.parse(person.signedInAt) <= freshMs) next()
    else response.redirect(303, '/me/sign-in?again')
  }
}
