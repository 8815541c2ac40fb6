import type { SignInUse } from '../authentication/activity-records.ts'
import type { RecordReader } from '../directory-store.ts'
import { type ListedAppPassword, listAppPasswords } from './app-passwords.ts'
import { activeBlock, readAccount, type SignInBlock } from './credential-records.ts'
import { ntHashKey } from './nt-hash.ts'
import { credentialsOf, lastUsesOf } from './sign-in-context.ts'
import { type SignInEvent, signInHistory } from './sign-in-history.ts'

/** What a person can sign in with here, as it may be shown: no hash, no secret. */
export interface SignInState {
  readonly block: (SignInBlock & { readonly isOver: boolean }) | null
  readonly passThrough: 'never' | null
  readonly directoryPassword: { readonly setAt: string; readonly mustChange: boolean } | null
  /** That came with a file. */
  readonly importedPasswords: number
  readonly appPasswords: readonly ListedAppPassword[]
  readonly providerPassword: { readonly provider: string; readonly checkedAt: string } | null
  readonly secondFactor: { readonly isConfirmed: boolean; readonly recoveryCodes: number } | null
  readonly ntHash: boolean
  /** Latest first. */
  readonly lastUses: readonly SignInUse[]
  /** What was done to it, latest first. */
  readonly history: readonly SignInEvent[]
}

export async function signInState(store: RecordReader, entryUUID: string, now: Date): Promise<SignInState> {
  const credentials = await credentialsOf(store, entryUUID)
  const account = readAccount(await store.get('account', [entryUUID]))
  const block = account?.block ?? null
  const records = [...credentials.values()]
  const lastUses = await lastUsesOf(store, entryUUID)
  const [directory] = records.filter((record) => record.kind === 'directory')
  const [provider] = records.filter((record) => record.kind === 'provider')
  const [totp] = records.filter((record) => record.kind === 'totp')
  return {
    block: block && { ...block, isOver: activeBlock(account, now) === undefined },
    passThrough: account?.passThrough ?? null,
    directoryPassword: directory ? { setAt: directory.setAt, mustChange: directory.mustChange } : null,
    importedPasswords: records.filter(({ kind }) => kind === 'imported').length,
    appPasswords: listAppPasswords(credentials, lastUses),
    providerPassword: provider ? { provider: provider.provider, checkedAt: provider.checkedAt } : null,
    secondFactor: totp ? { isConfirmed: totp.isConfirmed, recoveryCodes: totp.recoveryCodes.length } : null,
    ntHash: (await store.get('sealed', ntHashKey(entryUUID))) !== undefined,
    lastUses,
    history: await signInHistory(store, entryUUID),
  }
}
