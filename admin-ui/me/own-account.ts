import type { RequestHandler, Response } from 'express'
import { signOut, type SignedInPerson } from './session.ts'
import type { OwnAccount, SelfService } from './self-service.ts'

interface OwnLocals {
  readonly account: OwnAccount
  readonly person: SignedInPerson
}

/** Lets in who is signed in and may still be; all others are led to the page where one signs in. */
export function signedIn({ account }: Pick<SelfService, 'account'>): RequestHandler {
  return async (request, response, next) => {
    const { person } = request.session
    const own = person && (await account(person.entryUUID))
    if (person === undefined || own === undefined) {
      if (person !== undefined) await signOut(request)
      response.redirect(303, '/me/sign-in')
      return
    }
    const locals: OwnLocals = { account: own, person }
    Object.assign(response.locals, locals)
    next()
  }
}

/** Of a request that {@link signedIn} let in. */
export function ownOf({ locals }: Response): OwnLocals {
  return locals as OwnLocals
}
