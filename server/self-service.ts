import type { OwnAccount } from '../admin-ui/me/self-service.ts'
import { createPeopleSignIn, type PeopleSignIn } from '../sync/oidc/people-sign-in.ts'
import { personOfIdentity } from '../sync/oidc/person-of-identity.ts'
import type { Decision } from '../sync/candidates.ts'
import { type EnrollmentRecord, readEnrollment } from '../sync/enrollment/enrollment-record.ts'
import { trusted } from '../sync/ledgers.ts'
import type { Logger } from '../sync/logger.ts'
import { entryRefusal } from './directory/authentication/account-status.ts'
import { signInState } from './directory/credentials/sign-in-state.ts'
import type { RecordReader } from './directory/directory-store.ts'
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
  if (enrollment === undefined || !(await isWaiting(directory.store, enrollment))) return undefined
  const mail = enrollment.address ?? undefined
  return { entryUUID, name: mail ?? enrollment.id, dn: undefined, mail, groups: [], signIn }
}

/** Invited, or confirmed a moment ago; who is not served for any other reason was enrolled once. */
async function isWaiting(store: RecordReader, { provider, id }: EnrollmentRecord): Promise<boolean> {
  const decision = await store.get('decision', [provider, 'user', id])
  const status = decision === undefined ? undefined : trusted<Decision>(decision).status
  return status === 'invited' || status === 'active'
}

/** Sign-in of people at their own providers, to whom {@link ownAccount} gives a page. */
export function peopleSignIn(
  workspace: Pick<Workspace, 'config' | 'directory' | 'providers' | 'clock'>,
  logger: Logger,
): PeopleSignIn {
  const { config, providers, clock } = workspace
  return createPeopleSignIn({
    providers,
    nameOf: (provider) => config.providers.find(({ id }) => id === provider)?.name ?? provider,
    redirectUri: signInRedirectUri(config.admin.publicUrl),
    find: (provider, id) => personOfIdentity({ provider, id }, workspace),
    hasAccount: async (entryUUID) => (await ownAccount(workspace, entryUUID)) !== undefined,
    clock,
    logger,
  })
}

/** Where a provider sends people back to after they signed in; to be registered there. */
export function signInRedirectUri(publicUrl: string): string {
  return `${publicUrl.replace(/\/+$/, '')}/me/callback`
}

function textOf({ attributes }: Entry, name: string): string | undefined {
  const value = attributes.get(name)?.[0]
  return typeof value === 'string' ? value : undefined
}
