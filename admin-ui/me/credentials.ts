import type { Request, RequestHandler, Response } from 'express'
import { ChangeRefused } from '../../server/directory/credentials/change-refused.ts'
import { createAttemptLimit } from '../../sync/attempt-limit.ts'
import { qrCode } from '../qr-code.ts'
import type { Views } from '../views.ts'
import { field } from '../forms.ts'
import { done, refusedForm, type Section } from './overview.ts'
import { ownOf, selfOf } from './own-account.ts'
import type { SelfService } from './self-service.ts'
import { signIn } from './session.ts'

/** Of everybody together. */
const codesPerMinute = 30

type Handler = (request: Request, response: Response, entryUUID: string) => Promise<void>

/** The forms with which people change what they sign in with. */
export function credentialForms(views: Views, services: SelfService) {
  const { accounts, sessions, sshKeys } = services
  const codes = createAttemptLimit(codesPerMinute, services.clock)
  const refuse = (response: Response, section: Section, problem: string) =>
    refusedForm(views, services, response, section, problem)

  const form =
    (section: Section, handle: Handler): RequestHandler =>
    async (request, response) => {
      try {
        await handle(request, response, ownOf(response).person.entryUUID)
      } catch (error) {
        if (!(error instanceof ChangeRefused)) throw error
        refuse(response, section, error.message)
      }
    }

  /** Whoever has a session and no code does not get to try them all. Counts before the code is looked at. */
  function tryCode(): void {
    if (codes.isReached) throw new ChangeRefused('Too many codes were tried. Wait a minute.')
    codes.count()
  }

  function shownOnce(response: Response, page: string, values: object): void {
    response.type('html').send(views.render(`pages/me/${page}`, values))
  }

  return {
    setPassword: form('password', async (request, response, entryUUID) => {
      const password = field(request, 'password')
      if (password !== field(request, 'again'))
        return refuse(response, 'password', 'The two passwords are not the same.')
      const outcome = await accounts.passwords.set(entryUUID, password, {}, selfOf(response))
      if (!outcome.set)
        return refuse(response, 'password', outcome.why === 'policy' ? outcome.refusal.message : outcome.message)
      // Whoever had the old one may have signed in with what it led to.
      const { person } = ownOf(response)
      await sessions.endOf(entryUUID)
      await signIn(request, person)
      return await done(request, response, 'Your directory password is set. It works at once.')
    }),

    addAppPassword: form('appPassword', async (request, response, entryUUID) => {
      const name = field(request, 'name')
      const { password, added } = await accounts.appPasswords.add(entryUUID, { name }, selfOf(response))
      shownOnce(response, 'app-password', { title: `App password for ${added.name}`, password })
    }),

    revokeAppPassword: form('appPassword', async (request, response, entryUUID) => {
      const isRevoked = await accounts.appPasswords.revoke(entryUUID, field(request, 'id'), selfOf(response))
      await done(
        request,
        response,
        isRevoked ? 'The app password is revoked.' : 'There is no such app password any more.',
      )
    }),

    beginSecondFactor: form('secondFactor', async (_request, response, entryUUID) => {
      const { uri, secret } = await accounts.secondFactors.begin(entryUUID, selfOf(response))
      const image = await qrCode(uri)
      shownOnce(response, 'second-factor', { title: 'Set up a second factor', image, secret, problem: '' })
    }),

    confirmSecondFactor: form('secondFactor', async (request, response, entryUUID) => {
      tryCode()
      const recoveryCodes = await accounts.secondFactors.confirm(entryUUID, field(request, 'code'), selfOf(response))
      if (recoveryCodes === undefined)
        return refuse(response, 'secondFactor', 'That code is not right, or too old. Set the second factor up again.')
      return shownOnce(response, 'recovery-codes', { title: 'Your second factor is on', codes: recoveryCodes })
    }),

    renewRecoveryCodes: form('secondFactor', async (_request, response, entryUUID) => {
      const recoveryCodes = await accounts.secondFactors.renewRecoveryCodes(entryUUID, selfOf(response))
      if (recoveryCodes === undefined) return refuse(response, 'secondFactor', 'There is no second factor.')
      return shownOnce(response, 'recovery-codes', { title: 'New recovery codes', codes: recoveryCodes })
    }),

    removeSecondFactor: form('secondFactor', async (request, response, entryUUID) => {
      tryCode()
      if (!(await accounts.secondFactors.redeem(entryUUID, field(request, 'code'))))
        return refuse(
          response,
          'secondFactor',
          'That code is not right. Give a new one of the app, or a recovery code.',
        )
      await accounts.secondFactors.remove(entryUUID, selfOf(response))
      return await done(request, response, 'Your second factor is off.')
    }),

    addSshKey: form('sshKey', async (request, response, entryUUID) => {
      const { fingerprint } = await sshKeys.add(entryUUID, field(request, 'key'), selfOf(response))
      await done(request, response, `The key ${fingerprint} is added.`)
    }),

    removeSshKey: form('sshKey', async (request, response, entryUUID) => {
      const isRemoved = await sshKeys.remove(entryUUID, field(request, 'fingerprint'), selfOf(response))
      await done(request, response, isRemoved ? 'The key is removed.' : 'There is no such key any more.')
    }),
  }
}
