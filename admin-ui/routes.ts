import { Router } from 'express'
import type { Assets } from './assets.ts'
import type { ChangeHooks } from '../sync/change-hooks.ts'
import type { Enrollment } from '../sync/enrollment/enrollment.ts'
import { localOrToken } from './middleware/local-or-token.ts'
import { freshlySignedIn, signedIn } from './me/own-account.ts'
import { credentialForms } from './me/credentials.ts'
import { formBody } from './forms.ts'
import { overview } from './me/overview.ts'
import { signInPage, signOutEverywhere, signOutHere } from './me/pages.ts'
import { beginSignIn, signInAnswer } from './me/provider-sign-in.ts'
import type { SelfService } from './me/self-service.ts'
import { personSessions } from './me/session.ts'
import { methodNotAllowed } from './middleware/method-not-allowed.ts'
import { sameOrigin, sameOriginReferrer } from './middleware/same-origin.ts'
import { formLeadsTo } from './middleware/security-headers.ts'
import { authorizationAnswer, beginAuthorization, showAuthorization } from './pages/authorize.ts'
import { caCertificate } from './pages/ca-certificate.ts'
import { enrollConfirm, enrollShow } from './pages/enroll.ts'
import { healthz, type Readiness, readyz } from './pages/health.ts'
import { hook, hookBody } from './pages/hook.ts'
import { home } from './pages/home.ts'
import { metrics } from './pages/metrics.ts'
import { sshKeys } from './pages/ssh-keys.ts'
import type { AuthorizationLinks } from '../sync/authorization-links.ts'
import { version } from '../server/version.ts'
import { apiRoutes } from './api/api-router.ts'
import { tokenCheck } from './api/api-token.ts'
import { adminRoutes } from './admin/routes.ts'
import type { Administration } from './admin/administration.ts'
import type { Route } from './route.ts'
import type { Views } from './views.ts'

/** What the pages need from the rest of the server. */
export interface RouteServices {
  readonly ready: () => Readiness
  /** Metrics in the Prometheus exposition format. */
  readonly metricsText: () => Promise<string>
  /** PEM of the private certificate authority; undefined when certificates come from elsewhere. */
  readonly caPem: () => string | undefined
  readonly organization: string
  readonly enrollment: Pick<Enrollment, 'find' | 'confirm'>
  /** Address that people use. */
  readonly publicUrl: string
  /** Others from one call to the next when the providers change. */
  readonly authorizationLinks: () => AuthorizationLinks
  readonly selfService: SelfService
  readonly administration: Administration
  /** Where providers tell of changes. */
  readonly changeHooks: ChangeHooks
}

/** Every route; answers that go on end when `closing` aborts. Other methods on these paths are answered 405, other paths 404. */
export function routes(services: RouteServices, views: Views, assets: Assets, closing: AbortSignal): Router {
  const { ready, metricsText, caPem, publicUrl, authorizationLinks, changeHooks } = services
  const { administration, selfService } = services
  const requireToken = tokenCheck(administration)
  const { sessions: records, cookieKey, clock } = selfService
  const session = personSessions({ records, cookieKey, publicUrl, clock })
  const leadsToProviders = formLeadsTo(() => selfService.signIn().places.map(({ authority }) => authority))
  const own = [session, signedIn(selfService)] as const
  const change = [sameOrigin, ...own, freshlySignedIn(selfService), formBody] as const
  const forms = credentialForms(views, selfService)
  return routerOf([
    ['GET', '/', home(views, ready)],
    ['GET', '/assets/:file', assets.handler],
    ['GET', '/healthz', healthz],
    ['GET', '/readyz', readyz(ready)],
    ['GET', '/metrics', localOrToken(requireToken), metrics(metricsText)],
    ['GET', '/sshkeys/', sshKeys(requireToken, administration.people)],
    ['GET', '/ca.pem', caCertificate(caPem)],
    ['GET', '/enroll/:token', sameOriginReferrer, enrollShow(views, services)],
    ['POST', '/enroll/:token', sameOrigin, session, enrollConfirm(services)],
    ['GET', '/me', sameOriginReferrer, ...own, overview(views, selfService)],
    ['GET', '/me/sign-in', sameOriginReferrer, leadsToProviders, signInPage(views, selfService)],
    ['POST', '/me/sign-in/:provider', sameOrigin, beginSignIn(views, selfService, publicUrl)],
    ['GET', '/me/callback', session, signInAnswer(views, selfService, publicUrl)],
    ['POST', '/me/password', ...change, forms.setPassword],
    ['POST', '/me/app-passwords', ...change, forms.addAppPassword],
    ['POST', '/me/app-passwords/revoke', ...change, forms.revokeAppPassword],
    ['POST', '/me/second-factor', ...change, forms.beginSecondFactor],
    ['POST', '/me/second-factor/confirm', ...change, forms.confirmSecondFactor],
    ['POST', '/me/second-factor/recovery-codes', ...change, forms.renewRecoveryCodes],
    ['POST', '/me/second-factor/remove', ...change, forms.removeSecondFactor],
    ['POST', '/me/ssh-keys', ...change, forms.addSshKey],
    ['POST', '/me/ssh-keys/remove', ...change, forms.removeSshKey],
    ['POST', '/me/sign-out', sameOrigin, session, signOutHere],
    ['POST', '/me/sign-out-everywhere', sameOrigin, ...own, signOutEverywhere(selfService)],
    ...apiRoutes(administration, requireToken, version),
    ...adminRoutes(administration, views, closing),
    ['GET', '/authorize/callback', authorizationAnswer(views, authorizationLinks, publicUrl)],
    ['GET', '/authorize/:token', sameOriginReferrer, showAuthorization(views, authorizationLinks)],
    ['POST', '/authorize/:token', sameOrigin, beginAuthorization(views, authorizationLinks, publicUrl)],
    ['GET', '/hooks/:name/:provider', hook(changeHooks)],
    ['POST', '/hooks/:name/:provider', hookBody, hook(changeHooks)],
  ])
}

function routerOf(table: readonly Route[]): Router {
  const router = Router({ caseSensitive: true, strict: true })
  for (const [path, group] of Map.groupBy(table, ([, path]) => path)) {
    const route = router.route(path)
    for (const [method, , ...handlers] of group) {
      if (method === 'GET') route.get(...handlers)
      else if (method === 'POST') route.post(...handlers)
      else if (method === 'PUT') route.put(...handlers)
      else route.delete(...handlers)
    }
    route.all(methodNotAllowed(group.flatMap(([method]) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))))
  }
  return router
}
