import { createFingerprint } from '../authentication/bind-watch.ts'
import { Throttle } from '../authentication/throttle.ts'
import { networkOf } from '../../runtime/address-network.ts'
import { adminTotpStep } from './admin-credentials.ts'
import type { AdminContext } from './admin-context.ts'
import { adminChange, adminKey, type AdminRecord, readAdmin, type Role } from './admin-records.ts'

export interface AdminAttempt {
  readonly name: string
  readonly password: string
  /** Of the authenticator app; empty without a second factor. */
  readonly code: string
  readonly address: string
}

export type AdminSignInOutcome =
  | { readonly outcome: 'signed-in'; readonly admin: AdminRecord }
  /** Unknown, wrong or without a password: the same to who tries. */
  | { readonly outcome: 'refused' }
  /** Not looked at: too many failed before. */
  | { readonly outcome: 'throttled' }

/** Who is signed in. */
export interface SignedInAdmin {
  readonly name: string
  /** For people to read. */
  readonly displayName: string
  /** As what they do is recorded. */
  readonly recordedAs: string
  /** With a password here; otherwise at an identity provider. */
  readonly isLocal: boolean
  readonly role: Role
  readonly hasSecondFactor: boolean
}

export interface AdminSignIn {
  /** Throws ChangeRefused when too many passwords are being checked, and MasterKeyError when the second factor cannot be read. */
  attempt(attempt: AdminAttempt): Promise<AdminSignInOutcome>
  /** Of a session that began with this epoch; undefined when it is over. */
  signedIn(name: string, epoch: string): Promise<SignedInAdmin | undefined>
}

/** Characters, of a name that failures are counted for. */
const longestName = 64

export function createAdminSignIn(context: AdminContext): AdminSignIn {
  const { directory, hashes, clock, logger, config } = context
  const fingerprint = createFingerprint()
  const throttle = new Throttle({
    nowMs: () => clock.now().getTime(),
    isExempt: () => false,
    isKnown: () => false,
    isService: () => false,
    alarm: () => undefined,
  })
  let nobody: string | undefined

  /** A hash that nothing fits, so that unknown names take as long as known ones. Made with the first attempt, whoever's. */
  async function hashOfNobody(): Promise<string> {
    nobody ??= await hashes.hash(crypto.randomUUID(), config.passwords.bcryptCost)
    return nobody
  }

  /** The time step of the code where one is asked for, else null; undefined when the code is wrong. */
  async function stepOf(record: AdminRecord, code: string): Promise<number | null | undefined> {
    return record.totp?.isConfirmed ? await adminTotpStep(context, record, code) : null
  }

  /** Keeps the sign-in, unless the administrator was changed meanwhile or the code was used meanwhile. */
  async function keep(checked: AdminRecord, code: string, address: string): Promise<AdminRecord | undefined> {
    let kept: AdminRecord | undefined
    await directory.commitFrom(async () => {
      const record = await readAdmin(directory.store, checked.name)
      if (record === undefined || record.epoch !== checked.epoch) return undefined
      const step = await stepOf(record, code)
      if (step === undefined) return undefined
      kept = {
        ...record,
        totp: record.totp !== null && step !== null ? { ...record.totp, lastStep: step } : record.totp,
        lastSignIn: { at: clock.now().toISOString(), address },
      }
      return { cause: { kind: 'admin', id: record.name }, entries: [], records: [adminChange(kept)] }
    })
    return kept
  }

  async function check({ name, password, code, address }: AdminAttempt): Promise<AdminRecord | undefined> {
    const record = await readAdmin(directory.store, name)
    const ofNobody = await hashOfNobody()
    const hash = record?.password?.hash ?? ofNobody
    const asker = {
      network: networkOf(address),
      isGone: () => false,
      fingerprint: fingerprint({ kind: 'unknown', id: name }, octets(password)),
    }
    const isRight = await hashes.compare(password, hash, asker)
    if (!isRight || record === undefined || record.password === null) return undefined
    return await keep(record, code, address)
  }

  return {
    async attempt(attempt) {
      const { address } = attempt
      const known = await readAdmin(directory.store, attempt.name)
      const id = adminKey(attempt.name)[0]?.slice(0, longestName) ?? ''
      const account = { kind: known === undefined ? 'unknown' : 'person', id } as const
      const bind = { account, address, binder: undefined }
      throttle.changes() // forgets what is old
      if (throttle.admit(bind) !== undefined) return { outcome: 'throttled' }
      let admin: AdminRecord | undefined
      try {
        admin = await check(attempt)
      } catch (error) {
        throttle.ended(bind, { outcome: 'undecided' })
        throw error
      }
      if (admin === undefined) {
        const typed = octets(`${attempt.password}\0${attempt.code}`)
        throttle.ended(bind, { outcome: 'refused', fingerprint: fingerprint(account, typed) })
        // A name that nobody has may be a password in the wrong field.
        logger.info({ address, ...(known ? { name: known.name } : {}) }, 'administrator sign-in refused')
        return { outcome: 'refused' }
      }
      throttle.ended(bind, { outcome: 'signed-in', credential: 'directory' })
      logger.info({ by: `admin:${admin.name}`, address }, 'administrator signed in')
      return { outcome: 'signed-in', admin }
    },

    async signedIn(name, epoch) {
      const record = await readAdmin(directory.store, name)
      if (record === undefined || record.epoch !== epoch) return undefined
      const { name: known, role, totp } = record
      return {
        name: known,
        displayName: known,
        recordedAs: known,
        isLocal: true,
        role,
        hasSecondFactor: totp?.isConfirmed === true,
      }
    },
  }
}

function octets(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
