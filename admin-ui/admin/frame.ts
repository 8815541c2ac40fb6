import type { Request, Response } from 'express'
import { keepSession } from '../sessions.ts'
import type { Role } from '../../server/directory/administrators/admin-records.ts'
import type { Views } from '../views.ts'
import { adminOf } from './access.ts'
import { may, type Permission, roleNames } from './permissions.ts'

interface NavigationItem {
  readonly path: string
  readonly label: string
  /** A template of views/icons. */
  readonly icon: string
}

/** In the order in which they are shown. A page appears with its route. */
const navigation: readonly NavigationItem[] = [
  { path: '/admin', label: 'Overview', icon: 'icons/overview' },
  { path: '/admin/providers', label: 'Providers', icon: 'icons/providers' },
  { path: '/admin/sync', label: 'Sync', icon: 'icons/sync' },
  { path: '/admin/users', label: 'Users', icon: 'icons/users' },
  { path: '/admin/groups', label: 'Groups', icon: 'icons/groups' },
  { path: '/admin/binders', label: 'LDAP binders', icon: 'icons/binders' },
  { path: '/admin/explain', label: 'Why can’t X sign in?', icon: 'icons/question' },
  { path: '/admin/logs', label: 'Logs', icon: 'icons/logs' },
  { path: '/admin/operations', label: 'Operations', icon: 'icons/operations' },
  { path: '/admin/settings', label: 'Settings', icon: 'icons/settings' },
  { path: '/admin/admins', label: 'Admins', icon: 'icons/admins' },
  { path: '/admin/tokens', label: 'API tokens', icon: 'icons/tokens' },
]

export interface AdminPages {
  /** Answers with a page inside the frame. `model` has its title. */
  show(request: Request, response: Response, page: string, model: AdminPageModel, status?: number): void
}

/** What the template prints, and for the frame: */
export interface AdminPageModel {
  readonly [name: string]: unknown
  readonly title: string
  /** Shown by the icon of the browser's tab. */
  readonly hasTrouble?: boolean
}

/** `permissionOf` says who may see the page at a path, null or undefined where there is none. */
export function adminPages(
  views: Views,
  organization: string,
  permissionOf: (path: string) => Permission | null | undefined,
): AdminPages {
  function isShown({ path }: NavigationItem, role: Role): boolean {
    const permission = permissionOf(path)
    return permission !== undefined && permission !== null && may(role, permission)
  }

  return {
    show(request, response, page, model, status = 200) {
      const { displayName, role } = adminOf(response)
      const notice = request.session.notice ?? ''
      delete request.session.notice
      const frame = {
        organization,
        adminName: displayName,
        roleName: roleNames[role],
        navigation: navigation
          .filter((item) => isShown(item, role))
          .map((item) => ({ ...item, isCurrent: isWithin(request.path, item.path) })),
        notice,
        hasTrouble: false,
      }
      response
        .status(status)
        .type('html')
        .send(views.render(`pages/admin/${page}`, { ...frame, ...model }))
    },
  }
}

/** After a form that was accepted: leads to a page, with what was done. */
export async function done(request: Request, response: Response, path: string, notice: string): Promise<void> {
  request.session.notice = notice
  await keepSession(request)
  response.redirect(303, path)
}

function isWithin(path: string, item: string): boolean {
  return path === item || (item !== '/admin' && path.startsWith(`${item}/`))
}
