import type { RequestHandler } from 'express'
import helmet from 'helmet'

const contentSecurityPolicy = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'"],
    connectSrc: ["'self'"],
    formAction: ["'self'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
  },
}

const headers = helmet({
  contentSecurityPolicy,
  referrerPolicy: { policy: 'no-referrer' },
  xFrameOptions: { action: 'deny' },
  strictTransportSecurity: false,
})

/** Other ports and hosts of the same name may speak HTTP. */
const staysEncrypted = helmet.strictTransportSecurity({ maxAge: 365 * 86_400, includeSubDomains: false })

/** Headers of every answer. Nothing is cached unless a page says so. */
export const securityHeaders: RequestHandler = (request, response, next) => {
  response.setHeader('Cache-Control', 'no-store')
  headers(request, response, (error?: unknown) => {
    // The browser came by HTTPS, to this server or to a proxy that is trusted.
    if (error === undefined && request.secure) staysEncrypted(request, response, next)
    else next(error)
  })
}

/** For a page whose forms lead to other origins by a redirect: browsers hold form-action against redirects too. */
export function formLeadsTo(origins: () => readonly string[]): RequestHandler {
  const { directives } = contentSecurityPolicy
  return (request, response, next) => {
    const formAction = [...directives.formAction, ...origins()]
    const policy = { ...contentSecurityPolicy, directives: { ...directives, formAction } }
    helmet.contentSecurityPolicy(policy)(request, response, next)
  }
}

/** For a page whose script asks this server for what is new. */
export const connectsToItself: RequestHandler = helmet.contentSecurityPolicy({
  ...contentSecurityPolicy,
  directives: { ...contentSecurityPolicy.directives, connectSrc: ["'self'"] },
})
