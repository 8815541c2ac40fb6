import type { Request, RequestHandler } from 'express'
import type { Enrollment } from '../../sync/enrollment/enrollment.ts'
import { HttpProblem } from '../http-problem.ts'
import type { Views } from '../views.ts'

interface EnrollServices {
  readonly organization: string
  readonly enrollment: Pick<Enrollment, 'find' | 'confirm'>
}

/** What an enrollment link opens: says what the button does. Looking changes nothing, so that mail scanners may. */
export function enrollShow(views: Views, { organization, enrollment }: EnrollServices): RequestHandler {
  return async (request, response) => {
    const invitee = (await enrollment.find(tokenOf(request))) ?? unusable()
    const title = `Confirm your account at ${organization}`
    response.type('html').send(views.render('pages/enroll', { title, organization, ...invitee }))
  }
}

/** The button: the link is used up. */
export function enrollConfirm(views: Views, { organization, enrollment }: EnrollServices): RequestHandler {
  return async (request, response) => {
    const invitee = (await enrollment.confirm(tokenOf(request))) ?? unusable()
    response.type('html').send(views.render('pages/enrolled', { title: 'Thank you', organization, ...invitee }))
  }
}

/** The same for a link that never was, was used or is too old. */
function unusable(): never {
  throw new HttpProblem(404, 'This link cannot be used, or not any more. Ask your administrator for a new one.')
}

function tokenOf({ params }: Request): string {
  return String(params['token'])
}
