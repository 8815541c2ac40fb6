import { isUtf8 } from 'node:buffer'
import { timingSafeEqual } from 'node:crypto'
import { LdapError } from '../../protocol/ldap-error.ts'
import { ResultCode } from '../../protocol/result-code.ts'
import { networkTest } from '../../runtime/networks.ts'
import { appPasswordMac, appPasswordRecordId, parseAppPassword } from '../credentials/app-password-format.ts'
import type { DirectoryPassword, ImportedPassword } from '../credentials/credential-records.ts'
import { passwordOctets } from '../credentials/password-text.ts'
import type { Credential } from '../credentials/credential-table.ts'
import type { ServedDirectory } from '../served-directory.ts'
import { statusRefusal } from './account-status.ts'
import { type BindOrigin, type CheckResult, refused, right, type SlowChecks } from './bind-check.ts'
import { isBcryptText, readStoredPassword } from './password-hash.ts'
import { accountState, isSameState, type RecentBinds } from './recent-binds.ts'
import { splitCode } from './second-factor-code.ts'
import type { SignInServices } from './sign-in-services.ts'

export interface PersonCheckOptions {
  readonly directory: ServedDirectory
  readonly signIn: Omit<SignInServices, 'changePassword'>
  /** Passwords of files are replaced by bcrypt hashes once they were right. */
  readonly upgradeImported: boolean
  readonly recentBinds: Pick<RecentBinds, 'remember'>
  /** How long the hash of a password that a provider found right stands in for a provider that does not answer. */
  readonly cachedPassThroughHours: number
  readonly now: () => Date
}

/** What one check is made of. */
interface PersonBind {
  readonly entryUUID: string
  readonly origin: BindOrigin
  readonly slow: SlowChecks
}

/** Whether something that a person typed lets them in, apart from the state of the account. */
export type PersonCheck = (bind: PersonBind, typed: Buffer) => Promise<CheckResult>

const mostLooks = 3
/** Octets. */
const longestPassword = 1024

