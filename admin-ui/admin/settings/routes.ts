import type { AdminPages } from '../frame.ts'
import type { AdminRoute } from '../routes.ts'
import { settingsPages, type SettingsPageServices } from './settings.ts'

/** The configuration in use. */
export function settingsRoutes(pages: AdminPages, services: SettingsPageServices): readonly AdminRoute[] {
  const { show, sendTestMail } = settingsPages(pages, services)
  return [
    ['GET', '/admin/settings', 'look', show],
    ['POST', '/admin/settings/test-mail', 'settings', sendTestMail],
  ]
}
