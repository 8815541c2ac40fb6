import type { RequestHandler } from 'express'
import { eventStreams } from '../event-stream.ts'
import { formBody } from '../forms.ts'
import { sameOrigin, sameOriginReferrer } from '../middleware/same-origin.ts'
import type { Route } from '../route.ts'
import type { Views } from '../views.ts'
import { freshlySignedInAdmin, permitted, sessionGoesOn, signedInAdmin } from './access.ts'
import type { Administration } from './administration.ts'
import { adminsPages } from './admins.ts'
import { binderRoutes } from './binders/routes.ts'
import { adminPages } from './frame.ts'
import { overviewPage } from './overview.ts'
import { ownAccountPages } from './own-account.ts'
import { logRoutes } from './logs/routes.ts'
import { operationRoutes } from './operations/routes.ts'
import { peopleRoutes } from './people/routes.ts'
import type { Permission } from './permissions.ts'
import { providerRoutes } from './providers/routes.ts'
import { adminSessions } from './session.ts'
import { settingsRoutes } from './settings/routes.ts'
import { syncRoutes } from './sync/routes.ts'
import { formLeadsTo } from '../middleware/security-headers.ts'
import { providerSignInPages } from './provider-sign-in.ts'
import { tokenRoutes } from './tokens/routes.ts'
import { finishSetup, showSetup } from './setup.ts'
import { attemptSignIn, showSignIn, signOutAdmin, signOutAdminEverywhere } from './sign-in.ts'

/** Every route of the administrators' pages, with who may use it. `null`: whoever comes. */
export type AdminRoute = readonly [
  method: 'GET' | 'POST',
  path: string,
  permission: Permission | null,
  ...handlers: RequestHandler[],
]

export function adminRouteTable(services: Administration, views: Views, closing: AbortSignal): readonly AdminRoute[] {
  const fresh = freshlySignedInAdmin(services)
  const streams = eventStreams((request, response) => sessionGoesOn(request, response, services), closing)
  const pages = adminPages(views, services.organization, (path) => permissionOf(path))
  const admins = adminsPages(pages, services)
  const own = ownAccountPages(pages, services)
  const atProvider = providerSignInPages(views, services)
  const leadsToProviders = formLeadsTo(() => services.adminsSignIn.places.map(({ authority }) => authority))
  const table: readonly AdminRoute[] = [
    ['GET', '/admin/sign-in', null, leadsToProviders, showSignIn(views, services)],
    ['POST', '/admin/sign-in', null, leadsToProviders, attemptSignIn(views, services)],
    ['POST', '/admin/sign-in/:provider', null, atProvider.begin],
    ['GET', '/admin/callback', null, atProvider.answer],
    ['GET', '/admin/setup/:token', null, showSetup(views, services)],
    ['POST', '/admin/setup/:token', null, finishSetup(views, services)],
    ['POST', '/admin/sign-out', null, signOutAdmin],
    ['GET', '/admin', 'look', overviewPage(pages, services)],
    ...binderRoutes(pages, services, streams),
    ...peopleRoutes(pages, services),
    ...providerRoutes(pages, services),
    ...logRoutes(pages, services),
    ...operationRoutes(pages),
    ...settingsRoutes(pages, services),
    ['GET', '/admin/account', 'own account', own.show],
    ['POST', '/admin/account/password', 'own account', own.setPassword],
    ['POST', '/admin/account/second-factor', 'own account', fresh, own.beginSecondFactor],
    ['POST', '/admin/account/second-factor/confirm', 'own account', fresh, own.confirmSecondFactor],
    ['POST', '/admin/account/second-factor/remove', 'own account', fresh, own.removeSecondFactor],
    ['POST', '/admin/account/sign-out-everywhere', 'own account', signOutAdminEverywhere(services)],
    ['GET', '/admin/admins', 'look', admins.list],
    ['POST', '/admin/admins', 'admins', fresh, admins.create],
    ['POST', '/admin/oidc-admins/sign-out-everywhere', 'admins', fresh, admins.signOutOidcAdmin],
    ['GET', '/admin/admins/:name', 'look', admins.show],
    ['POST', '/admin/admins/:name/role', 'admins', fresh, admins.setRole],
    ['POST', '/admin/admins/:name/reset', 'admins', fresh, admins.reset],
    ['POST', '/admin/admins/:name/sign-out-everywhere', 'admins', fresh, admins.signOutEverywhere],
    ['POST', '/admin/admins/:name/second-factor/remove', 'admins', fresh, admins.removeSecondFactor],
    ['POST', '/admin/admins/:name/remove', 'admins', fresh, admins.remove],
    ...tokenRoutes(pages, services, fresh),
    ...syncRoutes(pages, services, streams),
  ]
  const permissionOf = (path: string) => table.find((row) => row[0] === 'GET' && row[1] === path)?.[2]
  return table
}

/** With everything that stands before a handler: same origin, session, sign-in, permission, form. */
export function adminRoutes(services: Administration, views: Views, closing: AbortSignal): readonly Route[] {
  const session = adminSessions(services)
  const signedIn = signedInAdmin(services)
  return adminRouteTable(services, views, closing).map(([method, path, permission, ...handlers]): Route => {
    const access = permission === null ? [session] : [session, signedIn, permitted(permission)]
    return method === 'GET'
      ? [method, path, sameOriginReferrer, ...access, ...handlers]
      : [method, path, sameOrigin, ...access, formBody, ...handlers]
  })
}
