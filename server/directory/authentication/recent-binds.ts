import { timingSafeEqual } from 'node:crypto'
import type { AccountRecord } from '../credentials/credential-records.ts'
import type { ServedDirectory } from '../served-directory.ts'
import { createKeyedDigest } from './keyed-digest.ts'

export interface RecentBindsOptions {
  readonly directory: ServedDirectory
  /** 0: nothing is remembered. */
  readonly minutes: number
  readonly now: () => Date
  /** People remembered; the one who signed in longest ago goes first. */
  readonly capacity?: number
}

interface RecentBind {
  readonly mac: Buffer
  readonly credential: string
  readonly since: number
  readonly until: number
  readonly state: AccountState
  /** Of all credentials, when the state was last seen to be that of now; and the account record of then. */
  revision: number
  account: AccountRecord | undefined
}

/** All that decides whether a password is right; another one means that something about the person has changed. */
export interface AccountState {
  /** Of the credentials and the account record. */
  readonly version: number
  /** Of the entry; undefined when there is none. */
  readonly entry: number | undefined
}

export function accountState({ credentials, view }: ServedDirectory, entryUUID: string): AccountState {
  return { version: credentials.version(entryUUID), entry: view.entry(view.slotOfUuid(entryUUID))?.version }
}

export function isSameState(one: AccountState, other: AccountState): boolean {
  return one.version === other.version && one.entry === other.entry
}

/**
 * Passwords that were right a moment ago, so that a client that binds for every request costs one slow check and not
 * thousands. Of each person the last one, as a MAC with a key that no disk has. Void as soon as anything about the person's
 * credentials, account or entry has changed.
 */
export class RecentBinds {
  private readonly byEntry = new Map<string, RecentBind>()
  private readonly mac = createKeyedDigest()
  private readonly options: RecentBindsOptions

  constructor(options: RecentBindsOptions) {
    this.options = options
  }

  /**
   * The credential that the password was right for, and the account record of now; undefined when nothing is known of it. `entry`: version
   * of the entry as it is now.
   */
  find(
    entryUUID: string,
    entry: number,
    password: Uint8Array,
  ): { readonly credential: string; readonly account: AccountRecord | undefined } | undefined {
    const recent = this.byEntry.get(entryUUID)
    if (recent === undefined) return undefined
    const { directory, now } = this.options
    const { credentials } = directory
    const time = now().getTime()
    // Before `since`: the clock was set back.
    const isInTime = time >= recent.since && time < recent.until
    // While nothing has changed of anybody, nothing has of this one.
    const isOfNow =
      recent.state.entry === entry &&
      (recent.revision === credentials.revision || recent.state.version === credentials.version(entryUUID))
    if (!isInTime || !isOfNow) {
      this.byEntry.delete(entryUUID)
      return undefined
    }
    if (recent.revision !== credentials.revision) {
      recent.revision = credentials.revision
      recent.account = credentials.account(entryUUID)
    }
    return timingSafeEqual(recent.mac, this.mac(entryUUID, password)) ? recent : undefined
  }

  /** `state`: from before the password was looked at. `until`: beyond it what was found out does not count, however recent. */
  remember(
    entryUUID: string,
    password: Uint8Array,
    credential: string,
    state: AccountState,
    until = Number.POSITIVE_INFINITY,
  ): void {
    const { minutes, now, capacity = 50_000 } = this.options
    if (minutes === 0) return
    const since = now().getTime()
    this.byEntry.delete(entryUUID)
    this.byEntry.set(entryUUID, {
      mac: this.mac(entryUUID, password),
      credential,
      since,
      until: Math.min(since + minutes * 60_000, until),
      state,
      revision: -1,
      account: undefined,
    })
    for (const oldest of this.byEntry.keys()) {
      if (this.byEntry.size <= capacity) break
      this.byEntry.delete(oldest)
    }
  }
}
