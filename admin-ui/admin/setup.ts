import type { Request, RequestHandler, Response } from 'express'
import { ChangeRefused } from '../../server/directory/credentials/change-refused.ts'
import { addressOf } from '../client-address.ts'
import { HttpProblem } from '../http-problem.ts'
import { field } from '../forms.ts'
import type { Views } from '../views.ts'
import type { Administration } from './administration.ts'
import { beginSession } from './session.ts'
import { sessionOf } from './sign-in.ts'

type SetupServices = Pick<Administration, 'organization' | 'administrators' | 'clock'>

/** What a setup link opens. Looking changes nothing. */
export function showSetup(views: Views, services: SetupServices): RequestHandler {
  return async (request, response) => {
    const { name } = (await services.administrators.credentials.openLink(tokenOf(request))) ?? unusable()
    page(views, services, response, name, 200, {})
  }
}

/** The administrator has a password, and is signed in; the link is used up. */
export function finishSetup(views: Views, services: SetupServices): RequestHandler {
  const { credentials } = services.administrators
  return async (request, response) => {
    const token = tokenOf(request)
    const { name } = (await credentials.openLink(token)) ?? unusable()
    const chosen = { name: field(request, 'name').trim(), password: field(request, 'password') }
    const refuse = (problem: string) => page(views, services, response, name, 422, { chosenName: chosen.name, problem })
    if (chosen.password !== field(request, 'again')) return refuse('The two passwords are not the same.')
    try {
      const admin = (await credentials.useLink(token, chosen, addressOf(request))) ?? unusable()
      await beginSession(request, sessionOf(admin, services))
      response.redirect(303, '/admin')
    } catch (error) {
      if (!(error instanceof ChangeRefused)) throw error
      refuse(error.message)
    }
  }
}

function page(
  views: Views,
  { organization }: SetupServices,
  response: Response,
  name: string | null,
  status: number,
  model: object,
): void {
  const title = name === null ? `Set up the administration of ${organization}` : 'Choose your password'
  const shown = { title, organization, isFirst: name === null, name: name ?? '', chosenName: '', problem: '', ...model }
  response.status(status).type('html').send(views.render('pages/admin/setup', shown))
}

/** The same for a link that never was, was used or is too old. */
function unusable(): never {
  throw new HttpProblem(
    404,
    'This link cannot be used, or not any more. For a new one ask an Owner, or run "rosterd admin reset" on the server; before there is an administrator, start the server anew.',
  )
}

function tokenOf({ params }: Request): string {
  return String(params['token'])
}
