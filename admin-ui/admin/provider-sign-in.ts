import type { RequestHandler, Response } from 'express'
import type { NotSignedIn, SignInProblem } from '../../sync/oidc/sign-in-places.ts'
import { attemptMinutes } from '../../sync/oidc/sign-in-attempts.ts'
import { answerOf, attemptCookie } from '../attempt-cookie.ts'
import { addressOf } from '../client-address.ts'
import { cookieOf } from '../cookie.ts'
import { field } from '../forms.ts'
import { HttpProblem } from '../http-problem.ts'
import type { Views } from '../views.ts'
import { pageAfterSignIn } from './access.ts'
import type { Administration } from './administration.ts'
import { beginSession } from './session.ts'

type ProviderSignInServices = Pick<Administration, 'adminsSignIn' | 'organization' | 'publicUrl' | 'clock'>

/** Whoever has to show who they are again has not done so since then, as far as is known. */
const longAgo = new Date(0)

/** Administrators who sign in at an identity provider. */
export function providerSignInPages(views: Views, services: ProviderSignInServices) {
  const { adminsSignIn, organization, publicUrl, clock } = services
  const { name, options } = attemptCookie('rosterd-admin-sign-in', publicUrl)

  function notSignedIn(response: Response, { place, isFresh, problem }: NotSignedIn): void {
    const html = views.render('pages/admin/not-signed-in', {
      title: 'You are not signed in',
      message: messageOf(problem, place.name, organization),
      // Whoever is nobody here is asked for another account.
      again: isFresh || problem === 'nobody' ? '/admin/sign-in?again' : '/admin/sign-in',
    })
    response.status(statuses[problem]).type('html').send(html)
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
    const found = await adminsSignIn.complete({ ticket, query: answerOf(request), address: addressOf(request) })
    if (found === 'busy') throw new HttpProblem(429, 'Too many people sign in at once. Try again in a minute.')
    if (found === undefined)
      throw new HttpProblem(
        400,
        `This answer does not belong to a sign-in that was begun in this browser within the last ${attemptMinutes} minutes. Sign in again.`,
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

const statuses: Readonly<Record<SignInProblem, number>> = { unavailable: 503, declined: 422, failed: 422, nobody: 403 }

function messageOf(problem: SignInProblem, provider: string, organization: string): string {
  switch (problem) {
    case 'unavailable':
      return `${provider} does not answer now. Try again in a few minutes.`
    case 'declined':
      return `${provider} did not sign you in: you declined, or you may not sign in here.`
    case 'failed':
      return `Sign-in with ${provider} did not work. Try again; if it stays so, the log of this server says why.`
    case 'nobody':
      return `${provider} knows you, but you do not administer ${organization} with that account. The log of this server says why.`
    default:
      return problem satisfies never
  }
}
