import type { RequestHandler, Response } from 'express'
import type { NotSignedIn, SignInProblem } from '../../sync/oidc/sign-in-places.ts'
import { attemptMinutes } from '../../sync/oidc/sign-in-attempts.ts'
import { addressOf } from '../client-address.ts'
import { answerOf, attemptCookie } from '../attempt-cookie.ts'
import { cookieOf } from '../cookie.ts'
import { HttpProblem } from '../http-problem.ts'
import type { Views } from '../views.ts'
import type { SelfService } from './self-service.ts'
import { signIn } from './session.ts'

/** Whoever has to show who they are again has not done so since then, as far as is known. */
const longAgo = new Date(0)

/** Sends the browser to a provider. */
export function beginSignIn(
  views: Views,
  { signIn: peopleSignIn, organization }: SelfService,
  publicUrl: string,
): RequestHandler {
  const { name, options } = attemptCookie('rosterd-sign-in', publicUrl)
  return async (request, response) => {
    const people = peopleSignIn()
    const place = people.places.find(({ id }) => id === request.params['provider'])
    if (place === undefined) throw new HttpProblem(404, 'Nobody signs in there.')
    const isFresh = 'again' in request.query
    const begun = await people.begin(place, isFresh)
    if (typeof begun === 'string') {
      notSignedIn(views, response, organization, { place, isFresh, problem: begun })
      return
    }
    response.cookie(name, begun.ticket, { ...options, maxAge: attemptMinutes * 60_000 })
    response.redirect(303, begun.address)
  }
}

/** Where a provider sends the browser back to. */
export function signInAnswer(
  views: Views,
  { signIn: peopleSignIn, organization }: SelfService,
  publicUrl: string,
): RequestHandler {
  const { name, options } = attemptCookie('rosterd-sign-in', publicUrl)
  return async (request, response) => {
    const ticket = cookieOf(request, name)
    const found = await peopleSignIn().complete({ ticket, query: answerOf(request), address: addressOf(request) })
    if (found === 'busy') throw new HttpProblem(429, 'Too many people sign in at once. Try again in a minute.')
    if (found === undefined)
      throw new HttpProblem(
        400,
        `This answer does not belong to a sign-in that was begun in this browser within the last ${attemptMinutes} minutes. Sign in again.`,
      )
    response.clearCookie(name, options)
    if ('problem' in found) {
      notSignedIn(views, response, organization, found)
      return
    }
    const { entryUUID, provider, authenticatedAt = longAgo } = found
    await signIn(request, { entryUUID, provider, signedInAt: authenticatedAt.toISOString() })
    response.redirect(303, '/me')
  }
}

const statuses: Readonly<Record<SignInProblem, number>> = { unavailable: 503, declined: 422, failed: 422, nobody: 403 }

function notSignedIn(
  views: Views,
  response: Response,
  organization: string,
  { place, isFresh, problem }: NotSignedIn,
): void {
  const html = views.render('pages/me/not-signed-in', {
    title: 'You are not signed in',
    message: messageOf(problem, place.name, organization),
    // Whoever is nobody here is asked for another account.
    again: isFresh || problem === 'nobody' ? '/me/sign-in?again' : '/me/sign-in',
  })
  response.status(statuses[problem]).type('html').send(html)
}

function messageOf(problem: SignInProblem, provider: string, organization: string): string {
  switch (problem) {
    case 'unavailable':
      return `${provider} does not answer now. Try again in a few minutes.`
    case 'declined':
      return `${provider} did not sign you in: you declined, or you may not sign in here. Ask your administrator if that surprises you.`
    case 'failed':
      return `Sign-in with ${provider} did not work. Try again; if it stays so, tell your administrator. The log of this server says why.`
    case 'nobody':
      return `${provider} knows you, but there is no page for you at ${organization}. Ask your administrator.`
    default:
      return problem satisfies never
  }
}
