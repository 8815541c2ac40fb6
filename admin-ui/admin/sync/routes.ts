import type { EventStreams } from '../../event-stream.ts'
import { connectsToItself } from '../../middleware/security-headers.ts'
import type { Administration } from '../administration.ts'
import type { AdminPages } from '../frame.ts'
import type { AdminRoute } from '../routes.ts'
import { enrollmentPages } from './enrollment.ts'
import { watchedRuns } from './events.ts'
import { heldPages } from './held.ts'
import { providerForms } from './provider-forms.ts'
import { runPages } from './run.ts'
import { runsPages } from './runs.ts'
import { syncPage } from './sync.ts'

export function syncRoutes(pages: AdminPages, services: Administration, streams: EventStreams): readonly AdminRoute[] {
  const sync = syncPage(pages, services)
  const forms = providerForms(sync.show, services.sync)
  const runs = runsPages(pages, services)
  const run = runPages(pages, services)
  const held = heldPages(pages, services)
  const enrollment = enrollmentPages(pages, services)
  return [
    ['GET', '/admin/sync', 'look', connectsToItself, sync.page],
    ['GET', '/admin/sync/events', 'look', streams(() => watchedRuns(services.sync))],
    ['POST', '/admin/sync/providers/:provider/start', 'directory sync', connectsToItself, forms.start],
    ['POST', '/admin/sync/providers/:provider/pause', 'directory sync', connectsToItself, forms.pause],
    ['POST', '/admin/sync/providers/:provider/resume', 'directory sync', connectsToItself, forms.resume],
    ['GET', '/admin/sync/runs', 'look', runs.page],
    ['GET', '/admin/sync/runs.csv', 'look', runs.runsCsv],
    ['GET', '/admin/sync/runs.jsonl', 'look', runs.runsJson],
    ['GET', '/admin/sync/changes.csv', 'look', runs.changesCsv],
    ['GET', '/admin/sync/changes.jsonl', 'look', runs.changesJson],
    ['GET', '/admin/sync/runs/:provider/:started', 'look', run.page],
    ['POST', '/admin/sync/runs/:provider/:started/undo', 'directory sync', run.undo],
    ['GET', '/admin/sync/held/:provider', 'look', held.page],
    ['POST', '/admin/sync/held/:provider/approve', 'directory sync', held.approve],
    ['POST', '/admin/sync/held/:provider/discard', 'directory sync', held.discard],
    ['GET', '/admin/sync/enrollment', 'look', enrollment.page],
    ['POST', '/admin/sync/enrollment/send', 'users', enrollment.send],
    ['POST', '/admin/sync/enrollment/:entryUUID/resend', 'users', enrollment.resend],
  ]
}
