import type { RequestHandler } from 'express'
import type { Views } from '../views.ts'
import { ownOf } from './own-account.ts'
import type { SelfService } from './self-service.ts'
import { endSession } from '../sessions.ts'

/** Where one signs in; there is nothing to see for whoever is nobody yet. */
export function signInPage(views: Views, { organization, signIn }: SelfService): RequestHandler {
  return (request, response) => {
    const title = `Sign in to your account at ${organization}`
    const isAgain = 'again' in request.query
    response
      .type('html')
      .send(views.render('pages/me/sign-in', { title, organization, isAgain, places: signIn().places }))
  }
}

export const signOutHere: RequestHandler = async (request, response) => {
  await endSession(request)
  response.redirect(303, '/me/sign-in')
}

export function signOutEverywhere({ sessions }: SelfService): RequestHandler {
  return async (_request, response) => {
    await sessions.endOf(ownOf(response).person.entryUUID)
    response.redirect(303, '/me/sign-in')
  }
}
