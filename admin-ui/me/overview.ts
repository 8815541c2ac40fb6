import type { Request, RequestHandler, Response } from 'express'
import type { Views } from '../views.ts'
import { ownOf } from './own-account.ts'
import { keepSession } from '../sessions.ts'
import type { OwnAccount, SelfService } from './self-service.ts'

/** Sections of the page that have a form. */
export type Section = 'password' | 'appPassword' | 'secondFactor' | 'sshKey'

type OverviewServices = Pick<SelfService, 'organization' | 'sshKeys'>

/** What the person has, with the forms to change it, and what was done last. */
export function overview(views: Views, services: OverviewServices): RequestHandler {
  return (request, response) => {
    const notice = request.session.notice ?? ''
    delete request.session.notice
    response.type('html').send(views.render('pages/me/overview', model(response, services, { notice })))
  }
}

/** After a form that was accepted: the page anew, with what was done. */
export async function done(request: Request, response: Response, notice: string): Promise<void> {
  request.session.notice = notice
  await keepSession(request)
  response.redirect(303, '/me')
}

/** A form that was not accepted: the page with the reason beside it. */
export function refusedForm(
  views: Views,
  services: OverviewServices,
  response: Response,
  section: Section,
  problem: string,
): void {
  const html = views.render(
    'pages/me/overview',
    model(response, services, { [`${section}Problem`]: sentence(problem) }),
  )
  response.status(422).type('html').send(html)
}

function model(response: Response, { organization, sshKeys }: OverviewServices, more: object): object {
  const { account } = ownOf(response)
  const { directoryPassword, appPasswords, secondFactor, lastUses } = account.signIn
  return {
    title: 'Your account',
    organization,
    name: account.name,
    dn: account.dn ?? '',
    mail: account.mail ?? '',
    groups: account.groups,
    directoryPassword: directoryPassword && {
      setAt: timeText(directoryPassword.setAt),
      mustChange: directoryPassword.mustChange,
    },
    appPasswords: appPasswords.map(({ id, name, createdAt, expiresAt, lastUse }) => ({
      id,
      name,
      created: timeText(createdAt),
      expires: expiresAt === null ? '' : timeText(expiresAt),
      lastUse: lastUse === null ? '' : `${timeText(lastUse.at)} from ${lastUse.address}`,
    })),
    hasSecondFactor: secondFactor?.isConfirmed === true,
    recoveryCodes: secondFactor?.recoveryCodes ?? 0,
    sshKeys: sshKeys.list(account.entryUUID),
    lastUses: lastUses.map(({ at, address, credential }) => ({
      at: timeText(at),
      address,
      credential: credentialText(credential, account),
    })),
    notice: '',
    passwordProblem: '',
    appPasswordProblem: '',
    secondFactorProblem: '',
    sshKeyProblem: '',
    ...more,
  }
}

function credentialText(id: string, { signIn }: OwnAccount): string {
  if (id === 'directory') return 'directory password'
  if (id === 'provider') return 'password of the cloud'
  const app = signIn.appPasswords.find((one) => one.id === id)
  return app === undefined ? 'a password that is gone' : `app password "${app.name}"`
}

/** To the minute, UTC. */
function timeText(iso: string): string {
  return `${iso.slice(0, 16).replace('T', ' ')} UTC`
}

function sentence(text: string): string {
  const first = text.slice(0, 1).toUpperCase()
  return `${first}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`
}
