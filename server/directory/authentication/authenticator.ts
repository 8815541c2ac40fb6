import { LdapError } from '../../protocol/ldap-error.ts'
import { ResultCode } from '../../protocol/result-code.ts'
import { networkOf } from '../../runtime/address-network.ts'
import type { Identity } from '../access-control.ts'
import { type EncodedEntry, entryName } from '../encoded-entry.ts'
import type { ServedDirectory } from '../served-directory.ts'
import { refusalOf, statusRefusal } from './account-status.ts'
import type { BcryptPool } from './bcrypt-pool.ts'
import { type BindOrigin, type CheckResult, createSlowChecks, refused, type SlowChecks } from './bind-check.ts'
import {
  type BindAccount,
  type BindAttempt,
  type BindOutcome,
  type BindWatch,
  createFingerprint,
  unwatched,
} from './bind-watch.ts'
import { checkBinder } from './binder-check.ts'
import { type Binder, binderDn, type BinderRegistry } from './binder-registry.ts'
import { createGuessesUnderWay } from './guesses-under-way.ts'
import { type ChangePassword, createPasswordChange } from './password-change.ts'
import { createPersonCheck } from './person-check.ts'
import { dnKey, personNamed } from './person-names.ts'
import { type RecentBind, RecentBinds } from './recent-binds.ts'
import type { SignInServices } from './sign-in-services.ts'
import { createStandingCheck, type StandingCheck } from './standing.ts'

interface SignedIn {
  readonly identity: Identity
  /** Id of the credential that was right. */
  readonly credential: string
  /** The person may do nothing but set another password. */
  readonly mustChange: boolean
}

export type AuthenticationResult =
  | SignedIn
  /** For the log; the client is told nothing but invalidCredentials. */
  | { readonly refused: string }
  /** For the log; the client is told that it could not be found out. */
  | { readonly unavailable: string }

export interface Authenticator {
  /** Checks name and password of a simple bind; at once, where it is known whether they are right. Throws LdapError busy when too many checks wait, or unavailable. */
  authenticate(name: string, password: Buffer, origin: BindOrigin): AuthenticationResult | Promise<AuthenticationResult>
  readonly changePassword: ChangePassword
  readonly overBecause: StandingCheck
}

export interface AuthenticatorOptions {
  readonly directory: ServedDirectory
  readonly binders: Pick<BinderRegistry, 'find' | 'named'>
  /** Accept a user name, UPN or primary mail address in place of a DN. */
  readonly bindByName: boolean
  readonly bcrypt: Pick<BcryptPool, 'compare'>
  readonly signIn: SignInServices
  readonly passwords: {
    readonly bcryptCost: number
    readonly recentBindMinutes: number
    readonly cachedPassThroughHours: number
    readonly upgradeImported: boolean
  }
  readonly watch?: BindWatch
  readonly now?: () => Date
}

/** Whom a name means. */
type Candidate =
  | { readonly kind: 'binder'; readonly account: BindAccount; readonly binder: Binder }
  | {
      readonly kind: 'person'
      readonly account: BindAccount
      readonly entry: EncodedEntry
      readonly recent: RecentBind | undefined
    }
  | { readonly kind: 'nobody'; readonly account: BindAccount; readonly reason: string }

