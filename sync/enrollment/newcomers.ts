import type { RecordChange } from '../../server/directory/directory-store.ts'
import { readPause } from '../provider-pause.ts'
import { outboxChanges, type OutboxSurroundings } from '../reporting/outbox.ts'
import { type EnrollmentRecord, enrollmentChange } from './enrollment-record.ts'
import type { Newcomer, Newcomers } from './enrollment-rule.ts'

/** More invitations than this at once are not mailed unasked. */
const mostUnasked = 20

export interface NewcomerRecords {
  readonly records: readonly RecordChange[]
  /** People who now wait for an administrator to release their invitation, by provider. */
  readonly waiting: ReadonlyMap<string, number>
}

/**
 * What the first sight of people leaves in the store: their enrollment, and invitations where they may be mailed unasked, which
 * is neither on a first run, nor on the first after a restore, nor to many at once.
 */
export async function newcomerRecords(
  { newcomers, newProviders }: Newcomers,
  surroundings: OutboxSurroundings,
): Promise<NewcomerRecords> {
  const now = surroundings.clock.now().toISOString()
  const waiting = new Map<string, number>()
  const records: RecordChange[] = []
  const invitations: Newcomer[] = []
  for (const [provider, people] of Map.groupBy(newcomers, (newcomer) => newcomer.provider)) {
    // Nothing new of a paused provider takes effect.
    if ((await readPause(surroundings.store, provider)) !== undefined) continue
    const toMail = people.filter(({ enrollment, address }) => enrollment === 'invite' && address !== null)
    const mustAsk = newProviders.has(provider) || toMail.length > mostUnasked
    if (mustAsk && toMail.length > 0) waiting.set(provider, toMail.length)
    if (!mustAsk) invitations.push(...toMail)
    for (const person of people) {
      const isWaiting = mustAsk && person.enrollment === 'invite' && person.address !== null
      records.push(enrollmentChange(person.entryUUID, firstRecord(person, isWaiting, now)))
    }
  }
  const messages = invitations.flatMap(({ entryUUID, address }) =>
    address === null ? [] : [{ kind: 'invitation', to: address, entryUUID, isDigest: false } as const],
  )
  return { records: [...records, ...(await outboxChanges(messages, surroundings))], waiting }
}

function firstRecord({ provider, id, address, enrollment }: Newcomer, waiting: boolean, now: string): EnrollmentRecord {
  const isTrusted = enrollment === 'trust'
  return {
    state: isTrusted ? 'enrolled' : 'invited',
    emailVerified: isTrusted,
    provider,
    id,
    address,
    waiting,
    firstInvited: now,
    lastMailed: null,
    mailedCount: 0,
    refused: null,
    enrolled: isTrusted ? now : null,
    links: [],
  }
}
