import type { Request, RequestHandler, Response } from 'express'
import { ChangeRefused } from '../../../server/directory/credentials/change-refused.ts'
import { field } from '../../forms.ts'
import { actorOf, adminOf } from '../access.ts'
import type { Administration } from '../administration.ts'
import { formOf } from '../form.ts'
import { type AdminPages, done } from '../frame.ts'
import { may } from '../permissions.ts'
import { testMailForm } from './inputs.ts'
import { settingsModel } from './settings-model.ts'

export type SettingsPageServices = Pick<Administration, 'settings' | 'certificate' | 'configurationFile' | 'clock'>

/** The configuration in use, which is changed in its file; and what it leads to. */
export function settingsPages(
  pages: AdminPages,
  { settings, certificate, configurationFile, clock }: SettingsPageServices,
) {
  async function page(request: Request, response: Response, mail: { to: string; problem: string }) {
    const model = settingsModel({
      version: settings.version,
      configFile: settings.configFile,
      dataDir: settings.dataDir,
      file: configurationFile(),
      settings: settings.list(),
      configuration: settings.configuration(),
      certificate: certificate(),
      masterKey: await settings.masterKey(),
      mailServer: settings.mailServer(),
      now: clock.now(),
    })
    const mayTest = may(adminOf(response).role, 'settings')
    pages.show(request, response, 'settings/settings', { ...model, mail, mayTest }, mail.problem === '' ? 200 : 422)
  }

  const show: RequestHandler = (request, response) => page(request, response, { to: '', problem: '' })

  const sendTestMail: RequestHandler = async (request, response) => {
    try {
      const { to } = formOf(request, testMailForm)
      await settings.sendTestMail(to, actorOf(request, response))
      await done(request, response, '/admin/settings#mail', `The mail server took the mail to ${to}.`)
    } catch (error) {
      if (!(error instanceof ChangeRefused)) throw error
      await page(request, response, { to: field(request, 'to'), problem: error.message })
    }
  }

  return { show, sendTestMail }
}
