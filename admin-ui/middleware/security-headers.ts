import type { RequestHandler } from 'express'
import helmet from 'helmet'

const headers = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  referrerPolicy: { policy: 'no-referrer' },
  xFrameOptions: { action: 'deny' },
  // The server speaks HTTP only: TLS, and its HSTS header, are the proxy's.
  strictTransportSecurity: false,
})

/** Headers of every answer. Nothing is cached unless a page says so. */
export const securityHeaders: RequestHandler = (request, response, next) => {
  response.setHeader('Cache-Control', 'no-store')
  headers(request, response, next)
}
