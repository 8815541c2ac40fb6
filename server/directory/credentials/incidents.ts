import { ChangeRefused } from './change-refused.ts'
import { accountChange, type AccountRecord, credentialChange, type CredentialRecord } from './credential-records.ts'
import { withoutPassword } from './directory-passwords.ts'
import { removedNtHash } from './nt-hash.ts'
import { removedTotp } from './second-factors.ts'
import { accountOf, type Actor, changeSignIn, credentialsOf, type SignInContext } from './sign-in-context.ts'

export interface RevokedCredentials {
  readonly directoryPassword: boolean
  readonly appPasswords: number
  /** Kept after a check at the provider. */
  readonly providerPassword: boolean
  readonly secondFactor: boolean
  /** Of a file, where they have to be removed. */
  readonly importedPasswords: number
}

/** What administrators decide of somebody's sign-in, whatever the provider says. Nothing here lets anybody in. */
export interface Incidents {
  /** Takes the place of a block before it. Throws {@link ChangeRefused} without a reason, or when `until` is over. */
  block(
    entryUUID: string,
    block: { readonly reason: string; readonly until?: Date | undefined },
    by: Actor,
  ): Promise<void>
  /** False when there was none. */
  unblock(entryUUID: string, by: Actor): Promise<boolean>
  /** Takes away everything the person could sign in with here; a second factor only when asked to. */
  revoke(entryUUID: string, options: { readonly secondFactor: boolean }, by: Actor): Promise<RevokedCredentials>
  /** `never`: the provider is not asked for this person's password. null: as the provider's setting says. */
  setPassThrough(entryUUID: string, passThrough: AccountRecord['passThrough'], by: Actor): Promise<void>
}

export function createIncidents(context: SignInContext): Incidents {
  const { directory, clock } = context

  async function block(entryUUID: string, { reason, until }: { reason: string; until?: Date | undefined }, by: Actor) {
    if (reason.trim() === '') throw new ChangeRefused('a block needs a reason, for those who will find it')
    const now = clock.now()
    if (until !== undefined && until <= now)
      throw new ChangeRefused(`the block would have ended ${until.toISOString()}; name a time to come`)
    const written = { reason: reason.trim(), by: by.id, since: now.toISOString(), until: until?.toISOString() ?? null }
    await changeSignIn(context, entryUUID, by, async () => {
      const account = await accountOf(directory.store, entryUUID)
      return {
        records: [
          accountChange(entryUUID, { ...account, block: written }),
          // What was found out before a block does not outlive it.
          credentialChange(entryUUID, 'provider', undefined),
        ],
        event: 'sign-in blocked',
        before: shownBlock(account.block),
        details: shownBlock(written) ?? {},
      }
    })
  }

  function unblock(entryUUID: string, by: Actor): Promise<boolean> {
    return changeSignIn(context, entryUUID, by, async () => {
      const account = await accountOf(directory.store, entryUUID)
      if (account.block === null) return undefined
      return {
        records: [accountChange(entryUUID, { ...account, block: null })],
        event: 'sign-in block lifted',
        before: shownBlock(account.block),
      }
    })
  }

  async function revoke(
    entryUUID: string,
    { secondFactor }: { secondFactor: boolean },
    by: Actor,
  ): Promise<RevokedCredentials> {
    let revoked = nothingRevoked
    await changeSignIn(context, entryUUID, by, async () => {
      const credentials = [...(await credentialsOf(directory.store, entryUUID))]
      const count = (kind: CredentialRecord['kind']) => credentials.filter(([, record]) => record.kind === kind).length
      revoked = {
        directoryPassword: count('directory') > 0,
        appPasswords: count('app'),
        providerPassword: count('provider') > 0,
        secondFactor: secondFactor && count('totp') > 0,
        importedPasswords: count('imported'),
      }
      const password = credentials.map(([, record]) => record).find((record) => record.kind === 'directory')
      const account = withoutPassword(await accountOf(directory.store, entryUUID), password)
      const apps = credentials.filter(([, { kind }]) => kind === 'app').map(([id]) => id)
      return {
        records: [
          // Also what is not there: whatever is remembered of a bind is void after any change.
          ...['directory', 'provider', ...apps].map((id) => credentialChange(entryUUID, id, undefined)),
          removedNtHash(entryUUID),
          accountChange(entryUUID, account),
          ...(secondFactor ? removedTotp(entryUUID) : []),
        ],
        event: 'credentials revoked',
        details: { ...revoked },
      }
    })
    return revoked
  }

  async function setPassThrough(entryUUID: string, passThrough: AccountRecord['passThrough'], by: Actor) {
    await changeSignIn(context, entryUUID, by, async () => ({
      records: [
        accountChange(entryUUID, { ...(await accountOf(directory.store, entryUUID)), passThrough }),
        // What the provider found right before is not asked for either.
        ...(passThrough === 'never' ? [credentialChange(entryUUID, 'provider', undefined)] : []),
      ],
      event:
        passThrough === 'never' ? 'pass-through sign-in switched off' : 'pass-through sign-in as the provider says',
    }))
  }

  return { block, unblock, revoke, setPassThrough }
}

function shownBlock(block: AccountRecord['block']): { readonly reason: string; readonly until: string | null } | null {
  return block && { reason: block.reason, until: block.until }
}

const nothingRevoked: RevokedCredentials = {
  directoryPassword: false,
  appPasswords: 0,
  providerPassword: false,
  secondFactor: false,
  importedPasswords: 0,
}
