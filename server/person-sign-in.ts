import { ChangeRefused } from './directory/credentials/change-refused.ts'
import type { RevokedCredentials } from './directory/credentials/incidents.ts'
import type { Actor } from './directory/credentials/sign-in-context.ts'
import type { Workspace } from './workspace.ts'

/*
 * What administrators do to a person's sign-in, by command or on the page. Whoever is signed in to /me is signed out first:
 * they give themselves nothing that outlives it.
 */

type SignInParts = Pick<Workspace, 'accounts' | 'webSessions'>

/** What else lets in, and was taken away. */
export interface RevokedBesides {
  readonly sessions: number
  readonly enrollmentLink: boolean
  readonly sshKeys: number
  /** Of a file or a provider, where they have to be removed. */
  readonly sshKeysElsewhere: number
}

/** Nobody signs in as the person, whatever the provider says. Throws ChangeRefused. */
export async function blockSignIn(
  { accounts, webSessions }: SignInParts,
  entryUUID: string,
  block: { readonly reason: string; readonly until?: Date | undefined },
  by: Actor,
): Promise<void> {
  await requireAllowed(by)
  await webSessions.endOf(entryUUID)
  await accounts.incidents.block(entryUUID, block, by)
}

/** Gives a password that is good for nothing but to set another. Throws ChangeRefused. */
export async function resetPassword(
  { accounts, webSessions }: SignInParts,
  entryUUID: string,
  by: Actor,
): Promise<string> {
  await requireAllowed(by)
  await webSessions.endOf(entryUUID)
  return await accounts.passwords.reset(entryUUID, by)
}

/** Takes away everything that the person could sign in with here. */
export async function revokeSignIn(
  workspace: SignInParts & Pick<Workspace, 'enrollment' | 'sshKeys'>,
  entryUUID: string,
  options: { readonly secondFactor: boolean },
  by: Actor,
): Promise<{ readonly revoked: RevokedCredentials } & RevokedBesides> {
  await requireAllowed(by)
  const { enrollment, webSessions, accounts } = workspace
  // In this order: who has a link has a session next, and with that a password.
  const enrollmentLink = await enrollment.withdraw(entryUUID, by.id)
  const sessions = await webSessions.endOf(entryUUID)
  const revoked = await accounts.incidents.revoke(entryUUID, options, by)
  return { revoked, sessions, enrollmentLink, ...(await removedSshKeys(workspace, entryUUID, by)) }
}

/** Waits for a sync that is under way. */
async function removedSshKeys({ sshKeys }: Pick<Workspace, 'sshKeys'>, entryUUID: string, by: Actor) {
  const keys = sshKeys.list(entryUUID)
  let removed = 0
  try {
    for (const { fingerprint } of keys) if (await sshKeys.remove(entryUUID, fingerprint, by)) removed += 1
  } catch (error) {
    if (!(error instanceof ChangeRefused)) throw error
  }
  return { sshKeys: removed, sshKeysElsewhere: keys.length - removed }
}

/** Asked once more with every commit; here for what comes before the first. */
async function requireAllowed({ mayStill }: Actor): Promise<void> {
  if (mayStill && !(await mayStill())) throw new ChangeRefused('You are signed out. Sign in again.')
}
