import type { EventStreams } from '../../event-stream.ts'
import { connectsToItself } from '../../middleware/security-headers.ts'
import type { Administration } from '../administration.ts'
import type { AdminPages } from '../frame.ts'
import type { AdminRoute } from '../routes.ts'
import { bindersPages } from './binders.ts'
import { clientsPage } from './clients.ts'
import { firstHostPages } from './first-host.ts'
import { watchedClients } from './happenings.ts'

export function binderRoutes(
  pages: AdminPages,
  services: Pick<Administration, 'binders' | 'clients' | 'clientHappenings' | 'clock'>,
  streams: EventStreams,
): readonly AdminRoute[] {
  const binders = bindersPages(pages, services)
  const firstHost = firstHostPages(pages, services)
  return [
    ['GET', '/admin/binders', 'look', binders.list],
    ['POST', '/admin/binders', 'binders', binders.add],
    ['GET', '/admin/binders/:name', 'look', binders.show],
    ['GET', '/admin/binders/:name/edit', 'binders', binders.showEdit],
    ['POST', '/admin/binders/:name/edit', 'binders', binders.edit],
    ['POST', '/admin/binders/:name/rotate', 'binders', binders.rotate],
    ['POST', '/admin/binders/:name/remove', 'binders', binders.remove],
    ['GET', '/admin/binders/:name/clients', 'look', connectsToItself, clientsPage(pages, services)],
    ['GET', '/admin/binders/:name/host', 'look', connectsToItself, firstHost.show],
    ['GET', '/admin/binders/:name/events', 'look', streams((request) => watchedClients(services, request))],
    ['GET', '/admin/binders/:name/host/rosterd-host.sh', 'look', firstHost.download],
  ]
}
