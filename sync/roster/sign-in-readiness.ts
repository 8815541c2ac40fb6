import { readAccount, readCredential } from '../../server/directory/credentials/credential-records.ts'
import type { RecordReader } from '../../server/directory/directory-store.ts'
import { createBreather } from '../breather.ts'
import { readEnrollments } from '../enrollment/enrollment-record.ts'
import type { SignInBlock } from '../../server/directory/credentials/credential-records.ts'
import type { Readiness } from './roster-rows.ts'

/** What is known here of somebody's sign-in; who is not in the list has nothing. */
export interface SignInMarks {
  readonly hasPassword: boolean
  readonly isInvited: boolean
  readonly mayAskProvider: boolean
  readonly block: SignInBlock | null
}

export const noMarks: SignInMarks = { hasPassword: false, isInvited: false, mayAskProvider: true, block: null }

/** Of everybody, by entryUUID. Looks at every credential. */
export async function readSignInMarks(store: RecordReader): Promise<ReadonlyMap<string, SignInMarks>> {
  const breathe = createBreather()
  const marks = new Map<string, SignInMarks>()
  const mark = (entryUUID: string, more: Partial<SignInMarks>) =>
    marks.set(entryUUID, { ...(marks.get(entryUUID) ?? noMarks), ...more })
  for await (const { key, value } of store.list('credential')) {
    const kind = readCredential(value)?.kind
    if (kind === 'directory' || kind === 'imported' || kind === 'app') mark(key[0] ?? '', { hasPassword: true })
    await breathe()
  }
  for (const [entryUUID, { waiting, address, state, mailedCount }] of await readEnrollments(store))
    if (mailedCount > 0 || (state === 'invited' && !waiting && address !== null)) mark(entryUUID, { isInvited: true })
  for await (const { key, value } of store.list('account')) {
    const account = readAccount(value)
    if (account) mark(key[0] ?? '', { block: account.block, mayAskProvider: account.passThrough !== 'never' })
  }
  return marks
}

/** `asksProvider`: whether the setting of the person's provider lets it check passwords. */
export function readinessOf({ hasPassword, isInvited, mayAskProvider }: SignInMarks, asksProvider: boolean): Readiness {
  if (hasPassword) return 'password'
  if (asksProvider && mayAskProvider) return 'provider'
  return isInvited ? 'invited' : 'none'
}
