import type { ServiceAnswer, ServiceRequest } from '../https/exchange.ts'
import type { Fault } from '../https/faults.ts'
import { forbidden, invalid, invalidToken, notFound, OktaRefusal, tooManyRequests } from './okta-error.ts'

/**
 * Okta's answer for a fault; undefined when the fault is one of transport or paging. A `throttled` fault has rate-limit
 * headers whose reset is a moment ahead, none with `retryAfter: null`; never a Retry-After (contract §4).
 */
export function oktaFaultAnswer(fault: Fault, request: ServiceRequest): ServiceAnswer | OktaRefusal | undefined {
  switch (fault.kind) {
    case 'html': {
      const body = '<html><body>Bad Gateway</body></html>'
      return { status: fault.status ?? 502, headers: { 'content-type': 'text/html' }, body }
    }
    case 'server-error':
      return new OktaRefusal(fault.status ?? 500, 'E0000009', 'Internal Server Error')
    case 'throttled':
      return tooManyRequests()
    case 'unauthorized':
    case 'claims-challenge':
      return invalidToken()
    case 'forbidden':
      return forbidden()
    case 'not-found': {
      const [, , , resource, id = ''] = request.path.split('/')
      return notFound(id, resource === 'groups' ? 'UserGroup' : 'User')
    }
    case 'expired-page-token':
      return invalid('after', 'invalid cursor')
    default:
      return undefined
  }
}
