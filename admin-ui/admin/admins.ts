import type { Request, RequestHandler, Response } from 'express'
import type { ListedAdmin } from '../../server/directory/administrators/admin-list.ts'
import { isRole } from '../../server/directory/administrators/admin-records.ts'
import type { SetupLink } from '../../server/directory/administrators/setup-links.ts'
import { ChangeRefused } from '../../server/directory/credentials/change-refused.ts'
import { HttpProblem } from '../http-problem.ts'
import { field } from '../forms.ts'
import { actorOf, adminOf } from './access.ts'
import type { Administration } from './administration.ts'
import { actionRow, adminRow, oidcAdminsModel, roleChoices } from './admins-model.ts'
import { type AdminPages, done } from './frame.ts'
import { may, roleNames } from './permissions.ts'

type AdminServices = Pick<Administration, 'administrators' | 'actions' | 'clock'>

const path = '/admin/admins'
const shownActions = 50

/** Who administers this server. */
export function adminsPages(pages: AdminPages, { administrators, actions, clock }: AdminServices) {
  async function showList(
    request: Request,
    response: Response,
    typed: { name: string; role: string; problem: string },
  ) {
    const now = clock.now()
    const model = {
      title: 'Admins',
      admins: (await administrators.list()).map((admin) => adminRow(admin, now)),
      ...oidcAdminsModel(await administrators.oidc.list(), now),
      actions: (await actions(shownActions)).map((action) => actionRow(action, now)),
      mayChange: may(adminOf(response).role, 'admins'),
      roles: roleChoices(typed.role),
      name: typed.name,
      problem: typed.problem,
    }
    pages.show(request, response, 'admins', model, typed.problem === '' ? 200 : 422)
  }

  async function showOne(request: Request, response: Response, admin: ListedAdmin, problem = '') {
    const isSelf = adminOf(response).name.toLowerCase() === admin.name.toLowerCase()
    const model = {
      title: admin.name,
      admin: adminRow(admin, clock.now()),
      roles: roleChoices(admin.role),
      isSelf,
      mayChange: may(adminOf(response).role, 'admins') && !isSelf,
      problem,
    }
    pages.show(request, response, 'admin', model, problem === '' ? 200 : 422)
  }

  async function named(request: Request): Promise<ListedAdmin> {
    const name = String(request.params['name']).toLowerCase()
    const found = (await administrators.list()).find((admin) => admin.name.toLowerCase() === name)
    if (found === undefined) throw new HttpProblem(404, 'There is no such administrator, or not any more.')
    return found
  }

  function showLink(request: Request, response: Response, name: string, link: SetupLink) {
    pages.show(request, response, 'setup-link', { title: `A link for ${name}`, name, ...link })
  }

  /** A form on the page of another administrator. One's own sign-in has its own page, and nobody locks themselves out. */
  const form =
    (handle: (request: Request, response: Response, admin: ListedAdmin) => Promise<void>): RequestHandler =>
    async (request, response) => {
      const admin = await named(request)
      try {
        if (adminOf(response).name.toLowerCase() === admin.name.toLowerCase())
          throw new ChangeRefused('Another Owner has to do this for you.')
        await handle(request, response, admin)
      } catch (error) {
        if (!(error instanceof ChangeRefused)) throw error
        await showOne(request, response, admin, error.message)
      }
    }

  const list: RequestHandler = (request, response) =>
    showList(request, response, { name: '', role: 'auditor', problem: '' })

  const show: RequestHandler = async (request, response) => {
    await showOne(request, response, await named(request))
  }

  const create: RequestHandler = async (request, response) => {
    const name = field(request, 'name').trim()
    const role = field(request, 'role')
    try {
      if (!isRole(role)) throw new ChangeRefused('Choose a role.')
      showLink(request, response, name, await administrators.create(name, role, actorOf(request, response)))
    } catch (error) {
      if (!(error instanceof ChangeRefused)) throw error
      await showList(request, response, { name, role, problem: error.message })
    }
  }

  return {
    list,
    show,
    create,

    setRole: form(async (request, response, { name }) => {
      const role = field(request, 'role')
      if (!isRole(role)) throw new ChangeRefused('Choose a role.')
      await administrators.setRole(name, role, actorOf(request, response))
      await done(
        request,
        response,
        `${path}/${encodeURIComponent(name)}`,
        `${name} is ${roleNames[role]} now, and has to sign in again.`,
      )
    }),

    reset: form(async (request, response, { name }) => {
      showLink(request, response, name, await administrators.reset(name, actorOf(request, response)))
    }),

    signOutEverywhere: form(async (request, response, { name }) => {
      await administrators.signOutEverywhere(name, actorOf(request, response))
      await done(request, response, `${path}/${encodeURIComponent(name)}`, `${name} is signed out everywhere.`)
    }),

    removeSecondFactor: form(async (request, response, { name }) => {
      await administrators.removeSecondFactor(name, actorOf(request, response))
      await done(request, response, `${path}/${encodeURIComponent(name)}`, `The second factor of ${name} is off.`)
    }),

    signOutOidcAdmin: (async (request, response) => {
      const name = field(request, 'name')
      if (!(await administrators.oidc.list()).some((admin) => admin.name === name))
        throw new HttpProblem(404, 'There is no such administrator.')
      await administrators.oidc.signOutEverywhere(name, actorOf(request, response))
      await done(request, response, path, `${name} is signed out everywhere.`)
    }) satisfies RequestHandler,

    remove: form(async (request, response, { name }) => {
      if (field(request, 'sure') !== 'yes') throw new ChangeRefused(`Tick the box to remove ${name}.`)
      await administrators.remove(name, actorOf(request, response))
      await done(request, response, path, `${name} is no administrator any more.`)
    }),
  }
}
