import type { AuthenticationResult, INetworkModule } from '@azure/msal-node'
import type { EntraProviderConfig } from '../../../server/runtime/config-schema.ts'
import { type PasswordCheck, type PasswordVerdict, unavailable } from '../../password-verdict.ts'
import { createPlaces } from '../../places.ts'
import { ProviderError } from '../../provider-error.ts'
import { isJsonObject } from '../../record-fields.ts'
import { checkTenant } from './access-token.ts'
import type { ApplicationCredential } from './application-credentials.ts'
import { delegatedScopes } from './delegated-scopes.ts'
import { accountClient } from './msal-configuration.ts'
import { refused, verdictOf } from './password-verdicts.ts'
import { tokenErrorOf } from './token-errors.ts'

export interface PasswordCheckOptions {
  readonly config: EntraProviderConfig
  /** What the application proves itself with; none makes it a public client. */
  readonly applications: readonly ApplicationCredential[]
}

const checksAtOnce = 20
const checksWaiting = 60
/** Clients of LDAP do not wait longer for a bind. */
const longestCheckSeconds = 10

/**
 * Password checks by the resource owner password credentials grant (contract §2.6). The MSAL client is made anew for each:
 * one that is kept answers the next person with the failure of the one before, and keeps everybody's tokens.
 */
export function createPasswordCheck({ config, applications }: PasswordCheckOptions) {
  const places = createPlaces(checksAtOnce, checksWaiting)
  const seconds = Math.min(config.requestTimeoutSeconds, longestCheckSeconds)
  const connection = {
    ...config,
    clientId: config.passThroughClientId ?? config.clientId,
    requestTimeoutSeconds: seconds,
  }
  const proofs = config.passThroughClientId === null ? applications : []
  /** The first credential that the authority has not refused. */
  let inUse = 0
  let authorityMetadata: string | undefined

  async function signIn(
    login: string,
    { password, requestId }: PasswordCheck,
    signal: AbortSignal,
  ): Promise<AuthenticationResult | null> {
    let discovered: string | undefined
    const client = accountClient(connection, await proofs[inUse]?.proof(), {
      signal: () => signal,
      authorityMetadata,
      wrapNetwork: (network) => ({
        async sendGetRequestAsync(url, options) {
          const answer = await network.sendGetRequestAsync(url, options)
          discovered = JSON.stringify(answer.body)
          return answer as never // the body is what MSAL asked for
        },
        async sendPostRequestAsync(url, options) {
          // What was discovered has been accepted when MSAL goes on to the token endpoint.
          authorityMetadata ??= discovered
          return await network.sendPostRequestAsync(url, withoutOfflineAccess(options))
        },
      }),
    })
    // Deprecated because it does not go with multi-factor authentication; there is no other way to check a password.
    // oxlint-disable-next-line typescript/no-deprecated
    return await client.acquireTokenByUsernamePassword({
      scopes: delegatedScopes(config, ['User.Read']),
      username: login,
      password,
      correlationId: requestId,
    })
  }

  async function ask(check: PasswordCheck, signal: AbortSignal): Promise<PasswordVerdict> {
    const { user, password } = check
    const { login } = user.names
    if (login === null) return refused(`${config.id}: the user has no user principal name`)
    if (/^\s|\s$/.test(password))
      return refused(`${config.id}: Entra ID takes no password that begins or ends with a blank; it was not asked`)
    const used = inUse
    try {
      checkTenant(config.id, config.tenantId)
      return verdictOfToken(await signIn(login, check, signal), user.id)
    } catch (thrown) {
      // The password may have been looked at, so the next credential is for the next check.
      if (tokenErrorOf(thrown).errorCode === 'invalid_client' && used === inUse && proofs.length > 0)
        inUse = (used + 1) % proofs.length
      return thrown instanceof ProviderError ? unavailable(thrown.message, true) : verdictOf(config.id, thrown)
    }
  }

  /** Nothing but a token of that very user is a right password: the name may belong to somebody else by now. */
  function verdictOfToken(result: AuthenticationResult | null, userId: string): PasswordVerdict {
    const claims: unknown = result?.idTokenClaims
    const { oid, tid } = isJsonObject(claims) ? claims : {}
    if (result === null || result.accessToken === '' || typeof oid !== 'string' || typeof tid !== 'string')
      return unavailable(`${config.id}: the authority answered without saying whose token it is`)
    if (tid.toLowerCase() !== config.tenantId.toLowerCase())
      return refused(`${config.id}: the password belongs to a user of another tenant`)
    if (oid.toLowerCase() !== userId)
      return refused(`${config.id}: the password belongs to another user, who has this name now; a sync is due`)
    return { outcome: 'right' }
  }

  return async (check: PasswordCheck, signal: AbortSignal): Promise<PasswordVerdict> => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)])
    try {
      const verdict = await places.use(limit, () => ask(check, limit))
      if (verdict === undefined) return unavailable(`${config.id}: too many password checks wait for Entra ID`)
      return verdict.outcome === 'unavailable' ? { ...verdict, isLate: limit.aborted } : verdict
    } catch (error) {
      if (!limit.aborted) throw error
      return unavailable(`${config.id}: no place among the password checks within ${seconds} s`)
    }
  }
}

/** MSAL adds it to every request; nobody is to keep a refresh token of a person (contract §2.6). */
function withoutOfflineAccess(
  options: Parameters<INetworkModule['sendPostRequestAsync']>[1],
): Parameters<INetworkModule['sendPostRequestAsync']>[1] {
  if (options?.body === undefined) return options
  const form = new URLSearchParams(options.body)
  const scopes = form.get('scope')?.split(' ') ?? []
  form.set('scope', scopes.filter((scope) => scope !== 'offline_access').join(' '))
  return { ...options, body: form.toString() }
}
