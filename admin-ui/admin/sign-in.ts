import type { RequestHandler, Response } from 'express'
import type { AdminAttempt } from '../../server/directory/administrators/admin-sign-in.ts'
import type { AdminRecord } from '../../server/directory/administrators/admin-records.ts'
import { ChangeRefused } from '../../server/directory/credentials/change-refused.ts'
import { addressOf } from '../client-address.ts'
import { field } from '../forms.ts'
import { endSession } from '../sessions.ts'
import type { Views } from '../views.ts'
import { actorOf, adminOf, pageAfterSignIn } from './access.ts'
import type { Administration } from './administration.ts'
import { type AdminSession, beginSession } from './session.ts'

type SignInServices = Pick<Administration, 'organization' | 'administrators' | 'adminsSignIn' | 'clock'>

export function showSignIn(views: Views, services: SignInServices): RequestHandler {
  return (request, response) => {
    const { next } = request.query
    page(views, services, response, 200, {
      next: pageAfterSignIn(typeof next === 'string' ? next : ''),
      isAgain: 'again' in request.query,
    })
  }
}

export function attemptSignIn(views: Views, services: SignInServices): RequestHandler {
  return async (request, response) => {
    const name = field(request, 'name').trim()
    const next = pageAfterSignIn(field(request, 'next'))
    const attempt = {
      name,
      password: field(request, 'password'),
      code: field(request, 'code'),
      address: addressOf(request),
    }
    const result = await attempted(services, attempt)
    switch (result.outcome) {
      case 'signed-in':
        await beginSession(request, sessionOf(result.admin, services))
        response.redirect(303, next)
        return
      case 'refused':
        page(views, services, response, 422, {
          name,
          next,
          problem: 'That did not fit together. Check the name, the password, and the code if you have a second factor.',
        })
        return
      case 'busy':
        page(views, services, response, 503, { name, next, problem: result.message })
        return
      case 'throttled':
        page(views, services, response, 429, {
          name,
          next,
          problem: 'Too many attempts failed. Wait a while, then try again.',
        })
        return
      default:
        result satisfies never
    }
  }
}

async function attempted({ administrators }: SignInServices, attempt: AdminAttempt) {
  try {
    return await administrators.signIn.attempt(attempt)
  } catch (error) {
    if (error instanceof ChangeRefused) return { outcome: 'busy', message: error.message } as const
    throw error
  }
}

export const signOutAdmin: RequestHandler = async (request, response) => {
  await endSession(request)
  response.redirect(303, '/admin/sign-in')
}

export function signOutAdminEverywhere({ administrators }: SignInServices): RequestHandler {
  return async (request, response) => {
    await administrators.signOutEverywhere(adminOf(response).name, actorOf(request, response))
    await endSession(request)
    response.redirect(303, '/admin/sign-in')
  }
}

/** Of an administrator who signs in now. */
export function sessionOf({ name, epoch }: AdminRecord, { clock }: Pick<Administration, 'clock'>): AdminSession {
  return { name, epoch, signedInAt: clock.now().toISOString() }
}

function page(
  views: Views,
  { organization, adminsSignIn }: SignInServices,
  response: Response,
  status: number,
  model: object,
): void {
  const shown = {
    title: `Administration of ${organization}`,
    name: '',
    next: '/admin',
    isAgain: false,
    places: adminsSignIn.places,
    problem: '',
    ...model,
  }
  response.status(status).type('html').send(views.render('pages/admin/sign-in', shown))
}
