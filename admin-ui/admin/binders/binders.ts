import type { Request, RequestHandler, Response } from 'express'
import { ChangeRefused, FieldsRefused } from '../../../server/directory/credentials/change-refused.ts'
import { field } from '../../forms.ts'
import { gridOf, rowsOfPage } from '../../grid.ts'
import { HttpProblem } from '../../http-problem.ts'
import { queryOf } from '../../query.ts'
import { actorOf, adminOf } from '../access.ts'
import type { Administration } from '../administration.ts'
import { type AdminPages, done } from '../frame.ts'
import { may } from '../permissions.ts'
import { describedBinder, fieldsOf } from './binder-description.ts'
import { addressOf, binderModel, binderRow } from './binders-model.ts'
import { binderForm, listQuery, rotateForm } from './inputs.ts'
import type { ShownBinder } from './services.ts'

type Services = Pick<Administration, 'binders' | 'clock'>

/** What stands in a form, and what is wrong with it, by field. */
interface Typed {
  readonly name: string
  readonly fields: ReturnType<typeof fieldsOf>
  readonly problems: Readonly<Record<string, string>>
}

const fieldNames = ['name', 'subtrees', 'filter', 'attributes', 'networks', 'form'] as const
const noProblems = Object.fromEntries(fieldNames.map((name) => [name, '']))
const everything = fieldsOf({ scope: 'tree', attributes: '*', networks: [], requireTls: false, grants: [] })

/** Service accounts. */
export function bindersPages(pages: AdminPages, { binders, clock }: Services) {
  async function showList(request: Request, response: Response, typed: Typed, status = 200) {
    const now = clock.now()
    const { search, page } = queryOf(request, listQuery)
    const found = (await binders.list()).filter(({ name }) => name.toLowerCase().includes(search.toLowerCase()))
    const model = {
      title: 'LDAP binders',
      grid: gridOf({ path: '/admin/binders', search, searchLabel: 'Name', filters: [], page, total: found.length }),
      binders: rowsOfPage(found, page).map((binder) => binderRow(binder, now)),
      isLimited: Object.entries(typed.fields).some(([, value]) => value !== '' && value !== false),
      mayChange: may(adminOf(response).role, 'binders'),
      ...typed,
    }
    pages.show(request, response, 'binders/list', model, status)
  }

  function showOne(request: Request, response: Response, binder: ShownBinder, problem = '') {
    const model = {
      title: binder.name,
      binder: binderModel(binder, clock.now()),
      mayChange: may(adminOf(response).role, 'binders'),
      mayEdit: may(adminOf(response).role, 'binders') && !binder.isConfigured,
      overlapDays: field(request, 'overlapDays') || '7',
      problem,
    }
    pages.show(request, response, 'binders/binder', model, problem === '' ? 200 : 422)
  }

  function showSecret(request: Request, response: Response, name: string, dn: string, secret: string, text: string) {
    const model = { title: `Secret of ${name}`, name, address: addressOf(name), dn, secret, text }
    pages.show(request, response, 'binders/secret', model)
  }

  const named = (request: Request) => namedBinder(binders, request)

  /** A button on the page of a binder. */
  const form =
    (handle: (request: Request, response: Response, binder: ShownBinder) => Promise<void>): RequestHandler =>
    async (request, response) => {
      const binder = await named(request)
      try {
        await handle(request, response, binder)
      } catch (error) {
        if (!(error instanceof ChangeRefused)) throw error
        showOne(request, response, binder, error.message)
      }
    }

  const list: RequestHandler = (request, response) =>
    showList(request, response, { name: '', fields: everything, problems: noProblems })

  const show: RequestHandler = async (request, response) => {
    showOne(request, response, await named(request))
  }

  const add: RequestHandler = async (request, response) => {
    const name = field(request, 'name').trim()
    try {
      const secret = await binders.add(name, typedBinder(request, binders.baseDn), actorOf(request, response))
      const { dn } = (await binders.list()).find((binder) => binder.name === name) ?? gone()
      showSecret(request, response, name, dn, secret, 'It is not shown again.')
    } catch (error) {
      if (!(error instanceof ChangeRefused)) throw error
      await showList(request, response, { name, fields: typedFields(request), problems: problemsOf(error) }, 422)
    }
  }

  function showEdit(request: Request, response: Response, binder: ShownBinder, typed: Typed, status = 200) {
    const model = { title: `What ${binder.name} may do`, address: addressOf(binder.name), ...typed }
    pages.show(request, response, 'binders/edit', model, status)
  }

  return {
    list,
    show,
    add,

    showEdit: (async (request, response) => {
      const binder = await named(request)
      if (binder.isConfigured)
        throw new HttpProblem(409, `The binder "${binder.name}" is in the configuration file; change it there.`)
      showEdit(request, response, binder, { name: binder.name, fields: fieldsOf(binder), problems: noProblems })
    }) satisfies RequestHandler,

    edit: (async (request, response) => {
      const binder = await named(request)
      const { name } = binder
      try {
        await binders.edit(name, typedBinder(request, binders.baseDn), actorOf(request, response))
        await done(request, response, addressOf(name), `What ${name} may do is changed, for open connections too.`)
      } catch (error) {
        if (!(error instanceof ChangeRefused)) throw error
        const typed = { name, fields: typedFields(request), problems: problemsOf(error) }
        showEdit(request, response, binder, typed, 422)
      }
    }) satisfies RequestHandler,

    rotate: form(async (request, response, { name, dn }) => {
      const read = rotateForm.safeParse({ overlapDays: field(request, 'overlapDays').trim() || Number.NaN })
      if (!read.success) throw new ChangeRefused(read.error.issues[0]?.message ?? '')
      const { overlapDays } = read.data
      const secret = await binders.rotate(name, overlapDays, actorOf(request, response))
      const text =
        overlapDays === 0
          ? 'The secret before it has ended. This one is not shown again.'
          : `The secret before it works for ${overlapDays} more ${overlapDays === 1 ? 'day' : 'days'}. This one is not shown again.`
      showSecret(request, response, name, dn, secret, text)
    }),

    remove: form(async (request, response, { name }) => {
      if (field(request, 'sure') !== 'yes') throw new ChangeRefused(`Tick the box to remove ${name}.`)
      await binders.remove(name, actorOf(request, response))
      await done(request, response, '/admin/binders', `${name} is removed, and its connections read no more.`)
    }),
  }
}

