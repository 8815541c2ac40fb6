import { timingSafeEqual } from 'node:crypto'
import type { Identity } from '../access-control.ts'
import type { AccountRecord } from '../credentials/credential-records.ts'
import { type EncodedEntry, entryName } from '../encoded-entry.ts'
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

/** Of one person, the last password that was right. */
export interface RecentBind {
  readonly identity: Identity & { readonly kind: 'user' }
  /** Id of the credential that it was right for. */
  readonly credential: string
  readonly mac: Buffer
  readonly since: number
  readonly until: number
  /** Of the person's credentials. */
  readonly version: number
  /** Of all credentials, when the version was last seen to be that of now; and the account record of then. */
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
  /** By version of the entry, which is another one for each that ever was; the latest are last. */
  private readonly byEntry = new Map<number, RecentBind>()
  private readonly mac = createKeyedDigest()
  private readonly options: RecentBindsOptions

  constructor(options: RecentBindsOptions) {
    this.options = options
  }

  /** What is remembered of the person with this entry, as it is now, whatever the password. */
  of(entry: EncodedEntry): RecentBind | undefined {
    const recent = this.byEntry.get(entry.version)
    if (recent === undefined) return undefined
    const { credentials } = this.options.directory
    // While nothing has changed of anybody, nothing has of this one.
    if (recent.revision !== credentials.revision) {
      const { entryUUID } = recent.identity
      if (recent.version !== credentials.version(entryUUID)) return this.forget(entry)
      recent.revision = credentials.revision
      recent.account = credentials.account(entryUUID)
    }
    const time = this.options.now().getTime()
    // Before `since`: the clock was set back.
    return time >= recent.since && time < recent.until ? recent : this.forget(entry)
  }

  isRight(recent: RecentBind, password: Uint8Array): boolean {
    return timingSafeEqual(recent.mac, this.mac(recent.identity.entryUUID, password))
  }

  /** `state`: of now, and from before the password was looked at. `until`: beyond it what was found out does not count, however recent. */
  remember(
    entryUUID: string,
    password: Uint8Array,
    credential: string,
    state: AccountState,
    until = Number.POSITIVE_INFINITY,
  ): void {
    const { minutes, now, capacity = 50_000, directory } = this.options
    const { view } = directory
    const entry = view.entry(view.slotOfUuid(entryUUID))
    if (minutes === 0 || entry === undefined) return
    const since = now().getTime()
    this.forget(entry)
    this.byEntry.set(entry.version, {
      identity: { kind: 'user', entryUUID, dn: entryName(entry) },
      credential,
      mac: this.mac(entryUUID, password),
      since,
      until: Math.min(since + minutes * 60_000, until),
      version: state.version,
      revision: -1,
      account: undefined,
    })
    for (const [version, oldest] of this.byEntry) {
      if (this.byEntry.size <= capacity && oldest.until > since) break
      this.byEntry.delete(version)
    }
  }

  private forget(entry: EncodedEntry): undefined {
    this.byEntry.delete(entry.version)
  }
}
