import { ConfidentialClientApplication } from '@azure/msal-node'
import { createCallPacer } from '../../call-pacer.ts'
import type { Clock } from '../../../server/runtime/clock.ts'
import type { Traffic } from '../../identity-provider.ts'
import { isUuid } from '../../name-based-uuid.ts'
import { ProviderError } from '../../provider-error.ts'
import type { ApplicationCredential } from './application-credentials.ts'
import { createNetworkClient } from './network-client.ts'
import { describeTokenFailure } from './token-errors.ts'

export interface AccessTokenOptions {
  readonly provider: string
  readonly tenantId: string
  readonly clientId: string
  /** Tried in order; the next one when one is refused. */
  readonly credentials: readonly ApplicationCredential[]
  readonly authorityHost: string
  readonly scope: string
  readonly timeoutMs: number
  readonly clock: Clock
}

export interface CallContext {
  readonly signal: AbortSignal
  readonly traffic: Traffic
}

export interface AccessTokens {
  /** A valid token, from memory when there is one; `renew` asks the authority for a new one. */
  get(context: CallContext, renew?: boolean): Promise<string>
}

/** Hosts MSAL trusts by itself; any other is named in knownAuthorities, with its port (contract §2.3). */
const wellKnownHosts = new Set([
  'login.microsoftonline.com',
  'login.microsoftonline.us',
  'login.partner.microsoftonline.cn',
  'login.windows.net',
  'login.chinacloudapi.cn',
  'login.usgovcloudapi.net',
])

/**
 * Application tokens (client credentials) from one MSAL client per connection, which keeps the token in memory. After
 * a failed request the client is made anew: MSAL answers a repeat from its own memory of the failure for up to an
 * hour, without asking (contract §2.6).
 */
export function createAccessTokens(options: AccessTokenOptions): AccessTokens {
  // Apart from the pacer of the reads: a read waits for its token while it holds one of their places.
  const pacer = createCallPacer({ clock: options.clock, maxConcurrent: 1 })
  let current: CallContext | undefined
  /** A credential that was refused is not tried again in the same run. */
  const firstOf = new WeakMap<Traffic, number>()
  const applications = new Map<ApplicationCredential, ConfidentialClientApplication>()
  let pending: { readonly token: Promise<string>; readonly renews: boolean } | undefined

  async function newApplication(credential: ApplicationCredential): Promise<ConfidentialClientApplication> {
    const host = new URL(options.authorityHost).host
    return new ConfidentialClientApplication({
      auth: {
        clientId: options.clientId,
        ...(await credential.proof()),
        authority: `${options.authorityHost.replace(/\/+$/, '')}/${options.tenantId}`,
        ...(wellKnownHosts.has(host) ? {} : { knownAuthorities: [host] }),
      },
      system: {
        disableInternalRetries: true,
        networkClient: createNetworkClient({
          timeoutMs: options.timeoutMs,
          signal: () => current?.signal,
          onRequest: () => {
            if (current !== undefined) current.traffic.calls++
          },
        }),
      },
    })
  }

  async function acquire(context: CallContext, renew: boolean): Promise<string> {
    const refused: ProviderError[] = []
    for (const credential of options.credentials.slice(firstOf.get(context.traffic) ?? 0)) {
      try {
        const token = await acquireWith(credential, context, renew)
        firstOf.set(context.traffic, options.credentials.indexOf(credential))
        for (const error of refused)
          context.traffic.notices.push(`${error.message} Used ${credential.name} in its place.`)
        return token
      } catch (error) {
        // Only a refusal is worth another credential: an authority that cannot be reached has none for any of them.
        if (!(error instanceof ProviderError) || error.isTransient) throw error
        refused.push(error)
      }
    }
    const [first, ...others] = refused
    if (first === undefined) throw noCredential(options.provider)
    for (const error of others) context.traffic.notices.push(error.message)
    throw first
  }

  async function acquireWith(credential: ApplicationCredential, context: CallContext, renew: boolean): Promise<string> {
    return await pacer.call(context, async () => {
      current = context
      try {
        const application = applications.get(credential) ?? (await newApplication(credential))
        applications.set(credential, application)
        const result = await application.acquireTokenByClientCredential({ scopes: [options.scope], skipCache: renew })
        if (result !== null && result.accessToken !== '') return { type: 'done', value: result.accessToken }
        throw new Error('the authority answered without a token')
      } catch (thrown) {
        context.signal.throwIfAborted()
        applications.delete(credential)
        const failure = describeTokenFailure(options.provider, thrown)
        return { type: failure.transient ? 'transient' : 'failed', error: failure.error }
      }
    })
  }

  return {
    async get(context, renew = false) {
      // Calls in parallel share one request; only a renewal is new to those who ask for one.
      if (pending !== undefined && (pending.renews || !renew)) return await pending.token
      const request = { token: acquire(context, renew), renews: renew }
      pending = request
      try {
        return await request.token
      } finally {
        if (pending === request) pending = undefined
      }
    },
  }
}

function noCredential(provider: string): ProviderError {
  return new ProviderError({
    provider,
    call: 'token request',
    what: 'no application credential is configured',
    advice: 'Add a credential { "kind": "application", "clientSecret": … }.',
  })
}

/**
 * Fails early on settings no request can cure. The GUID is asked for, although the service takes domains too: ids of
 * people are kept under it for ever, and a tenant has many domains.
 */
export function checkTenant(provider: string, tenantId: string): void {
  if (isUuid(tenantId)) return
  throw new ProviderError({
    provider,
    call: 'token request',
    what: `tenantId "${tenantId}" is not the GUID of a tenant`,
    advice: 'Use the tenant id shown on the overview page of the Entra admin center.',
  })
}
