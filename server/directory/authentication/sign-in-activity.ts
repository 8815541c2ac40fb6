import { networkOf } from '../../runtime/address-network.ts'
import type { RecordChange } from '../directory-store.ts'
import { type AccountKind, activityKey, readActivity, readActivityKey, type SignInUse } from './activity-records.ts'
import type { BindAccount, BindAttempt } from './bind-watch.ts'

/** Ways of signing in that are kept of each: credential, address and binder. */
const usesAtMost = { person: 20, binder: 200 } as const
/** A use is written anew when it is this much later: a host binds every few seconds. */
const granularityMs = 15 * 60_000
const knownForMs = 30 * 24 * 3_600_000
const serviceForMs = 7 * 24 * 3_600_000

type Way = Omit<SignInUse, 'at'>

interface Use extends SignInUse {
  readonly atMs: number
}

/** Of people, or of binders. */
interface Accounts {
  /** By id; the latest first. */
  readonly uses: Map<string, readonly Use[]>
  /** Ids. */
  readonly unsaved: Set<string>
}

/** Who signed in last, with what and from where. In memory, and kept in the store by what `changes` returns. */
export class SignInActivity {
  private readonly nowMs: () => number
  private readonly accounts: Readonly<Record<AccountKind, Accounts>> = {
    person: { uses: new Map(), unsaved: new Set() },
    binder: { uses: new Map(), unsaved: new Set() },
  }
  /** Networks of binders, with the time of the last use. */
  private readonly services = new Map<string, number>()

  constructor(nowMs: () => number) {
    this.nowMs = nowMs
  }

  signedIn({ account, address, binder }: BindAttempt, credential: string): void {
    if (account.kind === 'unknown') return
    const nowMs = this.nowMs()
    if (account.kind === 'binder') this.services.set(networkOf(address), nowMs)
    const { uses, unsaved } = this.accounts[account.kind]
    const before = uses.get(account.id) ?? []
    const way = { credential, address, binder: binder ?? null }
    const known = before.find((other) => isSameWay(way, other))
    if (known !== undefined && Math.abs(nowMs - known.atMs) < granularityMs) return
    const use = { ...way, at: new Date(nowMs).toISOString(), atMs: nowMs }
    uses.set(account.id, [use, ...before.filter((other) => other !== known)].slice(0, usesAtMost[account.kind]))
    unsaved.add(account.id)
  }

  /** Whether the account signed in from the network in the last 30 days. */
  isKnown({ kind, id }: BindAccount, network: string): boolean {
    if (kind === 'unknown') return false
    const uses = this.accounts[kind].uses.get(id) ?? []
    return uses.some(({ address, atMs }) => networkOf(address) === network && this.isWithin(knownForMs, atMs))
  }

  /** Whether a binder signed in from the network in the last seven days. */
  isService(network: string): boolean {
    return this.isWithin(serviceForMs, this.services.get(network) ?? Number.NEGATIVE_INFINITY)
  }

  /** Takes in a record of the store: one of the last stop, or the removal of somebody. */
  apply({ key, value }: RecordChange): void {
    const account = readActivityKey(key)
    if (account === undefined) return
    const { uses, unsaved } = this.accounts[account.kind]
    const record = readActivity(value)
    if (record === undefined) {
      uses.delete(account.id)
      unsaved.delete(account.id)
      return
    }
    if (uses.has(account.id)) return // what is here is what the store was told, or later
    const read = record.uses.map((use) => ({ ...use, atMs: Date.parse(use.at) }))
    uses.set(account.id, read)
    if (account.kind !== 'binder') return
    for (const { address, atMs } of read) {
      const network = networkOf(address)
      this.services.set(network, Math.max(this.services.get(network) ?? 0, atMs))
    }
  }

  /** What has changed since the last call, for the store. */
  changes(): RecordChange[] {
    const changes: RecordChange[] = []
    for (const kind of ['person', 'binder'] as const) {
      const { uses, unsaved } = this.accounts[kind]
      for (const id of unsaved) {
        const kept = (uses.get(id) ?? []).map(recordOf)
        changes.push({ collection: 'activity', key: activityKey(kind, id), value: { uses: kept } })
      }
      unsaved.clear()
    }
    return changes
  }

  /** What `changes` gave and could not be stored: it is given again. */
  notKept(records: readonly RecordChange[]): void {
    for (const { key } of records) {
      const account = readActivityKey(key)
      const of = account && this.accounts[account.kind]
      if (account && of?.uses.has(account.id)) of.unsaved.add(account.id)
    }
  }

  private isWithin(ms: number, atMs: number): boolean {
    return Math.abs(this.nowMs() - atMs) < ms
  }
}

function recordOf({ credential, address, binder, at }: Use): SignInUse {
  return { credential, address, binder, at }
}

function isSameWay(a: Way, b: Way): boolean {
  return a.credential === b.credential && a.address === b.address && a.binder === b.binder
}
