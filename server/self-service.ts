import type { OwnAccount } from '../admin-ui/me/self-service.ts'
import { readEnrollment } from '../sync/enrollment/enrollment-record.ts'
import { entryRefusal } from './directory/authentication/account-status.ts'
import { signInState } from './directory/credentials/sign-in-state.ts'
import type { Entry } from './directory/entry.ts'
import type { Workspace } from './workspace.ts'

/**
 * What somebody's own page shows; undefined for whom there is none: deleted, disabled or blocked. Who was invited and is not
 * served yet has one.
 */
export async function ownAccount(
  { directory, clock }: Pick<Workspace, 'directory' | 'clock'>,
  entryUUID: string,
): Promise<OwnAccount | undefined> {
  const now = clock.now()
  const signIn = await signInState(directory.store, entryUUID, now)
  if (signIn.block !== null && !signIn.block.isOver) return undefined
  const entry = directory.entryByUuid(entryUUID)
  if (entry !== undefined) {
    if (entryRefusal((attribute) => textOf(entry, attribute), now) !== undefined) return undefined
    const name = textOf(entry, 'displayName') ?? textOf(entry, 'cn') ?? entry.dn
    const groups = [...directory.entriesWith('member', entry.dn)].map((group) => textOf(group, 'cn') ?? group.dn)
    return { entryUUID, name, dn: entry.dn, mail: textOf(entry, 'mail'), groups: groups.sort(), signIn }
  }
  const enrollment = await readEnrollment(directory.store, entryUUID)
  if (enrollment === undefined) return undefined
  const mail = enrollment.address ?? undefined
  return { entryUUID, name: mail ?? enrollment.id, dn: undefined, mail, groups: [], signIn }
}

function textOf({ attributes }: Entry, name: string): string | undefined {
  const value = attributes.get(name)?.[0]
  return typeof value === 'string' ? value : undefined
}
