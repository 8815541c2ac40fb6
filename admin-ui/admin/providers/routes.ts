import type { AdminPages } from '../frame.ts'
import type { AdminRoute } from '../routes.ts'
import { editPages } from './edit.ts'
import { mappingPages } from './mapping.ts'
import { providerPages } from './provider.ts'
import type { ProviderPageServices } from './provider-pages.ts'
import { providersPages } from './providers.ts'
import { rulesPages } from './rules.ts'

export function providerRoutes(pages: AdminPages, services: ProviderPageServices): readonly AdminRoute[] {
  const all = providersPages(pages, services)
  const one = providerPages(pages, services)
  const connection = editPages(pages, services)
  const rules = rulesPages(pages, services)
  const mapping = mappingPages(pages, services)
  return [
    ['GET', '/admin/providers', 'look', all.list],
    ['POST', '/admin/providers', 'directory sync', all.add],
    ['GET', '/admin/providers/new', 'directory sync', all.showNew],
    ['GET', '/admin/providers/:id', 'look', one.show],
    ['GET', '/admin/providers/:id/edit', 'directory sync', connection.show],
    ['POST', '/admin/providers/:id/edit', 'directory sync', connection.save],
    ['GET', '/admin/providers/:id/rules', 'directory sync', rules.show],
    ['POST', '/admin/providers/:id/rules', 'directory sync', rules.save],
    ['POST', '/admin/providers/:id/rules/preview', 'directory sync', rules.preview],
    ['GET', '/admin/providers/:id/groups', 'look', rules.groups],
    ['GET', '/admin/providers/:id/groups/suggestions', 'look', rules.suggestions],
    ['GET', '/admin/providers/:id/attributes', 'directory sync', mapping.show],
    ['POST', '/admin/providers/:id/attributes', 'directory sync', mapping.save],
    ['POST', '/admin/providers/:id/attributes/preview', 'directory sync', mapping.preview],
    ['POST', '/admin/providers/:id/test', 'directory sync', one.test],
    ['POST', '/admin/providers/:id/authorize', 'directory sync', one.authorize],
    ['POST', '/admin/providers/:id/forget', 'directory sync', one.forget],
    ['POST', '/admin/providers/:id/accept', 'directory sync', one.accept],
    ['POST', '/admin/providers/:id/refresh', 'directory sync', one.refresh],
    ['POST', '/admin/providers/:id/move', 'directory sync', one.move],
    ['POST', '/admin/providers/:id/adopt', 'directory sync', one.adopt],
    ['GET', '/admin/providers/:id/remove', 'remove providers', one.showRemove],
    ['POST', '/admin/providers/:id/remove', 'remove providers', one.remove],
  ]
}
