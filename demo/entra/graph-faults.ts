import type { ServiceAnswer, ServiceRequest } from '../https/exchange.ts'
import type { Fault } from '../https/faults.ts'
import { invalidToken } from './access-tokens.ts'
import { errorAnswer, expiredPageToken, GraphRefusal, permissionMissing, resourceNotFound } from './graph-error.ts'
import { SignInRefusal, signInErrorAnswer } from './sign-in-error.ts'

const serverErrors: Readonly<Record<number, readonly [code: string, message: string]>> = {
  500: ['InternalServerError', 'An unexpected error occurred.'],
  502: ['UnknownError', 'Bad gateway.'],
  503: ['ServiceUnavailable', 'The service is temporarily unavailable.'],
  504: ['UnknownError', 'Gateway timeout.'],
}

const claims = Buffer.from('{"access_token":{"nbf":{"essential":true}}}').toString('base64')

/** Microsoft's answer for a fault; undefined when the fault is one of transport or paging. */
export function entraFaultAnswer(
  fault: Fault,
  request: ServiceRequest,
  origin: string,
  now: Date,
  expiredDelta: (path: string) => GraphRefusal,
): ServiceAnswer | undefined {
  if (fault.kind === 'html') {
    const status = fault.status ?? 502
    return {
      status,
      headers: { 'content-type': 'text/html' },
      body: `<html><body><h1>${status} Bad Gateway</h1></body></html>`,
    }
  }
  if (fault.kind === 'server-error' && request.path.endsWith('/token')) {
    return { ...signInErrorAnswer(new SignInRefusal(90033), origin, now), status: fault.status ?? 503 }
  }
  const refusal = refusalOf(fault, request, expiredDelta)
  return refusal === undefined ? undefined : errorAnswer(refusal, request, now)
}

function refusalOf(
  fault: Fault,
  request: ServiceRequest,
  expiredDelta: (path: string) => GraphRefusal,
): GraphRefusal | undefined {
  switch (fault.kind) {
    case 'server-error': {
      const status = fault.status ?? 500
      const [code, message] = serverErrors[status] ?? ['UnknownError', 'An error occurred.']
      return new GraphRefusal(status, code, message, retryAfter(fault.retryAfter ?? null))
    }
    case 'throttled':
      return new GraphRefusal(429, 'TooManyRequests', 'Too Many Requests', {
        ...retryAfter(fault.retryAfter === undefined ? 1 : fault.retryAfter),
        'x-ms-throttle-information': 'ResourceUnitLimitExceeded',
      })
    case 'unauthorized':
      return invalidToken('Lifetime validation failed, the token is expired.')
    case 'claims-challenge':
      return invalidToken('Continuous access evaluation challenge.', `error="insufficient_claims", claims="${claims}"`)
    case 'forbidden':
      return permissionMissing()
    case 'not-found':
      return resourceNotFound(request.path.split('/')[4] ?? '')
    case 'expired-page-token':
      return expiredPageToken()
    case 'expired-delta-token':
      return expiredDelta(request.path)
    default:
      return undefined
  }
}

function retryAfter(value: number | string | null): Record<string, string> {
  return value === null ? {} : { 'retry-after': String(value) }
}
