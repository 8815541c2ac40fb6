import type { Administration } from '../administration.ts'
import type { AdminPages } from '../frame.ts'
import type { AdminRoute } from '../routes.ts'
import { bindersPages } from './binders.ts'

export function binderRoutes(
  pages: AdminPages,
  services: Pick<Administration, 'binders' | 'clock'>,
): readonly AdminRoute[] {
  const binders = bindersPages(pages, services)
  return [
    ['GET', '/admin/binders', 'look', binders.list],
    ['POST', '/admin/binders', 'binders', binders.add],
    ['GET', '/admin/binders/:name', 'look', binders.show],
    ['GET', '/admin/binders/:name/edit', 'binders', binders.showEdit],
    ['POST', '/admin/binders/:name/edit', 'binders', binders.edit],
    ['POST', '/admin/binders/:name/rotate', 'binders', binders.rotate],
    ['POST', '/admin/binders/:name/remove', 'binders', binders.remove],
  ]
}
