import { networkOf } from '../../runtime/address-network.ts'
import type { RecordChange } from '../directory-store.ts'
import type { BindAttempt, BindOutcome } from './bind-watch.ts'
import { type FailureRecord, readFailures, throttleKey, type ThrottleSubject } from './throttle-records.ts'

export interface ThrottleOptions {
  readonly nowMs: () => number
  /** Whose failures do not count, nor stop anybody. */
  readonly isExempt: (address: string) => boolean
  /** Whether the account signed in from the network lately: others' failures elsewhere do not stop it there. */
  readonly isKnown: (account: BindAttempt['account'], network: string) => boolean
  /** Whether a binder signed in from the network lately: everybody may come through it. */
  readonly isService: (network: string) => boolean
  /** Hears once an hour at most of each service network through which many accounts fail. */
  readonly alarm: (address: string, accounts: number) => void
}

/** Failures of one subject that still count. */
interface Failures {
  count: number
  lastMs: number
  blockedUntilMs: number
  /** Of what was counted last, so that it counts once. */
  readonly seen: Set<string>
  /** No free failure is left, and the one attempt is being looked at. */
  isTried: boolean
}

/** How many failures of each subject cost nothing. Those of an address are accounts. */
const free = { pair: 10, account: 100, address: 50 } as const
const forgottenAfterMs = { pair: 24 * 3_600_000, account: 24 * 3_600_000, address: 3_600_000 } as const
const firstDelayMs = 5_000
const longestDelayMs = 900_000
/** Of what failed last, per subject. */
const seenAtMost = { pair: 32, account: 256, address: 1024 } as const
const alarmEveryMs = 3_600_000
/** Of each kind, and those of names that nobody has by themselves: who makes up names does not make the others forgotten. */
const subjectsAtMost = 50_000

/**
 * Slows down guessing. Wrong passwords count by account and network, by account over all networks where it is not known, and
 * by network over all accounts. Beyond the free ones each wrong password doubles the time in which the next is refused
 * unread. The same wrong password counts once: a phone that was not told of a new password stops nobody.
 */
export class Throttle {
  private readonly options: ThrottleOptions
  private readonly subjects: Readonly<Record<ThrottleSubject['kind'] | 'unknown', Map<string, Failures>>> = {
    pair: new Map(),
    account: new Map(),
    address: new Map(),
    unknown: new Map(),
  }
  private readonly keys = new Map<string, readonly string[]>()
  private readonly unsaved = new Set<string>()
  private readonly alarmedMs = new Map<string, number>()

  constructor(options: ThrottleOptions) {
    this.options = options
  }

  /** Why the attempt is refused unread; undefined admits it, and `ended` follows. */
  admit({ account, address }: BindAttempt): string | undefined {
    if (this.options.isExempt(address)) return undefined
    const network = networkOf(address)
    const pair = this.failuresOf({ kind: 'pair', account, network })
    const isKnown = this.options.isKnown(account, network)
    const everywhere = isKnown ? undefined : this.failuresOf({ kind: 'account', account })
    const isTrusted = isKnown || this.options.isService(network)
    const refusal =
      this.refusal(pair, 'too many wrong passwords from this address') ??
      this.refusal(everywhere, 'too many wrong passwords from many addresses') ??
      this.refusal(
        isTrusted ? undefined : this.failuresOf({ kind: 'address', network }),
        'too many accounts failed from this address',
      )
    if (refusal !== undefined) return refusal
    if (pair !== undefined && pair.count >= free.pair) pair.isTried = true
    if (everywhere !== undefined && everywhere.count >= free.account) everywhere.isTried = true
    return undefined
  }

  ended({ account, address }: BindAttempt, outcome: BindOutcome): void {
    if (this.options.isExempt(address)) return
    const network = networkOf(address)
    const pair = { kind: 'pair', account, network } as const
    const everywhere = { kind: 'account', account } as const
    for (const subject of [pair, everywhere]) {
      const failures = this.failuresOf(subject)
      if (failures !== undefined) failures.isTried = false
    }
    if (outcome.outcome === 'undecided') return
    if (outcome.outcome === 'signed-in') {
      this.remove(pair)
      if (account.kind === 'binder') this.remove({ kind: 'address', network })
      return
    }
    if (this.count(pair, outcome.fingerprint) === 0) return
    if (!this.options.isKnown(account, network)) this.count(everywhere, outcome.fingerprint)
    const failing = this.count({ kind: 'address', network }, `${account.kind} ${account.id}`)
    if (failing > free.address && this.options.isService(network)) this.alarmOf(network, address, failing)
  }

  /** Takes in a record of the store: one that was kept at the last stop, or one that is gone because somebody cleared it. */
  apply({ key, value }: RecordChange): void {
    const subject = throttleKey.parse(key)
    if (subject === undefined) return
    const { map, name } = this.placeOf(subject)
    const record = readFailures(value)
    if (record === undefined) {
      map.delete(name)
      this.keys.delete(name)
      this.unsaved.delete(name)
    } else if (!map.has(name)) this.load(subject, record)
  }

  /** What has changed since the last call, for the store. */
  changes(): RecordChange[] {
    this.forget()
    const changes: RecordChange[] = []
    for (const name of this.unsaved) {
      const key = this.keys.get(name)
      if (key === undefined) continue
      const subject = throttleKey.parse(key)
      const failures = subject && this.failuresOf(subject)
      changes.push({ collection: 'throttle', key, value: failures && recordOf(failures) })
      if (failures === undefined) this.keys.delete(name)
    }
    this.unsaved.clear()
    return changes
  }

