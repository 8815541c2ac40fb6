import type { Request, RequestHandler, Response } from 'express'
import { MasterKeyError } from '../../server/runtime/master-key.ts'
import { AuthorizationLinkError, type AuthorizationLinks } from '../../sync/authorization-links.ts'
import type { CredentialPurpose } from '../../sync/credential-health.ts'
import { ProviderError } from '../../sync/provider-error.ts'
import { cookieOf } from '../cookie.ts'
import { HttpProblem } from '../http-problem.ts'
import { formLeadsTo } from '../middleware/security-headers.ts'
import type { Views } from '../views.ts'

/** Binds an authorization to the browser that began it. */
const cookieName = 'rosterd_authorize'
const cookieMinutes = 20

/** Says what a one-time link will authorize, with one button. */
export function showAuthorization(views: Views, links: () => AuthorizationLinks): RequestHandler {
  return async (request, response, next) => {
    const link = await orNotFound(links().open(tokenOf(request)))
    const { name, provider, permissions, authority } = link
    const html = views.render('pages/authorize', {
      title: `Authorize an account for ${name}`,
      provider,
      purposes: purposesText(link.purposes),
      permissions,
      authority: new URL(authority).host,
    })
    formLeadsTo(() => [authority])(request, response, (error?: unknown) => {
      if (error === undefined) response.type('html').send(html)
      else next(error)
    })
  }
}

/** Sends the browser to the authority. */
export function beginAuthorization(views: Views, links: () => AuthorizationLinks, publicUrl: string): RequestHandler {
  return async (request, response) => {
    try {
      const begun = await orNotFound(links().begin(tokenOf(request), untilGone(response)))
      response.cookie(cookieName, begun.browserSecret, { ...cookieOptions(publicUrl), maxAge: cookieMinutes * 60_000 })
      response.redirect(303, begun.address)
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      refused(views, response, error)
    }
  }
}

/** Where the authority sends the browser back to. */
export function authorizationAnswer(views: Views, links: () => AuthorizationLinks, publicUrl: string): RequestHandler {
  return async (request, response) => {
    const { state = '', code, error, error_description: errorDescription } = textsOf(request)
    const browserSecret = cookieOf(request, cookieName)
    response.clearCookie(cookieName, cookieOptions(publicUrl))
    try {
      const answer = { state, browserSecret, code, error, errorDescription }
      const { provider, purposes, authorizedBy } = await links().complete(answer, untilGone(response))
      const html = views.render('pages/authorized', {
        title: `Your account passes ${purposesText(purposes)} validation`,
        provider,
        authorizedBy,
      })
      response.type('html').send(html)
    } catch (failure) {
      if (failure instanceof ProviderError) refused(views, response, failure)
      else if (failure instanceof AuthorizationLinkError)
        throw new HttpProblem(400, failure.message, { cause: failure })
      else if (failure instanceof MasterKeyError)
        throw new HttpProblem(
          503,
          'The authorization cannot be kept: the master key of this server is missing or wrong. Its log says what to do.',
          { cause: failure },
        )
      else throw failure
    }
  }
}

function refused(views: Views, response: Response, { message }: ProviderError): void {
  const html = views.render('pages/not-authorized', { title: 'The account was not authorized', message })
  response.status(422).type('html').send(html)
}

async function orNotFound<T>(result: Promise<T>): Promise<T> {
  try {
    return await result
  } catch (error) {
    if (error instanceof AuthorizationLinkError) throw new HttpProblem(404, error.message, { cause: error })
    throw error
  }
}

function purposesText(purposes: readonly CredentialPurpose[]): string {
  return `${purposes.map((purpose) => (purpose === 'users' ? 'user' : 'group')).join(' and ')} synchronization`
}

function tokenOf(request: Request): string {
  const { token } = request.params
  return typeof token === 'string' ? token : ''
}

/** Only what came once and as text. */
function textsOf({ query }: Request): Record<string, string | undefined> {
  const texts = Object.entries(query).map(([name, value]) => [name, typeof value === 'string' ? value : undefined])
  return Object.fromEntries(texts) as Record<string, string | undefined>
}

function cookieOptions(publicUrl: string) {
  const { protocol, pathname } = new URL(publicUrl)
  const path = `${pathname.replace(/\/+$/, '')}/authorize`
  return { httpOnly: true, sameSite: 'lax', secure: protocol === 'https:', path } as const
}

/** Aborts when the client has gone before it was answered. */
function untilGone(response: Response): AbortSignal {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  return gone.signal
}
