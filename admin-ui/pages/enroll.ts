import type { Request, RequestHandler } from 'express'
import type { Enrollment } from '../../sync/enrollment/enrollment.ts'
import { HttpProblem } from '../http-problem.ts'
import type { SelfService } from '../me/self-service.ts'
import { signIn } from '../me/session.ts'
import type { Views } from '../views.ts'

interface EnrollServices {
  readonly organization: string
  readonly enrollment: Pick<Enrollment, 'find' | 'confirm'>
  readonly selfService: Pick<SelfService, 'clock'>
}

/** What an enrollment link opens: says what the button does. Looking changes nothing, so that mail scanners may. */
export function enrollShow(views: Views, { organization, enrollment }: EnrollServices): RequestHandler {
  return async (request, response) => {
    const invitee = (await enrollment.find(tokenOf(request))) ?? unusable()
    const title = `Confirm your account at ${organization}`
    response.type('html').send(views.render('pages/enroll', { title, organization, ...invitee }))
  }
}

/** The button: the link is used up, and the person is signed in to their own page. */
export function enrollConfirm({ enrollment, selfService }: EnrollServices): RequestHandler {
  return async (request, response) => {
    const { entryUUID } = (await enrollment.confirm(tokenOf(request))) ?? unusable()
    await signIn(request, { entryUUID, signedInAt: selfService.clock.now().toISOString(), provider: null })
    response.redirect(303, '/me')
  }
}

/** The same for a link that never was, was used or is too old. */
function unusable(): never {
  throw new HttpProblem(404, 'This link cannot be used, or not any more. Ask your administrator for a new one.')
}

function tokenOf({ params }: Request): string {
  return String(params['token'])
}
