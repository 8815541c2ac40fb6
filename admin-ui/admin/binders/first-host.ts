import type { Request, RequestHandler, Response } from 'express'
import { FieldsRefused } from '../../../server/directory/credentials/change-refused.ts'
import { HttpProblem } from '../../http-problem.ts'
import { queryOf } from '../../query.ts'
import type { Administration } from '../administration.ts'
import type { AdminPages } from '../frame.ts'
import { addressOf } from './binders-model.ts'
import { namedBinder } from './binders.ts'
import { serverChoices } from './clients.ts'
import { shownHappenings } from './happenings.ts'
import { hostQuery } from './inputs.ts'

type Services = Pick<Administration, 'binders' | 'clients' | 'clientHappenings' | 'clock'>

/** The first Linux host: two questions, and the script that sets it up. */
export function firstHostPages(pages: AdminPages, services: Services) {
  const { binders, clients } = services

  async function scriptOf(request: Request) {
    const binder = await namedBinder(binders, request)
    const { server, login, sudo, ready } = queryOf(request, hostQuery)
    try {
      const script = ready === undefined ? '' : clients.hostScript(binder, { server, group: login, sudo })
      return { binder, server, login, sudo, script, problems: {} }
    } catch (error) {
      if (!(error instanceof FieldsRefused)) throw error
      const problems = Object.fromEntries(error.problems.map(({ path, message }) => [path, message]))
      return { binder, server, login, sudo, script: '', problems }
    }
  }

  return {
    show: (async (request: Request, response: Response) => {
      const { binder, server, login, sudo, script, problems } = await scriptOf(request)
      const address = addressOf(binder.name)
      const model = {
        title: 'Set up a Linux host',
        name: binder.name,
        address,
        script,
        happenings: script === '' ? null : shownHappenings(services, binder, request),
        download: `${address}/host/rosterd-host.sh?${new URLSearchParams({ ready: 'yes', login, sudo, server }).toString()}`,
        login,
        sudo,
        servers: serverChoices(clients.servers, server),
        groupNames: clients.groupNames(),
        warnings: clients.problems,
        problems: { server: '', login: '', sudo: '', ...problems },
      }
      pages.show(request, response, 'binders/host', model, Object.keys(problems).length === 0 ? 200 : 422)
    }) satisfies RequestHandler,

    download: (async (request: Request, response: Response) => {
      const { script, problems } = await scriptOf(request)
      if (script === '')
        throw new HttpProblem(422, Object.values(problems)[0] ?? 'Answer the questions of the page of the host first.')
      response.setHeader('Content-Type', 'text/x-shellscript; charset=utf-8')
      response.setHeader('Content-Disposition', 'attachment; filename="rosterd-host.sh"')
      response.send(script)
    }) satisfies RequestHandler,
  }
}
