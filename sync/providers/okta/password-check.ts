import type { OktaProviderConfig } from '../../../server/runtime/config-schema.ts'
import type { Clock } from '../../../server/runtime/clock.ts'
import { type PasswordCheck, type PasswordVerdict, unavailable } from '../../password-verdict.ts'
import type { SourceUser } from '../../identity.ts'
import { createPlaces } from '../../places.ts'
import { ProviderError } from '../../provider-error.ts'
import { type ReadSecret, readProviderSecret } from '../../provider-secret.ts'
import { objectField } from '../../record-fields.ts'
import { createAuthnBudget } from './authn-budget.ts'
import { NoAnswerError } from './okta-errors.ts'
import { verdictOf } from './password-verdicts.ts'
import { sendRequest } from './single-request.ts'

export interface PasswordCheckOptions {
  readonly config: OktaProviderConfig
  /** https, without path. */
  readonly orgUrl: string
  readonly secret: ReadSecret
  readonly clock: Pick<Clock, 'now'>
}

/** 75 in parallel for the whole org; no more than 5 are ours (contract §4). */
const checksAtOnce = 5
const checksWaiting = 60
const longestCheckSeconds = 10
/** People of an Active Directory are checked through its agent, which is slow (contract §6). */
const longestAgentCheckSeconds = 15

/** Password checks by `POST /api/v1/authn` (contract §6). The session token of the answer is dropped with it. */
export function createPasswordCheck({ config, orgUrl, secret, clock }: PasswordCheckOptions) {
  const places = createPlaces(checksAtOnce, checksWaiting)
  const budget = createAuthnBudget(config.rateLimitShare, clock)

  async function ask(check: PasswordCheck, login: string, signal: AbortSignal): Promise<PasswordVerdict> {
    const closedMs = budget.closedFor(login)
    if (closedMs > 0)
      return unavailable(`${config.id}: the rate limit of Okta is used up for ${Math.ceil(closedMs / 1000)} s more`)
    const response = await sendRequest({
      url: `${orgUrl}/api/v1/authn`,
      method: 'POST',
      headers: {
        Accept: 'application/json',
        'Content-Type': 'application/json',
        'X-Request-Id': check.requestId,
        ...(await callerHeaders(check.clientAddress)),
      },
      body: JSON.stringify({
        username: login,
        password: check.password,
        options: { warnBeforePasswordExpired: false, multiOptionalFactorEnroll: false },
      }),
      signal,
    })
    budget.answered(login, response.status, response.headers)
    return verdictOf(config.id, response.status, await response.text(), check.user.id)
  }

  /**
   * Okta believes the address of the client from who has an API token; others are checked as if they came from here. A
   * service app has no such token, and its own says nothing at this endpoint.
   */
  async function callerHeaders(clientAddress: string): Promise<Record<string, string>> {
    if (config.apiToken === null || config.oauth !== null) return {}
    const token = await readProviderSecret(config.id, 'apiToken', config.apiToken, secret)
    return { Authorization: `SSWS ${token.reveal()}`, 'X-Forwarded-For': plainAddress(clientAddress) }
  }

  return async (check: PasswordCheck, signal: AbortSignal): Promise<PasswordVerdict> => {
    const { login } = check.user.names
    if (login === null) return { outcome: 'refused', reason: `${config.id}: the user has no login` }
    const longestSeconds = isOfActiveDirectory(check.user) ? longestAgentCheckSeconds : longestCheckSeconds
    const seconds = Math.min(config.requestTimeoutSeconds, longestSeconds)
    const limit = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)])
    let isSent = false
    try {
      const verdict = await places.use(limit, () => {
        isSent = true
        return ask(check, login, limit)
      })
      return verdict ?? unavailable(`${config.id}: too many password checks wait for Okta`)
    } catch (error) {
      if (error instanceof ProviderError) return unavailable(error.message, true)
      if (limit.aborted)
        return { ...unavailable(`${config.id}: no answer from Okta within ${seconds} s`), isLate: isSent }
      const what = error instanceof NoAnswerError ? 'no answer from Okta' : 'the answer of Okta was cut short'
      return unavailable(`${config.id}: ${what}`)
    }
  }
}

function isOfActiveDirectory({ record }: SourceUser): boolean {
  return objectField(objectField(record, 'credentials'), 'provider').type === 'ACTIVE_DIRECTORY'
}

/** Without the form of IPv4 in IPv6, and without a zone. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
}
