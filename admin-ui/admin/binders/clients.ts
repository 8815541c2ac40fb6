import type { Request, RequestHandler, Response } from 'express'
import { FieldsRefused } from '../../../server/directory/credentials/change-refused.ts'
import { queryOf } from '../../query.ts'
import type { Administration } from '../administration.ts'
import type { AdminPages } from '../frame.ts'
import { addressOf } from './binders-model.ts'
import { namedBinder } from './binders.ts'
import { setupModel } from './clients-model.ts'
import { shownHappenings } from './happenings.ts'
import { setupsQuery } from './inputs.ts'

type Services = Pick<Administration, 'binders' | 'clients' | 'clientHappenings' | 'clock'>

/** Ready set-ups of clients that bind as a binder. */
export function clientsPage(pages: AdminPages, services: Services): RequestHandler {
  const { binders, clients } = services

  return async (request: Request, response: Response) => {
    const binder = await namedBinder(binders, request)
    const { client, server, group } = queryOf(request, setupsQuery)
    const { setups, problems } = attempted(() => clients.setups(binder, { server, group }))
    const chosen = setups.find(({ id }) => id === client) ?? setups[0]
    const model = {
      title: `Clients of ${binder.name}`,
      name: binder.name,
      address: addressOf(binder.name),
      dn: binder.dn,
      kinds: setups.map(({ id, name, isTried }) => ({ id, name, isTried, isChosen: id === chosen?.id })),
      client: chosen?.id ?? client,
      setup: chosen === undefined ? null : setupModel(chosen),
      hasOwnCa: clients.hasOwnCa(),
      happenings: shownHappenings(services, binder, request),
      servers: serverChoices(clients.servers, server),
      server,
      group,
      groupNames: clients.groupNames(),
      warnings: clients.problems,
      problems: { server: '', group: '', ...problems },
    }
    pages.show(request, response, 'binders/clients', model, setups.length === 0 ? 422 : 200)
  }
}

export function serverChoices(servers: readonly string[], chosen: string) {
  const all = { value: '', label: 'All, for fail-over', isChosen: chosen === '' }
  return [
    ...(servers.length === 1 ? [] : [all]),
    ...servers.map((url) => ({ value: url, label: url, isChosen: url === chosen })),
  ]
}

function attempted(make: () => ReturnType<Services['clients']['setups']>) {
  try {
    return { setups: make(), problems: {} }
  } catch (error) {
    if (!(error instanceof FieldsRefused)) throw error
    return { setups: [], problems: Object.fromEntries(error.problems.map(({ path, message }) => [path, message])) }
  }
}
