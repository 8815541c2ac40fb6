import type { RequestHandler, Response } from 'express'
import type { NotSignedIn } from '../../sync/oidc/sign-in-places.ts'
import { attemptMinutes } from '../../sync/oidc/sign-in-attempts.ts'
import { addressOf } from '../client-address.ts'
import { answerOf, attemptCookie } from '../attempt-cookie.ts'
import { cookieOf } from '../cookie.ts'
import { HttpProblem } from '../http-problem.ts'
import { completed, longAgo, showNotSignedIn } from '../provider-sign-in.ts'
import type { Views } from '../views.ts'
import type { SelfService } from './self-service.ts'
import { signIn } from './session.ts'

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
    const found = completed(
      await peopleSignIn().complete({ ticket, query: answerOf(request), address: addressOf(request) }),
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

function notSignedIn(views: Views, response: Response, organization: string, answer: NotSignedIn): void {
  showNotSignedIn(views, response, answer, {
    template: 'pages/me/not-signed-in',
    signInPath: '/me/sign-in',
    messageOf(problem, provider) {
      switch (problem) {
        case 'declined':
          return `${provider} did not sign you in: you declined, or you may not sign in here. Ask your administrator if that surprises you.`
        case 'failed':
          return `Sign-in with ${provider} did not work. Try again; if it stays so, tell your administrator. The log of this server says why.`
        case 'nobody':
          return `${provider} knows you, but there is no page for you at ${organization}. Ask your administrator.`
        default:
          return problem satisfies never
      }
    },
  })
}
