import type { RecordChange, RecordReader } from '../../server/directory/directory-store.ts'
import { trusted } from '../ledgers.ts'

/** Whether a person was invited and has confirmed: value of the `enrollment` collection, by entryUUID. */
export type EnrollmentRecord = {
  /** `invited`: not active until a link was used. */
  readonly state: 'invited' | 'enrolled'
  /** The address is the person's: the provider is trusted with it, or a link that was mailed there was used. */
  readonly emailVerified: boolean
  /** Provider and immutable id under which the person was first seen; the id is empty once the person was forgotten. */
  readonly provider: string
  readonly id: string
  /** Where the invitation goes; null where the provider has none that mail can be sent to. A resend follows the provider. */
  readonly address: string | null
  /** The invitation is not mailed before an administrator says so. */
  readonly waiting: boolean
  /** ISO 8601, as are the times below: when the person was first seen under the setting. */
  readonly firstInvited: string
  readonly lastMailed: string | null
  readonly mailedCount: number
  /** Why the last mail did not arrive; null when it did, or is under way. */
  readonly refused: string | null
  readonly enrolled: string | null
  /** Keys of the links that are in mails. */
  readonly links: readonly string[]
  /** Since when no provider has the person; absent while one has. */
  readonly goneSince?: string
}

export async function readEnrollment(store: RecordReader, entryUUID: string): Promise<EnrollmentRecord | undefined> {
  const value = await store.get('enrollment', [entryUUID])
  return value === undefined ? undefined : trusted<EnrollmentRecord>(value)
}

/** By entryUUID. */
export async function readEnrollments(store: RecordReader): Promise<ReadonlyMap<string, EnrollmentRecord>> {
  const records = new Map<string, EnrollmentRecord>()
  for await (const { key, value } of store.list('enrollment'))
    records.set(key[0] ?? '', trusted<EnrollmentRecord>(value))
  return records
}

export function enrollmentChange(entryUUID: string, record: EnrollmentRecord): RecordChange {
  return { collection: 'enrollment', key: [entryUUID], value: record }
}

/** Of somebody who has been gone for long; they have to be invited anew when they are back. */
export function isForgottenEnrollment({ id }: EnrollmentRecord): boolean {
  return id === ''
}
