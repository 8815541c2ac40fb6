import type { Json } from '../server/directory/directory-store.ts'
import type { AuthorizedAccount } from './authorizations.ts'
import type { ChangeHook, ChangeSubscriptions } from './change-hook.ts'
import type { CredentialPurpose } from './credential-health.ts'
import type { CredentialIdentity } from './credential-recorder.ts'
import type { Snapshot, SourceDomain, SourceGroup, SourceUser } from './identity.ts'
import type { BrowserSignIn } from './oidc/browser-sign-in.ts'
import type { PasswordCheck, PasswordVerdict } from './password-verdict.ts'
import type { ProviderError } from './provider-error.ts'

/** What the calls of one run cost. The provider counts, also when it fails half-way. */
export interface Traffic {
  /** Requests sent, repeats included. */
  calls: number
  /** Answers that told us to wait. */
  throttles: number
  /** Requests repeated after a transient failure. */
  repeats: number
  /** Octets of the answers' bodies. */
  bytes: number
  /** What went wrong and did not fail the run, such as a credential whose place another one took. */
  readonly notices: string[]
}

export function newTraffic(): Traffic {
  return { calls: 0, throttles: 0, repeats: 0, bytes: 0, notices: [] }
}

/** By what the calls of a run are told apart from others, here and at the provider. */
export interface CallTrace {
  /** A UUID; goes with every request. */
  readonly requestId: string
  /** Hears of calls that are made again. */
  readonly onRepeat: (why: ProviderError) => void
}

export interface FetchProgress {
  readonly step: string
  /** Objects read so far in this step. */
  readonly count: number
}

export interface FetchContext {
  readonly signal: AbortSignal
  readonly onProgress: (progress: FetchProgress) => void
  readonly traffic: Traffic
  /** Of a run; what belongs to none has none. */
  readonly trace?: CallTrace
}

/** What a single call needs of it. */
export type CallContext = Pick<FetchContext, 'signal' | 'traffic' | 'trace'>

/** One probed permission or step of a connection test. */
export interface ProbeResult {
  readonly name: string
  readonly ok: boolean
  /** What was found, or what to do. */
  readonly message: string
}

/** Everything a provider holds, and where reading changes goes on from. */
export interface Fetched {
  readonly snapshot: Snapshot
  /** The provider's own; null when it cannot tell changes. */
  readonly cursor: Json | null
}

/** What became of people and groups of a provider, by immutable id; undefined: no longer there. */
export interface SourceChanges {
  readonly users: ReadonlyMap<string, SourceUser | undefined>
  readonly groups: ReadonlyMap<string, SourceGroup | undefined>
  /** All of them; undefined when they were not read. */
  readonly domains: readonly SourceDomain[] | undefined
}

export interface FetchedChanges {
  readonly changes: SourceChanges
  readonly cursor: Json
}

/** People and groups of one provider as it was last read. */
export interface MirrorReader {
  user(id: string): Promise<SourceUser | undefined>
  group(id: string): Promise<SourceGroup | undefined>
  users(): AsyncIterable<SourceUser>
  groups(): AsyncIterable<SourceGroup>
}

/** A credential of a cloud provider, apart from what it is used for. */
export interface ProviderCredential extends CredentialIdentity {
  /** One cheap call that shows whether the provider still takes it. Throws {@link ProviderError}. */
  test(signal: AbortSignal): Promise<void>
}

/** How the authorization of an account begins: the browser is sent to the authority with these. */
export interface AuthorizationRequest {
  /** Where the authority sends the browser back to. */
  readonly redirectUri: string
  readonly purposes: readonly CredentialPurpose[]
  /** Comes back with the answer. */
  readonly state: string
  /** Comes back in the identity token. */
  readonly nonce: string
  /** PKCE: the secret that only who began can know. */
  readonly verifier: string
}

/** What the authority sent the browser back with. */
export interface AuthorizationAnswer {
  readonly code?: string | undefined
  readonly error?: string | undefined
  readonly errorDescription?: string | undefined
}

/** Authorizing accounts of administrators, for providers that can be read in the name of one. */
export interface AccountAuthorization {
  /** Origin of the authority that people sign in at. */
  readonly authority: string
  /** The permissions that will be asked for. */
  permissions(purposes: readonly CredentialPurpose[]): readonly string[]
  /** Where the browser is sent to. Throws {@link ProviderError}. */
  address(request: AuthorizationRequest, signal: AbortSignal): Promise<string>
  /** Takes the answer, checks whose account it is and tries each permission. Throws {@link ProviderError} with what is missing. */
  complete(
    request: Omit<AuthorizationRequest, 'state'>,
    answer: AuthorizationAnswer,
    signal: AbortSignal,
  ): Promise<AuthorizedAccount>
}

/**
 * A connected tenant, org or file. What it reads is complete, or it throws a {@link ProviderError}: it never returns what
 * it has so far.
 */
export interface IdentityProvider {
  readonly id: string
  readonly type: string
  /** Names the tenant or org whose ids these are: two providers with the same tenant hold the same people. */
  readonly tenant: string
  fetchAll(context: FetchContext): Promise<Fetched>
  /**
   * What has changed since `cursor`, which an earlier read of this provider gave; `mirror` is what was read up to then.
   * undefined when only a read of everything can tell, for one because the cursor has expired.
   */
  fetchChanges?(cursor: Json, mirror: MirrorReader, context: FetchContext): Promise<FetchedChanges | undefined>
  /**
   * One person and the groups that hold the person directly, read anew. `name` is the immutable id, or what the provider
   * signs people in with. undefined when the provider has nobody of that name.
   */
  fetchUser?(name: string, mirror: MirrorReader, context: FetchContext): Promise<SourceChanges | undefined>
  /**
   * Asks the provider about a password, once: a wrong one counts towards the lock-out of the person there. Absent where
   * that is not possible. Never throws for what the provider does.
   */
  checkPassword?(check: PasswordCheck, signal: AbortSignal): Promise<PasswordVerdict>
  /** Absent where people cannot sign in with a browser. */
  readonly browserSignIn?: BrowserSignIn
  /** Probes each permission apart, with each credential. Never throws for what a probe finds. */
  test(signal: AbortSignal): Promise<readonly ProbeResult[]>
  /** Every credential, backups included, in the order they are tried; files have none. */
  credentials?(): Promise<readonly ProviderCredential[]>
  /** Absent where accounts cannot be authorized. */
  readonly accounts?: AccountAuthorization
  /** Where the service tells that something has changed; absent where that is switched off or does not exist. */
  readonly hook?: ChangeHook
  /** Absent where nothing has to be subscribed to. */
  readonly subscriptions?: ChangeSubscriptions
  /** Cheap to ask, and another text whenever there is something new to read; only files can tell. */
  revision?(): Promise<string>
}
