import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RequestHandler } from 'express'
import type { AdminPages } from '../frame.ts'
import { readCards } from './cards.ts'

const cards = readCards(readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'operations.md'), 'utf8'))

/** What to do when something goes wrong: the cards of docs/operations.md, for whom the Internet is away too. */
export function operationsPage(pages: AdminPages): RequestHandler {
  return (request, response) => {
    pages.show(request, response, 'operations/operations', { title: 'Operations', cards })
  }
}