export function createPersonCheck(options: PersonCheckOptions): PersonCheck {
  const { directory, signIn, recentBinds, upgradeImported, cachedPassThroughHours, now } = options
  const { credentials } = directory
  let appPasswordKey: Uint8Array | undefined

  /** What is found right is of the account as it is then, whatever has changed while it was looked at. */
  async function check(bind: PersonBind, typed: Buffer): Promise<CheckResult> {
    for (let looks = 0; looks < mostLooks; looks += 1) {
      const result = await look(bind, typed)
      if (result !== undefined) return result
    }
    throw new LdapError(ResultCode.busy, 'the account is being changed, try again')
  }

  /** undefined: what it was found right for has changed meanwhile. */
  async function look(bind: PersonBind, typed: Buffer): Promise<CheckResult | undefined> {
    const app = await checkAppPassword(bind, typed)
    if (app !== undefined) return app
    const factor = credentials.credential(bind.entryUUID, 'totp')
    if (factor?.kind === 'totp' && factor.isConfirmed) return await checkWithCode(bind, typed)
    return await checkPassword(bind, typed, true)
  }

  /** Right or not, an app password is nothing else; undefined for what is none of this person's. */
  async function checkAppPassword({ entryUUID, origin }: PersonBind, typed: Buffer): Promise<CheckResult | undefined> {
    const password = parseAppPassword(typed.toString('latin1'))
    if (password === undefined) return undefined
    const id = appPasswordRecordId(password)
    if (credentials.credential(entryUUID, id)?.kind !== 'app') return undefined
    appPasswordKey ??= await signIn.appPasswordKey()
    const record = credentials.credential(entryUUID, id)
    const mac = record?.kind === 'app' ? Buffer.from(record.mac, 'base64') : Buffer.alloc(0)
    const typedMac = appPasswordKey && appPasswordMac(appPasswordKey, password)
    if (record?.kind !== 'app' || typedMac?.length !== mac.length || !timingSafeEqual(typedMac, mac))
      return refused('wrong app password')
    if (record.expiresAt !== null && !(now().getTime() < Date.parse(record.expiresAt)))
      return refused('the app password has expired')
    if (!networkTest(record.networks)(origin.address)) return refused('the app password may not be used from there')
    return right(id)
  }

  async function checkWithCode(bind: PersonBind, typed: Buffer): Promise<CheckResult | undefined> {
    const parts = splitCode(typed)
    if (parts === undefined) return refused('the code of the second factor is missing')
    const checked = await checkPassword(bind, parts.password, false)
    if (checked === undefined) return undefined
    const isRight = checked.outcome === 'right'
    // A wrong password takes the same way, with a code that is none, so that time does not tell that it was wrong.
    const isRedeemed = await signIn.redeemCode(bind.entryUUID, isRight ? parts.code : '')
    return isRight && !isRedeemed ? refused('wrong or used code of the second factor') : checked
  }

  async function checkPassword(
    bind: PersonBind,
    password: Buffer,
    isRemembered: boolean,
  ): Promise<CheckResult | undefined> {
    const state = accountState(directory, bind.entryUUID)
    const own = credentials.credentials(bind.entryUUID).filter(isOwnPassword)
    const { result, until } =
      own.length > 0 ? { result: await checkOwnPasswords(bind, password, own) } : await checkAtProvider(bind, password)
    if (result.outcome !== 'right') return result
    if (!isSameState(state, accountState(directory, bind.entryUUID))) return undefined
    if (isRemembered && !result.mustChange)
      recentBinds.remember(bind.entryUUID, password, result.credential, state, until)
    return result
  }

  async function checkOwnPasswords(
    { entryUUID, slow }: PersonBind,
    password: Buffer,
    own: readonly OwnPassword[],
  ): Promise<CheckResult> {
    const read = own.map(([id, record]) => ({ id, record, stored: readStoredPassword(record.hash) }))
    const found = ({ id, record, stored }: (typeof read)[number]) => {
      const isOurs = stored.kind === 'slow' && stored.isBcrypt
      if (upgradeImported && record.kind === 'imported' && !isOurs && isBcryptText(password))
        signIn
          .upgradeImported({ entryUUID, id, stored: record.hash, password: password.toString('utf8') })
          .catch(() => undefined) // the next bind asks again
      return right(id, record.kind === 'directory' && record.mustChange)
    }
    for (const each of read) if (each.stored.kind === 'fast' && each.stored.matches(password)) return found(each)
    for (const each of read) {
      const octets = each.record.kind === 'directory' ? passwordOctets(password) : password
      if (each.stored.kind === 'slow' && (await slow.matches(octets, each.record.hash))) return found(each)
    }
    const [first] = read
    const isAnyUsable = read.some(({ stored }) => stored.kind !== 'unusable')
    return refused(!isAnyUsable && first?.stored.kind === 'unusable' ? first.stored.why : 'wrong password')
  }

  async function checkAtProvider({ entryUUID, origin, slow }: PersonBind, password: Buffer): Promise<ProviderResult> {
    if (credentials.account(entryUUID)?.passThrough === 'never') return { result: refused('no password is set') }
    // Who may not sign in is no reason to try passwords at the provider, which counts them.
    const status = statusRefusal(directory, entryUUID, now())
    if (status !== undefined) return { result: refused(status) }
    if (!isUtf8(password) || password.length > longestPassword)
      return { result: refused('no password of a provider is like this one') }
    const checked = await signIn.checkAtProvider({
      entryUUID,
      password: password.toString('utf8'),
      address: origin.address,
      requestId: origin.requestId,
    })
    switch (checked.outcome) {
      case 'right':
        return { result: right('provider') }
      case 'wrong':
      case 'refused':
        return { result: refused(checked.reason) }
      case 'not-asked':
        return { result: refused(`no password is set; ${checked.reason}`) }
      case 'unavailable':
        return await checkCached(entryUUID, password, slow, checked.reason)
      default:
        return checked satisfies never
    }
  }

  /** While the provider does not answer: what it said lately. */
  async function checkCached(
    entryUUID: string,
    password: Buffer,
    slow: SlowChecks,
    reason: string,
  ): Promise<ProviderResult> {
    const cached = credentials.credential(entryUUID, 'provider')
    const checkedMs = cached?.kind === 'provider' ? Date.parse(cached.checkedAt) : Number.NaN
    const maxAgeMs = cachedPassThroughHours * 3_600_000
    const until = checkedMs + maxAgeMs
    // Checked long after now: the clock was set back, and how old it is cannot be told.
    if (cached?.kind !== 'provider' || !(Math.abs(now().getTime() - checkedMs) < maxAgeMs))
      return { result: { outcome: 'unavailable', reason, isGuess: false } }
    return (await slow.matches(password, cached.hash))
      ? { result: right('provider'), until }
      : { result: { outcome: 'unavailable', reason, isGuess: true } }
  }

  return check
}

/** `until`: beyond it, it does not count any more. */
interface ProviderResult {
  readonly result: CheckResult
  readonly until?: number
}

type OwnPassword = readonly [id: string, record: DirectoryPassword | ImportedPassword]

function isOwnPassword(credential: Credential): credential is OwnPassword {
  const [, { kind }] = credential
  return kind === 'directory' || kind === 'imported'
}