  /** What `changes` gave and could not be stored: it is given again. */
  notKept(records: readonly RecordChange[]): void {
    for (const { key } of records) {
      const subject = throttleKey.parse(key)
      if (subject === undefined) continue
      const { map, name } = this.placeOf(subject)
      if (map.has(name)) this.save(subject, name)
    }
  }

  private refusal(failures: Failures | undefined, reason: string): string | undefined {
    if (failures === undefined) return undefined
    const { blockedUntilMs: until, isTried } = failures
    const waitMs = until - this.options.nowMs()
    // Longer than any wait: the clock was set back.
    if (waitMs > 0 && waitMs <= longestDelayMs) return `${reason}, next try ${new Date(until).toISOString()}`
    return isTried ? `${reason}, one at a time` : undefined
  }

  /** Number of failures with this one; 0 when it was counted already. */
  private count(subject: ThrottleSubject, fingerprint: string): number {
    const { map, name } = this.placeOf(subject)
    const nowMs = this.options.nowMs()
    const known = map.get(name)
    const failures = known && !isForgotten(subject.kind, known, nowMs) ? known : newFailures()
    if (failures.seen.has(fingerprint)) return 0
    failures.seen.add(fingerprint)
    const [oldest] = failures.seen
    if (failures.seen.size > seenAtMost[subject.kind] && oldest !== undefined) failures.seen.delete(oldest)
    failures.count += 1
    failures.lastMs = nowMs
    const beyond = failures.count - free[subject.kind]
    if (beyond > 0) failures.blockedUntilMs = nowMs + Math.min(longestDelayMs, firstDelayMs * 2 ** (beyond - 1))
    map.delete(name) // the latest are last
    map.set(name, failures)
    this.save(subject, name)
    if (map.size > subjectsAtMost) {
      const [first] = map.keys()
      if (first !== undefined) this.drop(map, first)
    }
    return failures.count
  }

  private remove(subject: ThrottleSubject): void {
    if (this.failuresOf(subject) === undefined) return
    const { map, name } = this.placeOf(subject)
    map.delete(name)
    this.save(subject, name)
  }

  private drop(map: Map<string, Failures>, name: string): void {
    map.delete(name)
    if (this.keys.has(name)) this.unsaved.add(name)
  }

  /** Not of names that nobody has: they are whatever was typed, passwords included. */
  private save(subject: ThrottleSubject, name: string): void {
    if (subject.kind !== 'address' && subject.account.kind === 'unknown') return
    this.keys.set(name, throttleKey.format(subject))
    this.unsaved.add(name)
  }

  private load(subject: ThrottleSubject, { count, lastAt, blockedUntil }: FailureRecord): void {
    const { map, name } = this.placeOf(subject)
    map.set(name, {
      count,
      lastMs: Date.parse(lastAt),
      blockedUntilMs: blockedUntil === null ? 0 : Date.parse(blockedUntil),
      seen: new Set(),
      isTried: false,
    })
    this.keys.set(name, throttleKey.format(subject))
  }

  private forget(): void {
    const nowMs = this.options.nowMs()
    for (const kind of ['pair', 'account', 'address'] as const)
      for (const place of kind === 'address' ? [kind] : ([kind, 'unknown'] as const)) {
        const { [place]: map } = this.subjects
        for (const [name, failures] of map) {
          if (!isForgotten(kind, failures, nowMs)) break // the latest are last
          this.drop(map, name)
        }
      }
    for (const [network, atMs] of this.alarmedMs)
      if (Math.abs(nowMs - atMs) > alarmEveryMs) this.alarmedMs.delete(network)
  }

  private alarmOf(network: string, address: string, accounts: number): void {
    const nowMs = this.options.nowMs()
    if (Math.abs(nowMs - (this.alarmedMs.get(network) ?? Number.NEGATIVE_INFINITY)) <= alarmEveryMs) return
    this.alarmedMs.set(network, nowMs)
    this.options.alarm(address, accounts)
  }

  /** Of nearly every bind there are none: where nobody failed no name is made. */
  private failuresOf(subject: ThrottleSubject): Failures | undefined {
    const map = this.mapOf(subject)
    return map.size === 0 ? undefined : map.get(nameOf(subject))
  }

  private placeOf(subject: ThrottleSubject): { readonly map: Map<string, Failures>; readonly name: string } {
    return { map: this.mapOf(subject), name: nameOf(subject) }
  }

  private mapOf(subject: ThrottleSubject): Map<string, Failures> {
    const isUnknown = subject.kind !== 'address' && subject.account.kind === 'unknown'
    return this.subjects[isUnknown ? 'unknown' : subject.kind]
  }
}

function nameOf(subject: ThrottleSubject): string {
  return throttleKey.format(subject).join('\0')
}

function newFailures(): Failures {
  return { count: 0, lastMs: 0, blockedUntilMs: 0, seen: new Set(), isTried: false }
}

function isForgotten(kind: ThrottleSubject['kind'], { lastMs }: Failures, nowMs: number): boolean {
  return Math.abs(nowMs - lastMs) > forgottenAfterMs[kind]
}

function recordOf({ count, lastMs, blockedUntilMs }: Failures): FailureRecord {
  return {
    count,
    lastAt: new Date(lastMs).toISOString(),
    blockedUntil: blockedUntilMs === 0 ? null : new Date(blockedUntilMs).toISOString(),
  }
}
