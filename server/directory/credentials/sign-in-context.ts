import type { Clock } from '../../runtime/clock.ts'
import type { Config } from '../../runtime/config-schema.ts'
import { activityKey, readActivity, type SignInUse } from '../authentication/activity-records.ts'
import type { BcryptPool } from '../authentication/bcrypt-pool.ts'
import type { Directory } from '../directory.ts'
import { adminActionChange } from '../administrators/admin-actions.ts'
import type { Cause, EntryChange, Json, RecordChange, RecordReader } from '../directory-store.ts'
import type { SealedRecords } from '../sealed-records.ts'
import {
  type AccountRecord,
  type CredentialRecord,
  nothingDecided,
  readAccount,
  readCredential,
} from './credential-records.ts'
import { ChangeRefused } from './change-refused.ts'
import type { MacKeys } from './mac-keys.ts'
import { historyChanges, type SignInEvent } from './sign-in-history.ts'

/** What changes of people's sign-in are made with, in the thread that has the store. */
export interface SignInContext {
  readonly directory: Pick<Directory, 'store' | 'commitFrom' | 'entryByUuid'>
  readonly sealed: SealedRecords
  readonly macKeys: MacKeys
  readonly bcrypt: BcryptPool
  readonly clock: Pick<Clock, 'now'>
  readonly logger: { info(fields: object, event: string): void }
  readonly config: Pick<Config, 'organization' | 'passwords' | 'providers'>
}

/** Who changes something: an administrator by name, or the person. */
export type Actor = Cause & {
  readonly kind: 'admin' | 'user'
  /** Of an administrator's browser; none: on the command line. */
  readonly address?: string | null
  /** Asked when it is written, in the line of commits: it may read and not commit. False: {@link ChangeRefused}. */
  readonly mayStill?: () => Promise<boolean>
}

/** A change of somebody's sign-in. */
export interface SignInChange {
  readonly records: readonly RecordChange[]
  readonly entries?: readonly EntryChange[]
  /** Undefined for what happens at every sign-in. */
  readonly event?: string
  readonly details?: SignInEvent['details']
  /** What an administrator took the place of; null: nothing. */
  readonly before?: Json
}

/** A person's credentials as they are stored, by id; what is damaged is left out. */
export async function credentialsOf(
  store: RecordReader,
  entryUUID: string,
): Promise<ReadonlyMap<string, CredentialRecord>> {
  const found = new Map<string, CredentialRecord>()
  for await (const { key, value } of store.list('credential', [entryUUID])) {
    const record = readCredential(value)
    if (record) found.set(key[1] ?? '', record)
  }
  return found
}

/** What was decided of a person's sign-in, as it is stored. */
export async function accountOf(store: RecordReader, entryUUID: string): Promise<AccountRecord> {
  return readAccount(await store.get('account', [entryUUID])) ?? nothingDecided
}

/** Ways in which a person signed in, latest first. */
export async function lastUsesOf(store: RecordReader, entryUUID: string): Promise<readonly SignInUse[]> {
  return readActivity(await store.get('activity', activityKey('person', entryUUID)))?.uses ?? []
}

/**
 * Commits what `decide` makes of the state it is written onto, with its line in the person's history and in the record of what
 * administrators did, and logs it.
 * False when it decides on nothing. Throws {@link ChangeRefused} when the actor may not do it any more.
 */
export async function changeSignIn(
  { directory, clock, logger }: Pick<SignInContext, 'directory' | 'clock' | 'logger'>,
  entryUUID: string,
  { mayStill, address = null, ...cause }: Actor,
  decide: () => Promise<SignInChange | undefined>,
): Promise<boolean> {
  let change = undefined as SignInChange | undefined
  const by = `${cause.kind}:${cause.id}`
  await directory.commitFrom(async () => {
    if (mayStill && !(await mayStill())) throw new ChangeRefused('You are signed out. Sign in again.')
    change = await decide()
    if (change === undefined) return undefined
    const { records, entries = [], event, details = {}, before = null } = change
    const time = clock.now().toISOString()
    const history =
      event === undefined ? [] : await historyChanges(directory.store, entryUUID, { time, by, event, details })
    const subject = directory.entryByUuid(entryUUID)?.dn ?? entryUUID
    const action =
      event === undefined || cause.kind !== 'admin'
        ? []
        : [adminActionChange({ time, by: cause.id, address, event, subject, before, after: details })]
    return { cause, entries, records: [...records, ...history, ...action] }
  })
  if (change?.event !== undefined)
    logger.info({ by, entryUUID, dn: directory.entryByUuid(entryUUID)?.dn, ...change.details }, change.event)
  return change !== undefined
}