/**
 * The order of a bind: throttle, name, password, state of the account. What is refused takes as long as a slow hash, so that
 * time does not tell who exists and has which kind of password.
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { directory, binders, bindByName, bcrypt, watch = unwatched, now = () => new Date() } = options
  const { bcryptCost, recentBindMinutes: minutes, cachedPassThroughHours, upgradeImported } = options.passwords
  const recentBinds = new RecentBinds({ directory, minutes, now })
  const checkPerson = createPersonCheck({
    directory,
    signIn: options.signIn,
    recentBinds,
    cachedPassThroughHours,
    upgradeImported,
    now,
  })
  const dummyHash = `$2b$${String(bcryptCost).padStart(2, '0')}$${dummySaltAndHash}`
  const fingerprint = createFingerprint()
  const guesses = createGuessesUnderWay()

  function authenticate(
    name: string,
    password: Buffer,
    origin: BindOrigin,
  ): AuthenticationResult | Promise<AuthenticationResult> {
    const candidate = candidateOf(name)
    const attempt = { account: candidate.account, address: origin.address, binder: origin.binder }
    const throttled = watch.admit(attempt)
    if (throttled !== undefined) return { refused: throttled }
    const known = knownNow(candidate, password, origin)
    if (known !== undefined) {
      watch.ended(attempt, { outcome: 'signed-in', credential: known.credential })
      return known
    }
    return authenticateSlowly(candidate, password, origin, attempt)
  }

  /** What is not known to be right counts as a guess, and takes the time of one. */
  async function authenticateSlowly(
    candidate: Candidate,
    password: Buffer,
    origin: BindOrigin,
    attempt: BindAttempt,
  ): Promise<AuthenticationResult> {
    const print = fingerprint(candidate.account, password)
    const network = networkOf(origin.address)
    const asker = { network, isGone: origin.isGone, fingerprint: print }
    const end = guesses.begin(candidate.account.id, network, print)
    let outcome: BindOutcome = { outcome: 'undecided' }
    try {
      if (end === undefined)
        throw new LdapError(ResultCode.busy, 'too many passwords of this account are being checked, try again')
      const checked = await check(candidate, password, origin, createSlowChecks(bcrypt, asker))
      const isRefused = 'refused' in checked.result
      if ('identity' in checked.result) outcome = { outcome: 'signed-in', credential: checked.result.credential }
      else if (isRefused || checked.isGuess) outcome = { outcome: 'refused', fingerprint: print }
      return checked.result
    } finally {
      end?.()
      watch.ended(attempt, outcome)
    }
  }

  function candidateOf(name: string): Candidate {
    const key = dnKey(name)
    const binder = key === undefined ? undefined : binders.find(key)
    if (binder !== undefined) return { kind: 'binder', account: { kind: 'binder', id: binder.rights.name }, binder }
    const { view } = directory
    const slot = key === undefined ? (bindByName ? personNamed(directory, name) : undefined) : view.slotOfKey(key)
    const entry = view.entry(slot)
    if (entry === undefined) {
      const reason = key === undefined ? 'no single person has this name' : 'no such entry'
      const id = (key ?? name.toLowerCase()).slice(0, longestUnknownName)
      return { kind: 'nobody', account: { kind: 'unknown', id }, reason }
    }
    const recent = recentBinds.of(entry)
    const id = recent?.identity.entryUUID ?? entry.entryUUID
    return { kind: 'person', account: { kind: 'person', id }, entry, recent }
  }

  /** Who it is, where that is known without a check that takes long. */
  function knownNow(candidate: Candidate, password: Buffer, origin: BindOrigin): SignedIn | undefined {
    if (candidate.kind === 'person') return knownPerson(candidate, password)
    if (candidate.kind === 'nobody') return undefined
    const checked = checkBinder(candidate.binder, password, origin, now().getTime())
    return checked.outcome === 'right'
      ? { identity: binderIdentity(candidate.binder), credential: checked.credential, mustChange: false }
      : undefined
  }

  function checkNow(
    candidate: Candidate,
    password: Buffer,
    origin: BindOrigin,
    slow: SlowChecks,
  ): CheckResult | Promise<CheckResult> {
    switch (candidate.kind) {
      case 'binder':
        return checkBinder(candidate.binder, password, origin, now().getTime())
      case 'person':
        return checkPerson({ entryUUID: candidate.account.id, origin, slow }, password)
      case 'nobody':
        return refused(candidate.reason)
      default:
        return candidate satisfies never
    }
  }

  /** Who it is, if it is; undefined when the entry has gone. */
  function identityNow({ kind, account }: Candidate): Identity | undefined {
    if (kind === 'person') return personOf(account.id)
    const binder = kind === 'binder' ? binders.named(account.id) : undefined
    return binder && binderIdentity(binder)
  }

  async function check(
    candidate: Candidate,
    password: Buffer,
    origin: BindOrigin,
    slow: SlowChecks,
  ): Promise<{ readonly result: AuthenticationResult; readonly isGuess?: boolean }> {
    const ended = resultOf(candidate, await checkNow(candidate, password, origin, slow), origin)
    if ('refused' in ended.result && slow.count === 0) await slow.matches(new Uint8Array(0), dummyHash)
    return ended
  }

  /** Of a check: who it is now, if anybody. */
  function resultOf(
    candidate: Candidate,
    checked: CheckResult,
    origin: BindOrigin,
  ): { readonly result: AuthenticationResult; readonly isGuess?: boolean } {
    if (checked.outcome === 'unavailable') return { result: { unavailable: checked.reason }, isGuess: checked.isGuess }
    const refusal = checked.outcome === 'refused' ? checked.reason : refusalNow(candidate, checked.mustChange, origin)
    const identity = identityNow(candidate)
    if (checked.outcome === 'right' && refusal === undefined && identity !== undefined)
      return { result: { identity, credential: checked.credential, mustChange: checked.mustChange } }
    return { result: { refused: refusal ?? 'the entry is gone' } }
  }

  /** Somebody whose password was right a moment ago; those who have to add a code are not remembered. */
  function knownPerson(
    { entry, recent }: Candidate & { readonly kind: 'person' },
    password: Buffer,
  ): SignedIn | undefined {
    if (recent === undefined || !recentBinds.isRight(recent, password)) return undefined
    if (refusalOf(entry, recent.account, now()) !== undefined) return undefined
    return { identity: recent.identity, credential: recent.credential, mustChange: false }
  }

  /** Only who is active now gets in, also when that changed while the password was checked. */
  function refusalNow({ account }: Candidate, mustChange: boolean, origin: BindOrigin): string | undefined {
    const status = account.kind === 'person' ? statusRefusal(directory, account.id, now()) : undefined
    if (status !== undefined) return status
    return mustChange && !origin.canChangePassword ? 'the password has to be changed first' : undefined
  }

  function binderIdentity({ rights: { name } }: Binder): Identity {
    return { kind: 'binder', name, dn: binderDn(name, directory.suffix) }
  }

  function personOf(entryUUID: string): Identity | undefined {
    const entry = directory.view.entry(directory.view.slotOfUuid(entryUUID))
    return entry && { kind: 'user', entryUUID, dn: entryName(entry) }
  }

  return {
    authenticate,
    changePassword: createPasswordChange({ directory, signIn: options.signIn, watch, fingerprint, now }),
    overBecause: createStandingCheck({ directory, binders, now }),
  }
}

/** Names come from clients and may be as long as a message. */
const longestUnknownName = 256
// Of a random string: what is checked against where there is nothing else to check against.
const dummySaltAndHash = 'LQOnBqZemXZC9y2WCr1KAe9qW2yrXeV2UvcIkXWEk.QaStAOgkAcm'
