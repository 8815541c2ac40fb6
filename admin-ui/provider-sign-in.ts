import type { Response } from 'express'
import { attemptMinutes } from '../sync/oidc/sign-in-attempts.ts'
import type { NotSignedIn, SignInProblem } from '../sync/oidc/sign-in-places.ts'
import { HttpProblem } from './http-problem.ts'
import type { Views } from './views.ts'

/** Whoever has to show who they are again has not done so since then, as far as is known. */
export const longAgo = new Date(0)

/** What came of a sign-in at a provider; throws where it was none. */
export function completed<Found extends object>(found: Found | 'busy' | undefined): Found {
  if (found === 'busy') throw new HttpProblem(429, 'Too many people sign in at once. Try again in a minute.')
  if (found !== undefined) return found
  throw new HttpProblem(
    400,
    `This answer does not belong to a sign-in that was begun in this browser within the last ${attemptMinutes} minutes. Sign in again.`,
  )
}

const statuses: Readonly<Record<SignInProblem, number>> = { unavailable: 503, declined: 422, failed: 422, nobody: 403 }

/** Says why somebody is not signed in, and lets them try again at `signInPath`. */
export function showNotSignedIn(
  views: Views,
  response: Response,
  { place, isFresh, problem }: NotSignedIn,
  shown: {
    readonly template: string
    readonly signInPath: string
    readonly messageOf: (problem: Exclude<SignInProblem, 'unavailable'>, provider: string) => string
  },
): void {
  const html = views.render(shown.template, {
    title: 'You are not signed in',
    message:
      problem === 'unavailable'
        ? `${place.name} does not answer now. Try again in a few minutes.`
        : shown.messageOf(problem, place.name),
    // Whoever is nobody here is asked for another account.
    again: isFresh || problem === 'nobody' ? `${shown.signInPath}?again` : shown.signInPath,
  })
  response.status(statuses[problem]).type('html').send(html)
}
