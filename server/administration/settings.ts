import { dirname } from 'node:path'
import type { SettingsServices } from '../../admin-ui/admin/settings/services.ts'
import { sendTestMail } from '../../sync/reporting/test-mail.ts'
import { ChangeRefused } from '../directory/credentials/change-refused.ts'
import { MasterKeyError } from '../runtime/master-key.ts'
import { shownConfiguration, shownSettings } from '../runtime/shown-config.ts'
import { version } from '../version.ts'
import type { AdministrationParts } from './administration.ts'

/** The configuration in use, for the administrators' pages. */
export function settingsServices({
  workspace,
  configFile,
  background,
}: Pick<AdministrationParts, 'workspace' | 'configFile' | 'background'>): SettingsServices {
  const { clock, actAs } = workspace
  const { organization, dataDir } = workspace.config
  const baseDir = dirname(configFile)
  const list = () => shownSettings(workspace.config, baseDir)
  return {
    version,
    configFile,
    dataDir,
    list,
    configuration: () => shownConfiguration(workspace.config, baseDir),
    async masterKey() {
      try {
        return (await workspace.sealed.problem()) ?? (await workspace.masterKey())
      } catch (error) {
        if (error instanceof MasterKeyError) return error.message
        throw error
      }
    },
    rotateKey(by) {
      const action = { event: 'master key replaced', subject: 'secrets', before: null, after: null }
      return background.start(action.event, () =>
        actAs(by, action, async () => {
          try {
            return await workspace.rotateKey({ kind: 'admin', id: by.name })
          } catch (error) {
            if (error instanceof MasterKeyError) throw new ChangeRefused(error.message, { cause: error })
            throw error
          }
        }),
      )
    },
    mailServer: () => {
      const shown = list().find(({ path }) => path === 'smtp.url')
      return shown === undefined ? undefined : (JSON.parse(shown.value) as string)
    },
    sendTestMail(to, by) {
      const action = { event: 'test mail sent', subject: to, before: null, after: null }
      const send = () => sendTestMail(workspace.mailServer, { to, organization, now: clock.now() })
      return background.start(action.event, () => actAs(by, action, send))
    },
  }
}
