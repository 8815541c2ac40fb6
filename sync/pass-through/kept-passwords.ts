import type { BcryptPool } from '../../server/directory/authentication/bcrypt-pool.ts'
import {
  credentialChange,
  type ProviderPassword,
  readCredential,
} from '../../server/directory/credentials/credential-records.ts'
import type { Directory } from '../../server/directory/directory.ts'
import { LdapError } from '../../server/protocol/ldap-error.ts'
import { ResultCode } from '../../server/protocol/result-code.ts'
import type { Clock } from '../../server/runtime/clock.ts'
import type { Config } from '../../server/runtime/config-schema.ts'
import type { SourceUser } from '../identity.ts'

/** Whose password it is, as it was when the provider was asked. */
export interface AskedPerson {
  readonly entryUUID: string
  readonly provider: string
  readonly user: SourceUser
  readonly askedAt: Date
}

/**
 * Passwords that the provider found right, as hashes, for the time of an outage (`passwords.cachedPassThroughHours`). One is
 * dropped as soon as anything speaks against it.
 */
export interface KeptPasswords {
  /** Unless `isStillSo` says, with no change in between, that something about the person is another by now. */
  keep(person: AskedPerson, password: string, isStillSo: () => Promise<boolean>): Promise<void>
  /** Drops it when it is this very password, which the provider has just called wrong. */
  dropIfSame(entryUUID: string, password: string): Promise<void>
  dropIfAny(entryUUID: string): Promise<void>
  /** Also when there is none: what the LDAP thread found out a moment ago is void with it. */
  drop(entryUUID: string): Promise<void>
  /** Before it is relied on: drops what is too old, from before a change of the password, or another source's. */
  dropOutdated(person: AskedPerson): Promise<void>
}

export interface KeptPasswordsParts {
  readonly directory: Pick<Directory, 'store' | 'commit' | 'commitFrom'>
  readonly bcrypt: Pick<BcryptPool, 'compare' | 'hash'>
  readonly config: Pick<Config, 'passwords'>
  readonly clock: Pick<Clock, 'now'>
}

const cause = { kind: 'server', id: 'password at the provider' } as const
/** bcrypt reads no more, and stops at NUL. */
const maxOctets = 72
const hourMs = 3_600_000
/** A hash is made anew after this share of its life. */
const renewedAfter = 1 / 4

export function createKeptPasswords({ directory, bcrypt, config, clock }: KeptPasswordsParts): KeptPasswords {
  const { cachedPassThroughHours, bcryptCost } = config.passwords
  const lifeMs = cachedPassThroughHours * hourMs

  async function kept(entryUUID: string): Promise<ProviderPassword | undefined> {
    const record = readCredential(await directory.store.get('credential', [entryUUID, 'provider']))
    return record?.kind === 'provider' ? record : undefined
  }

  async function drop(entryUUID: string): Promise<void> {
    await directory.commit({ cause, entries: [], records: [credentialChange(entryUUID, 'provider', undefined)] })
  }

  /** When there is no time to find out, it may. */
  async function mayBeSame(password: string, hash: string): Promise<boolean> {
    try {
      return await bcrypt.compare(password, hash)
    } catch (error) {
      if (isBusy(error)) return true
      throw error
    }
  }

  return {
    async keep(person, password, isStillSo) {
      if (lifeMs === 0 || Buffer.byteLength(password) > maxOctets || password.includes('\0')) return
      const { entryUUID, provider, user, askedAt } = person
      const before = await kept(entryUUID)
      const isYoung = before !== undefined && askedAt.getTime() - Date.parse(before.checkedAt) < lifeMs * renewedAfter
      if (isYoung && isOf(before, person) && (await bcrypt.compare(password, before.hash))) return
      const hash = await bcrypt.hash(password, bcryptCost)
      const record = credentialChange(entryUUID, 'provider', {
        kind: 'provider',
        provider,
        sourceId: user.id,
        hash,
        checkedAt: askedAt.toISOString(),
      })
      await directory.commitFrom(async () =>
        (await isStillSo()) ? { cause, entries: [], records: [record] } : undefined,
      )
    },
    async dropIfSame(entryUUID, password) {
      const before = await kept(entryUUID)
      if (before !== undefined && (await mayBeSame(password, before.hash))) await drop(entryUUID)
    },
    async dropIfAny(entryUUID) {
      if ((await kept(entryUUID)) !== undefined) await drop(entryUUID)
    },
    drop,
    async dropOutdated(person) {
      const before = await kept(person.entryUUID)
      if (before === undefined) return
      const ageMs = clock.now().getTime() - Date.parse(before.checkedAt)
      // Negative: the clock was set back since.
      if (ageMs < 0 || ageMs >= lifeMs || !isOf(before, person)) await drop(person.entryUUID)
    },
  }
}

export function isBusy(error: unknown): boolean {
  return error instanceof LdapError && error.resultCode === ResultCode.busy
}

/** Of the source that is asked now, and not from before the password was changed there. */
function isOf({ provider, sourceId, checkedAt }: ProviderPassword, { provider: now, user }: AskedPerson): boolean {
  const isOfSource = provider === now && sourceId === user.id
  return isOfSource && (user.passwordChanged === null || Date.parse(user.passwordChanged) < Date.parse(checkedAt))
}
