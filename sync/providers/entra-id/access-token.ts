import type { CredentialPurpose } from '../../credential-health.ts'
import type { CredentialRecorder } from '../../credential-recorder.ts'
import type { Traffic } from '../../identity-provider.ts'
import { isUuid } from '../../name-based-uuid.ts'
import { ProviderError } from '../../provider-error.ts'
import type { CallContext, TokenCredential } from './token-credential.ts'

export interface AccessTokens {
  /** A valid token, from memory when there is one; `renew` asks the authority for a new one. */
  get(context: CallContext, renew?: boolean): Promise<string>
  /** What an administrator can do about a permission that the credential in use lacks. */
  advice(permission: string, context: CallContext): string
}

export interface TokenChainOptions {
  readonly provider: string
  /** Every credential, in the order they are tried. */
  readonly credentials: () => Promise<readonly TokenCredential[]>
  /** Hears what became of each; absent where nothing is kept. */
  readonly recorder: CredentialRecorder | undefined
}

/** What one run has learnt of the credentials. */
interface RunState {
  /** By name. One that was refused is not tried again in the same run, whatever for. */
  readonly refused: Map<string, ProviderError>
  /** Refusals that the run has been told of. */
  readonly told: Set<string>
  readonly inUse: Map<CredentialPurpose, TokenCredential>
}

/** Tokens for each purpose: of the first credential that has one, the refused ones before it told as notices of the run. */
export function createTokenChains(options: TokenChainOptions): Readonly<Record<CredentialPurpose, AccessTokens>> {
  const { provider, recorder } = options
  const runs = new WeakMap<Traffic, RunState>()

  function runOf({ traffic }: CallContext): RunState {
    const run = runs.get(traffic) ?? { refused: new Map(), told: new Set(), inUse: new Map() }
    runs.set(traffic, run)
    return run
  }

  /** The one in use first: the others are looked up only when it fails. */
  async function* candidates(purpose: CredentialPurpose, run: RunState) {
    const inUse = run.inUse.get(purpose)
    if (inUse !== undefined) yield inUse
    for (const credential of await options.credentials()) if (credential.purposes.includes(purpose)) yield credential
  }

  async function acquire(purpose: CredentialPurpose, context: CallContext, renew: boolean): Promise<string> {
    const run = runOf(context)
    const names = new Set<string>()
    for await (const credential of candidates(purpose, run)) {
      names.add(credential.name)
      if (run.refused.has(credential.name)) continue
      if (credential.broken !== undefined) {
        run.refused.set(credential.name, credential.broken)
        continue
      }
      try {
        const { token, isNew } = await credential.acquire(context, renew)
        if (isNew) await recorder?.succeeded(provider, credential)
        run.inUse.set(purpose, credential)
        tell(run, context, ` Used ${credential.label} in its place.`)
        return token
      } catch (error) {
        if (!(error instanceof ProviderError)) throw error
        await recorder?.failed(provider, credential, error)
        // Only a refusal is worth another credential: an authority that cannot be reached has none for any of them.
        if (error.isTransient) throw error
        run.refused.set(credential.name, error)
      }
    }
    const [first, ...others] = [...names].flatMap((name) => run.refused.get(name) ?? [])
    if (first === undefined) throw notAuthorized(provider, purpose)
    for (const error of others) context.traffic.notices.push(error.message)
    throw first
  }

  function tell(run: RunState, context: CallContext, what: string): void {
    for (const [name, error] of run.refused) {
      if (run.told.has(name)) continue
      run.told.add(name)
      context.traffic.notices.push(`${error.message}${what}`)
    }
  }

  function chain(purpose: CredentialPurpose): AccessTokens {
    let pending: { readonly token: Promise<string>; readonly renews: boolean } | undefined
    return {
      async get(context, renew = false) {
        // Calls in parallel share one request; only a renewal is new to those who ask for one.
        if (pending !== undefined && (pending.renews || !renew)) return await pending.token
        const request = { token: acquire(purpose, context, renew), renews: renew }
        pending = request
        try {
          return await request.token
        } finally {
          if (pending === request) pending = undefined
        }
      },
      advice: (permission, context) => permissionAdvice(permission, runOf(context).inUse.get(purpose)),
    }
  }

  return { users: chain('users'), groups: chain('groups') }
}

/** Tokens of one credential alone, for trying it out. */
export function tokensOf(credential: TokenCredential): AccessTokens {
  return {
    get: async (context, renew = false) => (await credential.acquire(context, renew)).token,
    advice: (permission) => permissionAdvice(permission, credential),
  }
}

export function permissionAdvice(
  permission: string,
  credential: Pick<TokenCredential, 'kind' | 'authorizedBy'> | undefined,
): string {
  return credential?.kind === 'delegated'
    ? `Grant the delegated permission ${permission} and admin consent for it, or authorize an account that may use it (this one is ${credential.authorizedBy ?? 'unknown'}).`
    : `Grant the application permission ${permission} and admin consent for it.`
}

/** The only credentials are delegated ones, and none of them is for this. */
function notAuthorized(provider: string, purpose: CredentialPurpose): ProviderError {
  const noun = purpose === 'users' ? 'user' : 'group'
  return new ProviderError({
    provider,
    call: `${noun} synchronization`,
    what: 'no account is authorized for it yet',
    advice: `"rosterd provider authorize ${provider} --for ${purpose}" makes a link that authorizes one.`,
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
