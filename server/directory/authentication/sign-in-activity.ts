import { networkOf } from '../../runtime/address-network.ts'
import type { RecordChange } from '../directory-store.ts'
import { activityKey, readActivity, type SignInUse } from './activity-records.ts'
import type { BindAccount, BindAttempt } from './bind-watch.ts'

/** Ways of signing in that are kept of each: credential, address and binder. */
const usesAtMost = { person: 20, binder: 200 } as const
/** A use is written anew when it is this much later: a host binds every few seconds. */
const granularityMs = 15 * 60_000
const notedAtMost = 100_000
const knownForMs = 30 * 24 * 3_600_000
const serviceForMs = 7 * 24 * 3_600_000

type Way = Omit<SignInUse, 'at'>

interface NotedUse extends Way {
  readonly atMs: number
}

/** Who signed in last, with what and from where. In memory, and kept in the store by what `changes` returns. */
export class SignInActivity {
  private readonly nowMs: () => number
  private readonly uses = new Map<string, readonly SignInUse[]>()
  /** The last sign-in of each, so that the next one like it is nothing new at a glance. */
  private readonly noted = { person: new Map<string, NotedUse>(), binder: new Map<string, NotedUse>() }
  private readonly unsaved = new Map<string, readonly string[]>()
  /** Networks of binders, with the time of the last use. */
  private readonly services = new Map<string, number>()

  constructor(nowMs: () => number) {
    this.nowMs = nowMs
  }

  signedIn({ account, address, binder }: BindAttempt, credential: string): void {
    if (account.kind === 'unknown') return
    const nowMs = this.nowMs()
    if (account.kind === 'binder') this.services.set(networkOf(address), nowMs)
    const way = { credential, address, binder: binder ?? null }
    const noted = this.noted[account.kind].get(account.id)
    if (noted !== undefined && isSameWay(way, noted) && Math.abs(nowMs - noted.atMs) < granularityMs) return
    const key = activityKey(account.kind, account.id)
    const name = key.join('\0')
    const before = this.uses.get(name) ?? []
    const known = before.find((other) => isSameWay(way, other))
    const knownMs = known === undefined ? Number.NEGATIVE_INFINITY : Date.parse(known.at)
    this.note(account, { ...way, atMs: Math.abs(nowMs - knownMs) < granularityMs ? knownMs : nowMs })
    if (Math.abs(nowMs - knownMs) < granularityMs) return
    const others = before.filter((other) => other !== known)
    const use: SignInUse = { ...way, at: new Date(nowMs).toISOString() }
    this.uses.set(name, [use, ...others].slice(0, usesAtMost[account.kind]))
    this.unsaved.set(name, key)
  }

  private note({ kind, id }: BindAccount, use: NotedUse): void {
    if (kind === 'unknown') return
    const { [kind]: noted } = this.noted
    if (noted.size >= notedAtMost) noted.clear()
    noted.set(id, use)
  }

  /** Whether the account signed in from the network in the last 30 days. */
  isKnown({ kind, id }: BindAccount, network: string): boolean {
    if (kind === 'unknown') return false
    const uses = this.uses.get(activityKey(kind, id).join('\0')) ?? []
    return uses.some(({ address, at }) => networkOf(address) === network && this.isWithin(knownForMs, Date.parse(at)))
  }

  /** Whether a binder signed in from the network in the last seven days. */
  isService(network: string): boolean {
    return this.isWithin(serviceForMs, this.services.get(network) ?? Number.NEGATIVE_INFINITY)
  }

  /** Takes in a record of the store: one of the last stop, or the removal of somebody. */
  apply({ key, value }: RecordChange): void {
    const name = key.join('\0')
    const record = readActivity(value)
    if (record === undefined) {
      if (key[0] === 'person' || key[0] === 'binder') this.noted[key[0]].delete(key[1] ?? '')
      this.uses.delete(name)
      this.unsaved.delete(name)
      return
    }
    if (this.uses.has(name)) return // what is here is what the store was told, or later
    this.uses.set(name, record.uses)
    if (key[0] !== 'binder') return
    for (const { address, at } of record.uses) {
      const network = networkOf(address)
      this.services.set(network, Math.max(this.services.get(network) ?? 0, Date.parse(at)))
    }
  }

  /** What has changed since the last call, for the store. */
  changes(): RecordChange[] {
    const changes = Array.from(this.unsaved, ([name, key]): RecordChange => {
      return { collection: 'activity', key, value: { uses: this.uses.get(name) ?? [] } }
    })
    this.unsaved.clear()
    return changes
  }

  /** What `changes` gave and could not be stored: it is given again. */
  notKept(records: readonly RecordChange[]): void {
    for (const { key } of records) if (this.uses.has(key.join('\0'))) this.unsaved.set(key.join('\0'), key)
  }

  private isWithin(ms: number, atMs: number): boolean {
    return Math.abs(this.nowMs() - atMs) < ms
  }
}

function isSameWay(a: Way, b: Way): boolean {
  return a.credential === b.credential && a.address === b.address && a.binder === b.binder
}
