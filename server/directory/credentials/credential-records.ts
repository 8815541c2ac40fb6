import type { Json, RecordChange } from '../directory-store.ts'

/*
 * What people sign in with: the `credential` collection, at [entryUUID, id]. Secrets that have to be read again (TOTP, NT
 * hash) are in the `sealed` collection; these records hold hashes only.
 */

/** Set here, by the person or an administrator. id: `directory`. */
export type DirectoryPassword = {
  readonly kind: 'directory'
  /** bcrypt. */
  readonly hash: string
  /** ISO 8601, UTC. */
  readonly setAt: string
  /** Good for nothing but to set another one. */
  readonly mustChange: boolean
  /** Hashes of those before it, latest first. */
  readonly previous: readonly string[]
}

/** Came with an LDIF file, in any scheme of password-hash.ts. id: `ldif:<n>`. */
export type ImportedPassword = {
  readonly kind: 'imported'
  readonly hash: string
  /** Base64, where the hash is ours: HMAC-SHA-256 of what the file holds. */
  readonly of?: string
}

/** Found by the first part of what the person types. id: `app:<prefix>`. */
export type AppPassword = {
  readonly kind: 'app'
  /** Given by the person, such as "phone". */
  readonly name: string
  /** Base64: HMAC-SHA-256 of the whole password, with the server's key. */
  readonly mac: string
  readonly createdAt: string
  /** ISO 8601, UTC; null: never. */
  readonly expiresAt: string | null
  /** Where it may be used from, as in networks.ts; empty: anywhere. */
  readonly networks: readonly string[]
}

/** A password that the provider found right. id: `provider`. */
export type ProviderPassword = {
  readonly kind: 'provider'
  readonly provider: string
  /** Immutable id at the provider. */
  readonly sourceId: string
  /** bcrypt. */
  readonly hash: string
  readonly checkedAt: string
}

/** A second factor; the secret is sealed at ['totp', entryUUID]. id: `totp`. */
export type TotpFactor = {
  readonly kind: 'totp'
  /** Whether a code was given once: before that it is not asked for. */
  readonly isConfirmed: boolean
  /** Time step of the last code taken: no code of it or before it is taken again. */
  readonly lastStep: number
  /** Base64: HMAC-SHA-256 of each recovery code that is left. */
  readonly recoveryCodes: readonly string[]
}

export type CredentialRecord = DirectoryPassword | ImportedPassword | AppPassword | ProviderPassword | TotpFactor

/** What was decided here of somebody's sign-in: the `account` collection, at [entryUUID]. */
export type AccountRecord = {
  /** Nobody signs in as this person, whatever the provider says. */
  readonly block: SignInBlock | null
  /** Whether the provider may be asked for the person's password; null: as the provider's `passThroughBind` says. */
  readonly passThrough: 'never' | null
  /** Hashes of directory passwords that were taken away, latest first: they are not to be set again. */
  readonly formerPasswords?: readonly string[]
}

export type SignInBlock = {
  readonly reason: string
  /** Administrator's name. */
  readonly by: string
  readonly since: string
  /** ISO 8601, UTC; null: until it is lifted. */
  readonly until: string | null
}

/** The record change that gives a person a password of their own; it takes the place of the one before. */
export function directoryPassword(entryUUID: string, hash: string, setAt: Date): RecordChange {
  return credentialChange(entryUUID, 'directory', {
    kind: 'directory',
    hash,
    setAt: setAt.toISOString(),
    mustChange: false,
    previous: [],
  })
}

/** The record change that sets a credential, or removes it. */
export function credentialChange(entryUUID: string, id: string, value: CredentialRecord | undefined): RecordChange {
  return { collection: 'credential', key: [entryUUID, id], value }
}

/** The record change for what was decided; nothing decided is no record. */
export function accountChange(entryUUID: string, account: AccountRecord): RecordChange {
  const { block, passThrough, formerPasswords = [] } = account
  const isDecided = block !== null || passThrough !== null || formerPasswords.length > 0
  return { collection: 'account', key: [entryUUID], value: isDecided ? account : undefined }
}

export const nothingDecided: AccountRecord = { block: null, passThrough: null }

/** The block that holds now. */
export function activeBlock(account: AccountRecord | undefined, now: Date): SignInBlock | undefined {
  const block = account?.block ?? undefined
  return block === undefined || (block.until !== null && block.until <= now.toISOString()) ? undefined : block
}

const secretFields: Readonly<Record<CredentialRecord['kind'], string>> = {
  directory: 'hash',
  imported: 'hash',
  provider: 'hash',
  app: 'mac',
  totp: 'recoveryCodes',
}
/** By kind, the field that is compared with what was typed. */
const secretField = new Map<string, string>(Object.entries(secretFields))

/** undefined for what is damaged or what a newer rosterd wrote: it lets nobody in. */
export function readCredential(value: Json | undefined): CredentialRecord | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value) || typeof value.kind !== 'string')
    return undefined
  const secret = secretField.get(value.kind)
  const isWhole = secret !== undefined && value[secret] !== undefined && value[secret] !== null
  return isWhole ? (value as CredentialRecord) : undefined // written by `credentialChange`
}

export function readAccount(value: Json | undefined): AccountRecord | undefined {
  return typeof value === 'object' && value !== null ? (value as AccountRecord) : undefined // written by `accountChange`
}
