import type { RequestHandler } from 'express'
import { sendCsv, sendFile } from '../../download.ts'
import { queryOf } from '../../query.ts'
import type { AdminPages } from '../frame.ts'
import { usersQuery } from './inputs.ts'
import { ldifParts } from './ldif-parts.ts'
import type { PeopleServices } from './services.ts'
import { peopleFilterOf, userColumns, userLine, usersModel } from './users-model.ts'

/** Everybody, served or not. */
export function usersPage(pages: AdminPages, { roster, providers }: PeopleServices): RequestHandler {
  return async (request, response) => {
    const query = queryOf(request, usersQuery)
    const list = await roster.people(peopleFilterOf(query))
    const reasons = await roster.reasons('people')
    pages.show(request, response, 'people/users', usersModel({ query, list, reasons, providers: providers() }))
  }
}

/** The same, all pages of it, for a spreadsheet. */
export function usersCsv({ roster, providers }: PeopleServices): RequestHandler {
  return async (request, response) => {
    const list = await roster.people(peopleFilterOf(queryOf(request, usersQuery)))
    const known = providers()
    const lines = function* () {
      for (const person of list.rows()) yield userLine(person, known)
    }
    await sendCsv(response, 'users.csv', userColumns, lines())
  }
}

/** The entries of those who are served. */
export function usersLdif({ roster, ldifOf }: PeopleServices): RequestHandler {
  return async (request, response) => {
    const list = await roster.people(peopleFilterOf(queryOf(request, usersQuery)))
    await sendFile(response, { name: 'users.ldif', type: 'text/x-ldif; charset=utf-8' }, ldifParts(list, ldifOf))
  }
}
