import { randomUUID } from 'node:crypto'
import type { CommitResult, Generation, RecordChange, RecordReader } from '../server/directory/directory-store.ts'
import type { SealedRecords } from '../server/directory/sealed-records.ts'
import type { Clock } from '../server/runtime/clock.ts'
import { type CredentialHealth, type CredentialPurpose, healthRecord } from './credential-health.ts'
import { trusted } from './ledgers.ts'
import { createLine } from './line.ts'
import { ascending } from '../server/runtime/order.ts'

/** An account that an administrator has authorized: value of the `provider` collection at [provider id, 'authorization', id]. */
export type Authorization = {
  readonly id: string
  readonly purposes: readonly CredentialPurpose[]
  /** What was asked for, in the provider's words. */
  readonly permissions: readonly string[]
  /** User principal name of the account. */
  readonly authorizedBy: string
  /** Names the account for ever. */
  readonly accountId: string
  /** ISO 8601: when an account was first authorized here, which is its place in the order. */
  readonly added: string
  /** ISO 8601: when its present tokens were given. */
  readonly authorized: string
  /** Why it cannot be used; null while it can. */
  readonly broken: BrokenAuthorization | null
}

export type BrokenAuthorization = {
  /** ISO 8601. */
  readonly since: string
  /** One sentence. */
  readonly reason: string
  /** Whether it may work again by itself: then each run tries it. */
  readonly mayHeal: boolean
}

/** What the authority gave for an account, before it is kept. */
export interface AuthorizedAccount {
  readonly purposes: readonly CredentialPurpose[]
  readonly permissions: readonly string[]
  readonly authorizedBy: string
  readonly accountId: string
  /** The refresh token, in the form its client library keeps it. A secret. */
  readonly tokens: string
}

/** The authorizations of all providers; their tokens are sealed. */
export interface Authorizations {
  /** In the order in which they are tried: as they were authorized. */
  list(provider: string): Promise<readonly Authorization[]>
  /**
   * Keeps a new one. One of the same account for the same purposes is replaced: it keeps its id and its place.
   * `also` is committed with it. Throws MasterKeyError.
   */
  add(provider: string, account: AuthorizedAccount, also: readonly RecordChange[]): Promise<Authorization>
  /** Throws MasterKeyError. */
  tokens(provider: string, id: string): Promise<string | undefined>
  /** Durable when it resolves. Those of an authorization that has been forgotten or replaced are dropped. */
  keepTokens(provider: string, authorization: Authorization, tokens: string): Promise<void>
  mark(provider: string, id: string, broken: BrokenAuthorization | null): Promise<void>
  /** Removes it and its tokens; undefined when there was none. */
  forget(provider: string, id: string): Promise<Authorization | undefined>
}

export interface RecordDirectory {
  readonly store: RecordReader
  commit(generation: Generation): Promise<CommitResult>
}

export function createAuthorizations({
  directory,
  sealed,
  clock,
}: {
  readonly directory: RecordDirectory
  readonly sealed: SealedRecords
  readonly clock: Pick<Clock, 'now'>
}): Authorizations {
  const { store } = directory
  const inLine = createLine()

  async function get(provider: string, id: string): Promise<Authorization | undefined> {
    const value = await store.get('provider', recordKey(provider, id))
    return value === undefined ? undefined : trusted<Authorization>(value)
  }

  async function list(provider: string): Promise<readonly Authorization[]> {
    const found: Authorization[] = []
    for await (const { value } of store.list('provider', [provider, 'authorization']))
      found.push(trusted<Authorization>(value))
    return found.sort(ascending(({ added }) => added))
  }

  async function write(reason: string, ...records: readonly RecordChange[]): Promise<void> {
    await directory.commit({ cause: { kind: 'server', id: reason }, entries: [], records })
  }

  return {
    list,
    add: (provider, { tokens, ...account }, also) =>
      inLine(async () => {
        const others = await list(provider)
        const same = others.find(
          (other) => other.accountId === account.accountId && isSame(other.purposes, account.purposes),
        )
        const now = timeAfter(others, clock.now())
        const id = same?.id ?? randomUUID().slice(0, 8)
        const added: Authorization = { id, ...account, added: same?.added ?? now, authorized: now, broken: null }
        await write(
          'account authorized',
          { collection: 'provider', key: recordKey(provider, id), value: added },
          await sealed.seal(sealedKey(provider, id), tokens),
          healthRecord(provider, id, freshHealth(added, now)),
          ...also,
        )
        return added
      }),
    tokens: (provider, id) => sealed.read(sealedKey(provider, id)),
    keepTokens: (provider, { id, authorized }, tokens) =>
      inLine(async () => {
        if ((await get(provider, id))?.authorized !== authorized) return
        await write('token renewed', await sealed.seal(sealedKey(provider, id), tokens))
      }),
    mark: (provider, id, broken) =>
      inLine(async () => {
        const found = await get(provider, id)
        if (found === undefined || found.broken?.reason === broken?.reason) return
        const since = found.broken?.since ?? broken?.since
        const marked = { ...found, broken: broken === null || since === undefined ? null : { ...broken, since } }
        await write('authorization tried', {
          collection: 'provider',
          key: recordKey(provider, id),
          value: marked,
        })
      }),
    forget: (provider, id) =>
      inLine(async () => {
        const found = await get(provider, id)
        if (found === undefined) return undefined
        await write(
          'authorization forgotten',
          { collection: 'provider', key: recordKey(provider, id), value: undefined },
          { collection: 'sealed', key: sealedKey(provider, id), value: undefined },
          healthRecord(provider, id, undefined),
        )
        return found
      }),
  }
}

/** Now, or a little later: no two authorizations are of one time, which is their order and tells old tokens from new. */
function timeAfter(others: readonly Authorization[], now: Date): string {
  const times = others.flatMap(({ added, authorized }) => [Date.parse(added) + 1, Date.parse(authorized) + 1])
  return new Date(Math.max(now.getTime(), ...times)).toISOString()
}

/** It has just been tried: nothing is kept before its permissions have been probed. */
function freshHealth({ id, purposes, authorizedBy }: Authorization, now: string): CredentialHealth {
  return {
    name: id,
    kind: 'delegated',
    purposes,
    authorizedBy,
    lastTried: now,
    lastSuccess: now,
    ok: true,
    problem: null,
    expires: null,
  }
}

function isSame(a: readonly CredentialPurpose[], b: readonly CredentialPurpose[]): boolean {
  return a.length === b.length && a.every((purpose) => b.includes(purpose))
}

function recordKey(provider: string, id: string): readonly string[] {
  return [provider, 'authorization', id]
}

function sealedKey(provider: string, id: string): readonly string[] {
  return ['authorization', provider, id]
}