/** The binder of the address; case does not count. Throws an HttpProblem with 404. */
export async function namedBinder(
  binders: Pick<Administration['binders'], 'list'>,
  request: Request,
): Promise<ShownBinder> {
  const name = String(request.params['name']).toLowerCase()
  return (await binders.list()).find((binder) => binder.name.toLowerCase() === name) ?? gone()
}

function gone(): never {
  throw new HttpProblem(404, 'There is no such binder, or not any more.')
}

function typedBinder(request: Request, baseDn: string) {
  const read = binderForm.safeParse(request.body)
  if (!read.success)
    throw new FieldsRefused(read.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })))
  return describedBinder(read.data, baseDn)
}

/** As it was typed, to be shown again. */
function typedFields(request: Request): Typed['fields'] {
  const ticked = (name: string) => field(request, name) === 'yes'
  return {
    subtrees: field(request, 'subtrees'),
    filter: field(request, 'filter'),
    attributes: field(request, 'attributes'),
    networks: field(request, 'networks'),
    requireTls: ticked('requireTls'),
    ntHash: ticked('ntHash'),
    mayNotSearch: ticked('mayNotSearch'),
  }
}

/** By field; `form` has what is about none of them. */
function problemsOf(error: ChangeRefused): Typed['problems'] {
  if (!(error instanceof FieldsRefused)) return { ...noProblems, form: error.message }
  const problems: Record<string, string> = { ...noProblems }
  for (const { path, message } of error.problems) {
    const name = fieldNames.find((each) => path.replace(/^scope\./, '').startsWith(each)) ?? 'form'
    problems[name] = problems[name] === '' ? message : `${problems[name]}; ${message}`
  }
  return problems
}
