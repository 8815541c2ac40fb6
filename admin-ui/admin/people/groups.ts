import type { RequestHandler } from 'express'
import { sendCsv, sendFile } from '../../download.ts'
import { queryOf } from '../../query.ts'
import type { AdminPages } from '../frame.ts'
import { groupColumns, groupLine, groupsModel } from './groups-model.ts'
import { groupsQuery } from './inputs.ts'
import { ldifParts } from './ldif-parts.ts'
import type { PeopleServices } from './services.ts'

/** Every group, served or not. */
export function groupsPage(pages: AdminPages, { roster, providers }: PeopleServices): RequestHandler {
  return async (request, response) => {
    const query = queryOf(request, groupsQuery)
    const list = await roster.groups(query)
    const reasons = await roster.reasons('groups')
    pages.show(request, response, 'people/groups', groupsModel({ query, list, reasons, providers: providers() }))
  }
}

/** The same, all pages of it, for a spreadsheet. */
export function groupsCsv({ roster, providers }: PeopleServices): RequestHandler {
  return async (request, response) => {
    const list = await roster.groups(queryOf(request, groupsQuery))
    const known = providers()
    const lines = function* () {
      for (const group of list.rows()) yield groupLine(group, known)
    }
    await sendCsv(response, 'groups.csv', groupColumns, lines())
  }
}

/** The entries of those that are served. */
export function groupsLdif({ roster, ldifOf }: PeopleServices): RequestHandler {
  return async (request, response) => {
    const list = await roster.groups(queryOf(request, groupsQuery))
    await sendFile(response, { name: 'groups.ldif', type: 'text/x-ldif; charset=utf-8' }, ldifParts(list, ldifOf))
  }
}
