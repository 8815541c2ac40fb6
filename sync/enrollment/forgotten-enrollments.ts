import type { RecordChange, RecordReader } from '../../server/directory/directory-store.ts'
import type { Decision } from '../candidates.ts'
import { isLongGone } from '../forgetting.ts'
import type { Ledgers } from '../ledgers.ts'
import { type EnrollmentRecord, enrollmentChange, isForgottenEnrollment, readEnrollments } from './enrollment-record.ts'

/**
 * What changes of the enrollments of people whom no provider has any more: since when they are gone is noted, and after 30
 * days their address, immutable id and links go. That somebody with ids never used an invitation stays: they would come in
 * uninvited when they are back.
 */
export async function forgottenEnrollments(
  store: RecordReader,
  { decisions, identities }: { readonly decisions: ReadonlyMap<string, Decision> } & Pick<Ledgers, 'identities'>,
  now: Date,
): Promise<readonly RecordChange[]> {
  const records = await readEnrollments(store)
  if (records.size === 0) return []
  const withIds = new Set<string>()
  const served = new Set<string>()
  for (const { entryUUID, goneSince } of identities.values()) (goneSince === null ? served : withIds).add(entryUUID)
  return [...records].flatMap(([entryUUID, record]) => {
    const { goneSince, ...present } = record
    if (served.has(entryUUID) || decisions.has([record.provider, 'user', record.id].join('\0')))
      return goneSince === undefined ? [] : [enrollmentChange(entryUUID, present)]
    if (isForgottenEnrollment(record)) return []
    if (goneSince === undefined) return [enrollmentChange(entryUUID, { ...record, goneSince: now.toISOString() })]
    if (!isLongGone(goneSince, now)) return []
    const links = record.links.map((key) => ({ collection: 'link', key: [key], value: undefined }) as const)
    const isToBeInvited = record.state === 'invited' && withIds.has(entryUUID)
    const left = isToBeInvited ? forgotten(present) : undefined
    return [...links, { collection: 'enrollment', key: [entryUUID], value: left }]
  })
}

function forgotten(record: EnrollmentRecord): EnrollmentRecord {
  return { ...record, id: '', address: null, waiting: false, refused: null, links: [] }
}
