import type { CredentialPurpose } from '../../credential-health.ts'
import type { CredentialRecorder } from '../../credential-recorder.ts'
import type { Traffic } from '../../identity-provider.ts'
import { isUuid } from '../../name-based-uuid.ts'
import { ProviderError } from '../../provider-error.ts'
import type { GraphRefusal } from './graph-errors.ts'
import type { CallContext } from '../../identity-provider.ts'
import type { TokenCredential } from './token-credential.ts'

/** What a call wants a token for. */
export interface Need {
  readonly purpose: CredentialPurpose
  readonly permission: string
  /** The setting that made the permission necessary; undefined for one that every authorization is given. */
  readonly neededBy?: string
}

/** A token, and whose it is. */
export interface GivenToken {
  readonly token: string
  readonly credential: TokenCredential
  /** Given in place of a refused one of the same credential. */
  readonly isRenewed: boolean
}

export interface AccessTokens {
  /** A valid token, from memory when there is one. Throws {@link ProviderError}. */
  get(need: Need, context: CallContext): Promise<GivenToken>
  /**
   * What to repeat a call with that Microsoft Graph refused: the same credential with a new token, once, then the next
   * one. Throws the first refusal when none is left.
   */
  instead(given: GivenToken, refusal: GraphRefusal, need: Need, context: CallContext): Promise<GivenToken>
  /**
   * Hears that the read of this context has ended. Tells refusals as notices of the run, but for the one it failed with;
   * after a read that has not failed, credentials that were not refused are good.
   */
  ended(context: CallContext, failure?: unknown): Promise<void>
}

export interface TokenChainOptions {
  readonly provider: string
  /** Every credential, in the order they are tried. */
  readonly credentials: () => Promise<readonly TokenCredential[]>
  /** Hears what became of each; absent where nothing is kept. */
  readonly recorder?: CredentialRecorder | undefined
}

/** A credential that is not tried again in the same run: for this permission, or whatever for. */
interface Refusal {
  readonly name: string
  readonly permission: string
  readonly isOfAll: boolean
  readonly error: ProviderError
}

/** What one run has learnt of the credentials. */
interface RunState {
  readonly refusals: Refusal[]
  /** By permission. */
  readonly inUse: Map<string, TokenCredential>
  /** By permission: calls in parallel share one request. */
  readonly pending: Map<string, Promise<GivenToken>>
}

type IsUsable = (held: string) => boolean

/** Tokens of the first credential that neither the authority nor Microsoft Graph refuses. */
export function createTokenChain({ provider, credentials, recorder }: TokenChainOptions): AccessTokens {
  const runs = new WeakMap<Traffic, RunState>()

  function runOf({ traffic }: CallContext): RunState {
    const run = runs.get(traffic) ?? { refusals: [], inUse: new Map(), pending: new Map() }
    runs.set(traffic, run)
    return run
  }

  async function shared(need: Need, context: CallContext, isUsable: IsUsable): Promise<GivenToken> {
    const { pending } = runOf(context)
    const asked = pending.get(need.permission)
    if (asked !== undefined) {
      const given = await asked
      if (isUsable(given.token)) return given
    }
    const request = acquire(need, context, isUsable)
    pending.set(need.permission, request)
    try {
      return await request
    } finally {
      if (pending.get(need.permission) === request) pending.delete(need.permission)
    }
  }

  async function acquire(need: Need, context: CallContext, isUsable: IsUsable): Promise<GivenToken> {
    const { inUse } = runOf(context)
    const known = inUse.get(need.permission)
    if (known !== undefined) {
      const token = await tokenOf(known, need, context, isUsable)
      if (token !== undefined) return { token, credential: known, isRenewed: false }
    }
    let first: Refusal | undefined
    for (const credential of await credentials()) {
      if (!credential.purposes.includes(need.purpose)) continue
      const token = await tokenOf(credential, need, context, isUsable)
      if (token !== undefined) {
        inUse.set(need.permission, credential)
        return { token, credential, isRenewed: false }
      }
      first ??= refusalOf(credential, need, context)
    }
    throw first?.error ?? notAuthorized(provider, need.purpose)
  }

  /** undefined when the credential is refused, now or before. */
  async function tokenOf(
    credential: TokenCredential,
    need: Need,
    context: CallContext,
    isUsable: IsUsable,
  ): Promise<string | undefined> {
    if (refusalOf(credential, need, context) !== undefined) return undefined
    if (credential.broken !== undefined) {
      refuse(credential, need, credential.broken, context)
      return undefined
    }
    if (need.neededBy !== undefined && credential.permissions?.includes(need.permission) === false) {
      const error = notGiven(provider, credential, need.permission, need.neededBy)
      refuse(credential, need, error, context, false)
      await recorder?.failed(provider, credential, error)
      return undefined
    }
    try {
      return await credential.acquire(context, isUsable)
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      await recorder?.failed(provider, credential, error)
      // Only a refusal is worth another credential: an authority that cannot be reached has none for any of them.
      if (error.isTransient) throw error
      refuse(credential, need, error, context)
      return undefined
    }
  }

  function refusalOf(
    { name }: TokenCredential,
    { permission }: Pick<Need, 'permission'>,
    context: CallContext,
  ): Refusal | undefined {
    return runOf(context).refusals.find(
      (refusal) => refusal.name === name && (refusal.isOfAll || refusal.permission === permission),
    )
  }

  function refuse(
    { name }: TokenCredential,
    { permission }: Need,
    error: ProviderError,
    context: CallContext,
    isOfAll = true,
  ): void {
    runOf(context).refusals.push({ name, permission, isOfAll, error })
  }

  return {
    get: (need, context) => shared(need, context, () => true),
    async instead(given, { why, error }, need, context) {
      const { credential } = given
      const isForGood = why === 'permission' || given.isRenewed
      // Calls in parallel learn of the same refusal.
      if (isForGood && refusalOf(credential, need, context) === undefined) {
        refuse(credential, need, error, context, why !== 'permission')
        await recorder?.failed(provider, credential, error)
        if (why !== 'permission') await credential.refused(error, why === 'signIn')
      }
      const other = await shared(need, context, (held) => held !== given.token)
      return { ...other, isRenewed: other.credential.name === credential.name }
    },
    async ended(context, failure) {
      const { inUse, refusals } = runOf(context)
      const isRefused = ({ name }: TokenCredential) => refusals.some((refusal) => refusal.name === name)
      for (const { permission, error } of refusals) {
        const other = inUse.get(permission)
        const used = other === undefined || refusalOf(other, { permission }, context) !== undefined ? undefined : other
        if (error !== failure)
          context.traffic.notices.push(`${error.message}${used ? ` Used ${used.label} in its place.` : ''}`)
      }
      if (failure !== undefined) return
      const used = new Map([...inUse.values()].map((credential) => [credential.name, credential]))
      for (const credential of used.values()) {
        if (isRefused(credential)) continue
        await credential.worked()
        await recorder?.succeeded(provider, credential)
      }
    },
  }
}

/** Known without a call: the permission was not among those the account was authorized for. */
function notGiven(
  provider: string,
  { authorizedBy, purposes }: TokenCredential,
  permission: string,
  neededBy: string,
): ProviderError {
  const purpose = purposes.length === 1 ? ` --for ${purposes[0]}` : ''
  return new ProviderError({
    provider,
    call: `authorization of ${authorizedBy ?? 'an unknown account'}`,
    what: `it was given without ${permission}, which ${neededBy} needs`,
    advice: `Authorize the account again: "rosterd provider authorize ${provider}${purpose}" makes a link.`,
  })
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
