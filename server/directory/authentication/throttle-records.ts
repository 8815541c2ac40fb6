import type { Json, RecordChange, RecordReader } from '../directory-store.ts'
import type { BindAccount } from './bind-watch.ts'

/*
 * Failed binds that still count: the `throttle` collection, at ['pair', kind, id, network], ['account', kind, id] and
 * ['address', network]. No password, nor anything made of one, is in them.
 */

/** Whose failures are counted together. Networks are as {@link networkOf} gives them. */
export type ThrottleSubject =
  | { readonly kind: 'pair'; readonly account: BindAccount; readonly network: string }
  | { readonly kind: 'account'; readonly account: BindAccount }
  | { readonly kind: 'address'; readonly network: string }

export type FailureRecord = {
  /** Wrong passwords; of an address, accounts. */
  readonly count: number
  /** ISO 8601, UTC. */
  readonly lastAt: string
  /** ISO 8601, UTC; null: nothing was refused yet. */
  readonly blockedUntil: string | null
}

export const throttleKey = {
  format(subject: ThrottleSubject): readonly string[] {
    if (subject.kind === 'address') return ['address', subject.network]
    const { kind, id } = subject.account
    return subject.kind === 'account' ? ['account', kind, id] : ['pair', kind, id, subject.network]
  },
  parse([kind, first, id, network]: readonly string[]): ThrottleSubject | undefined {
    if (kind === 'address' && first !== undefined) return { kind, network: first }
    const isAccount = first === 'person' || first === 'binder' || first === 'unknown'
    if (!isAccount || id === undefined) return undefined
    const account: BindAccount = { kind: first, id }
    if (kind === 'account') return { kind, account }
    return kind === 'pair' && network !== undefined ? { kind, account, network } : undefined
  },
}

export function readFailures(value: Json | undefined): FailureRecord | undefined {
  return typeof value === 'object' && value !== null ? (value as FailureRecord) : undefined // written by Throttle
}

export type CountedFailures = FailureRecord & { readonly subject: ThrottleSubject }

/** What counts at the moment, late by a second at most. */
export async function countedFailures(store: RecordReader): Promise<readonly CountedFailures[]> {
  const found: CountedFailures[] = []
  for await (const { key, value } of store.list('throttle')) {
    const subject = throttleKey.parse(key)
    const record = readFailures(value)
    if (subject && record) found.push({ subject, ...record })
  }
  return found
}

/** The changes that forget the failures of some subjects. */
export function clearedFailures(subjects: readonly ThrottleSubject[]): readonly RecordChange[] {
  return subjects.map((subject) => ({ collection: 'throttle', key: throttleKey.format(subject), value: undefined }))
}
