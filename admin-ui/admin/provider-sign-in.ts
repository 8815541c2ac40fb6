import type { RequestHandler, Response } from 'express'
import type { NotSignedIn } from '../../sync/oidc/sign-in-places.ts'
import { attemptMinutes } from '../../sync/oidc/sign-in-attempts.ts'
import { answerOf, attemptCookie } from '../attempt-cookie.ts'
import { addressOf } from '../client-address.ts'
import { cookieOf } from '../cookie.ts'
import { field } from '../forms.ts'
import { HttpProblem } from '../http-problem.ts'
import { completed, longAgo, showNotSignedIn } from '../provider-sign-in.ts'
import type { Views } from '../views.ts'
import { pageAfterSignIn } from './access.ts'
import type { Administration } from './administration.ts'
import { beginSession } from './session.ts'

type ProviderSignInServices = Pick<Administration, 'adminsSignIn' | 'organization' | 'publicUrl' | 'clock'>

/** Administrators who sign in at an identity provider. */
export function providerSignInPages(views: Views, services: ProviderSignInServices) {
  const { adminsSignIn, organization, publicUrl, clock } = services
  const { name, options } = attemptCookie('rosterd-admin-sign-in', publicUrl)

  function notSignedIn(response: Response, answer: NotSignedIn): void {
    showNotSignedIn(views, response, answer, {
      template: 'pages/admin/not-signed-in',
      signInPath: '/admin/sign-in',
      messageOf(problem, provider) {
        switch (problem) {
          case 'declined':
            return `${provider} did not sign you in: you declined, or you may not sign in here.`
          case 'failed':
            return `Sign-in with ${provider} did not work. Try again; if it stays so, the log of this server says why.`
          case 'nobody':
            return `${provider} knows you, but you do not administer ${organization} with that account. The log of this server says why.`
          default:
            return problem satisfies never
        }
      },
    })
  }

  /** Sends the browser to a provider. */
  const begin: RequestHandler = async (request, response) => {
    const place = adminsSignIn.places.find(({ id }) => id === request.params['provider'])
    if (place === undefined) throw new HttpProblem(404, 'Nobody signs in there.')
    const isFresh = field(request, 'again') !== ''
    const begun = await adminsSignIn.begin(place, isFresh)
    if (typeof begun === 'string') {
      notSignedIn(response, { place, isFresh, problem: begun })
      return
    }
    const next = Buffer.from(pageAfterSignIn(field(request, 'next'))).toString('base64url')
    response.cookie(name, `${begun.ticket}.${next}`, { ...options, maxAge: attemptMinutes * 60_000 })
    response.redirect(303, begun.address)
  }

  /** Where a provider sends the browser back to. */
  const answer: RequestHandler = async (request, response) => {
    const kept = cookieOf(request, name)
    const end = kept.lastIndexOf('.')
    const [ticket, next] = [kept.slice(0, Math.max(0, end)), Buffer.from(kept.slice(end + 1), 'base64url').toString()]
    const found = completed(
      await adminsSignIn.complete({ ticket, query: answerOf(request), address: addressOf(request) }),
    )
    response.clearCookie(name, options)
    if ('problem' in found) {
      notSignedIn(response, found)
      return
    }
    const { name: admin, epoch, authenticatedAt = longAgo } = found
    await beginSession(request, {
      name: admin,
      epoch,
      signedInAt: clock.now().toISOString(),
      authenticatedAt: authenticatedAt.toISOString(),
    })
    response.redirect(303, pageAfterSignIn(next))
  }

  return { begin, answer }
}
