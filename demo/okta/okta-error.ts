import { randomBytes } from 'node:crypto'

/** Thrown anywhere below the Okta router, which turns it into an answer (contract §5). */
export class OktaRefusal extends Error {
  override readonly name = 'OktaRefusal'
  readonly status: number
  readonly errorCode: string
  readonly causes: readonly string[]
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    errorCode: string,
    errorSummary: string,
    causes: readonly string[] = [],
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(errorSummary)
    this.status = status
    this.errorCode = errorCode
    this.causes = causes
    this.headers = headers
  }
}

export function errorBody({ errorCode, message, causes }: OktaRefusal): unknown {
  return {
    errorCode,
    errorSummary: message,
    errorLink: errorCode,
    errorId: `oae${randomBytes(12).toString('base64url')}`,
    errorCauses: causes.map((errorSummary) => ({ errorSummary })),
  }
}

export function invalid(field: string, cause: string): OktaRefusal {
  return new OktaRefusal(400, 'E0000001', `Api validation failed: ${field}`, [`${field}: ${cause}`])
}

export function invalidSearch(): OktaRefusal {
  return new OktaRefusal(400, 'E0000031', 'Invalid search criteria.')
}

export function invalidToken(): OktaRefusal {
  return new OktaRefusal(401, 'E0000011', 'Invalid token provided')
}

export function authenticationFailed(): OktaRefusal {
  return new OktaRefusal(401, 'E0000004', 'Authentication failed')
}

export function forbidden(headers: Readonly<Record<string, string>> = {}): OktaRefusal {
  const message = 'You do not have permission to perform the requested action'
  return new OktaRefusal(403, 'E0000006', message, [], headers)
}

export function notFound(id: string, type: 'User' | 'UserGroup' | 'AppInstance'): OktaRefusal {
  return new OktaRefusal(404, 'E0000007', `Not found: Resource not found: ${id} (${type})`)
}

export function tooManyRequests(): OktaRefusal {
  return new OktaRefusal(429, 'E0000047', 'API call exceeded rate limit due to too many requests.')
}
