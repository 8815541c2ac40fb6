import type { Request, RequestHandler, Response } from 'express'
import { qrCode } from '../qr-code.ts'
import { ChangeRefused } from '../../server/directory/credentials/change-refused.ts'
import { createAttemptLimit } from '../../sync/attempt-limit.ts'
import { field } from '../forms.ts'
import { actorOf, adminOf } from './access.ts'
import type { Administration } from './administration.ts'
import { type AdminPages, done } from './frame.ts'
import { beginSession } from './session.ts'
import { sessionOf } from './sign-in.ts'

type OwnServices = Pick<Administration, 'administrators' | 'clock'>

const path = '/admin/account'
/** Of everybody together. */
const guessesPerMinute = 30

/** An administrator's own password and second factor. */
export function ownAccountPages(pages: AdminPages, services: OwnServices) {
  const { administrators, clock } = services
  const guesses = createAttemptLimit(guessesPerMinute, clock)

  function show(request: Request, response: Response, problems: { password?: string; secondFactor?: string } = {}) {
    const { hasSecondFactor, isLocal } = adminOf(response)
    const { password: passwordProblem = '', secondFactor: secondFactorProblem = '' } = problems
    const status = passwordProblem + secondFactorProblem === '' ? 200 : 422
    const model = { title: 'Your sign-in', hasSecondFactor, isLocal, passwordProblem, secondFactorProblem }
    pages.show(request, response, 'account', model, status)
  }

  const form =
    (
      section: 'password' | 'secondFactor',
      handle: (request: Request, response: Response) => Promise<void>,
    ): RequestHandler =>
    async (request, response) => {
      try {
        await handle(request, response)
      } catch (error) {
        if (!(error instanceof ChangeRefused)) throw error
        show(request, response, { [section]: error.message })
      }
    }

  /** Whoever has a session and no password does not get to try them all. Counts before it is looked at. */
  function countGuess(): void {
    if (guesses.isReached) throw new ChangeRefused('Too many were tried. Wait a minute.')
    guesses.count()
  }

  return {
    show: ((request, response) => show(request, response)) satisfies RequestHandler,

    setPassword: form('password', async (request, response) => {
      const { name } = adminOf(response)
      const password = field(request, 'password')
      countGuess()
      if (!(await administrators.credentials.isPassword(name, field(request, 'present'))))
        throw new ChangeRefused('That is not your present password.')
      if (password !== field(request, 'again')) throw new ChangeRefused('The two new passwords are not the same.')
      const admin = await administrators.credentials.setPassword(name, password, actorOf(request, response))
      await beginSession(request, sessionOf(admin, services))
      await done(request, response, path, 'Your password is set. You are signed out everywhere else.')
    }),

    beginSecondFactor: form('secondFactor', async (request, response) => {
      const { name } = adminOf(response)
      const setup = await administrators.credentials.beginSecondFactor(name, actorOf(request, response))
      const image = await qrCode(setup.uri)
      pages.show(request, response, 'second-factor', { title: 'Set up a second factor', ...setup, image })
    }),

    confirmSecondFactor: form('secondFactor', async (request, response) => {
      const { name } = adminOf(response)
      countGuess()
      const isRight = await administrators.credentials.confirmSecondFactor(
        name,
        field(request, 'code'),
        actorOf(request, response),
      )
      if (!isRight) throw new ChangeRefused('That code is not right, or too old. Set the second factor up again.')
      await done(
        request,
        response,
        path,
        'Your second factor is on. You need a code of the app from the next sign-in on.',
      )
    }),

    removeSecondFactor: form('secondFactor', async (request, response) => {
      const { name } = adminOf(response)
      await administrators.removeSecondFactor(name, actorOf(request, response))
      await done(request, response, path, 'Your second factor is off. Sign in again.')
    }),
  }
}
