import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { DnSyntaxError, escapeDnValue, normalizeDn } from '../../protocol/distinguished-name.ts'
import type { Identity } from '../access-control.ts'
import type { BcryptPool } from './bcrypt-pool.ts'
import { postingHas, slotsOf } from '../directory-view.ts'
import { attributeValues } from '../entry-values.ts'
import { entryName } from '../encoded-entry.ts'
import type { ServedDirectory } from '../served-directory.ts'

/** A service account of the configuration. */
export interface BinderAccount {
  readonly name: string
  readonly password: string
  readonly isAllowedFrom: (address: string) => boolean
  readonly requireTls: boolean
}

/** Where a bind comes from. */
export interface BindOrigin {
  readonly address: string
  readonly isSecure: boolean
}

export type AuthenticationResult =
  | { readonly identity: Identity }
  /** For the log; the client is told nothing but invalidCredentials. */
  | { readonly refused: string }

export interface Authenticator {
  /** Checks name and password of a simple bind. Throws LdapError busy when too many checks wait. */
  authenticate(name: string, password: Buffer, origin: BindOrigin): Promise<AuthenticationResult>
}

export interface AuthenticatorOptions {
  readonly directory: ServedDirectory
  readonly binders: readonly BinderAccount[]
  /** Accept a user name, UPN or primary mail address in place of a DN. */
  readonly bindByName: boolean
  readonly bcrypt: BcryptPool
}

// bcrypt of a random string: what a name without a password is checked against, so that it takes as long as one with.
const dummyHash = '$2b$10$LQOnBqZemXZC9y2WCr1KAe9qW2yrXeV2UvcIkXWEk.QaStAOgkAcm'
// bcrypt reads no more than 72 octets and stops at NUL: a longer password would share its hash with its beginning.
const bcryptOctets = 72

export function createAuthenticator({ directory, binders, bindByName, bcrypt }: AuthenticatorOptions): Authenticator {
  const macKey = randomBytes(32)
  const mac = (octets: Uint8Array) => createHmac('sha256', macKey).update(octets).digest()
  const binderByKey = new Map<string, { identity: Identity; passwordMac: Buffer; account: BinderAccount }>()
  for (const binder of binders) {
    const { name } = binder
    const rdn = `cn=${escapeDnValue(name)}`
    const dn = `${rdn},ou=services,${directory.suffix}`
    const account = {
      identity: { kind: 'binder', name, dn } as const,
      passwordMac: mac(Buffer.from(binder.password)),
      account: binder,
    }
    binderByKey.set(normalizeDn(dn), account)
    binderByKey.set(normalizeDn(`${rdn},${directory.suffix}`), account)
  }

  /** Every refusal takes as long as a bcrypt check, so that time does not tell who exists and has which kind of password. */
  async function refuse(reason: string): Promise<AuthenticationResult> {
    await bcrypt.compare('', dummyHash)
    return { refused: reason }
  }

  async function authenticate(name: string, password: Buffer, origin: BindOrigin): Promise<AuthenticationResult> {
    const key = nameKey(name)
    const binder = key === undefined ? undefined : binderByKey.get(key)
    if (binder) {
      const matches = timingSafeEqual(mac(password), binder.passwordMac)
      const refusal = refusalOf(binder.account, origin) ?? (matches ? undefined : 'wrong password')
      return refusal === undefined ? { identity: binder.identity } : await refuse(refusal)
    }
    const slot =
      key === undefined ? (bindByName ? personNamed(directory, name) : undefined) : directory.view.slotByKey.get(key)
    const entry = slot === undefined ? undefined : directory.view.entries[slot]
    if (!entry) return await refuse(key === undefined ? 'no single person has this name' : 'no such entry')
    return await checkPasswords(entry.entryUUID, password)
  }

  async function checkPasswords(entryUUID: string, password: Buffer): Promise<AuthenticationResult> {
    const passwords = [...directory.credentials.passwordsOf(entryUUID)]
    const slow = passwords.filter((stored) => stored.kind === 'bcrypt')
    for (const stored of passwords) if (stored.kind === 'fast' && stored.matches(password)) return signedIn(entryUUID)
    for (const { hash } of slow) if (await matchesBcrypt(password, hash)) return signedIn(entryUUID)
    const reason = passwords.length === 0 ? 'no password is set' : 'wrong password'
    return slow.length > 0 ? { refused: reason } : await refuse(reason)
  }

  /** Only who is active now gets in, also when that changed while the password was checked. */
  function signedIn(entryUUID: string): AuthenticationResult {
    const slot = directory.view.slotByUuid.get(entryUUID) ?? -1
    const entry = directory.view.entries[slot]
    if (!entry) return { refused: 'the entry is gone' }
    if (isDisabled(directory, slot)) return { refused: 'the account is disabled' }
    return { identity: { kind: 'user', entryUUID, dn: entryName(entry) } }
  }

  async function matchesBcrypt(password: Buffer, hash: string): Promise<boolean> {
    const isUsable = password.length <= bcryptOctets && !password.includes(0)
    const matches = await bcrypt.compare(isUsable ? password.toString('utf8') : '', isUsable ? hash : dummyHash)
    return isUsable && matches
  }

  return { authenticate }
}

/** Why a binder may not sign in from there, however right its password. */
function refusalOf(
  { isAllowedFrom, requireTls }: BinderAccount,
  { address, isSecure }: BindOrigin,
): string | undefined {
  if (requireTls && !isSecure) return 'this binder must use TLS'
  return isAllowedFrom(address) ? undefined : 'this binder may not come from this address'
}

function nameKey(name: string): string | undefined {
  try {
    return normalizeDn(name)
  } catch (error) {
    if (error instanceof DnSyntaxError) return undefined
    throw error
  }
}

/** ACCOUNTDISABLE (2) of userAccountControl, which entries of inactive people have. */
function isDisabled({ view, schema }: ServedDirectory, slot: number): boolean {
  const type = schema.attributeType('userAccountControl')
  const [control] = type === undefined ? [] : attributeValues(view, slot, { type, options: [] })
  return control !== undefined && (Number(Buffer.from(control).toString('latin1')) & 2) !== 0
}

/** The slot of the one person whose user name, UPN or primary mail address this is. */
function personNamed({ view, schema }: ServedDirectory, name: string): number | undefined {
  const found = new Set<number>()
  const objectClass = schema.attributeType('objectClass')
  const people = objectClass && view.equality.get(objectClass)?.get('person')
  for (const typeName of ['uid', 'userPrincipalName', 'mail']) {
    const type = schema.attributeType(typeName)
    const prepared = type?.equality?.comparison.prepare(Buffer.from(name))
    if (!type || prepared === undefined) continue
    for (const slot of slotsOf(view.equality.get(type)?.get(prepared))) {
      if (!postingHas(people, slot)) continue
      const [first] = attributeValues(view, slot, { type, options: [] })
      if (typeName !== 'mail' || (first && type.equality?.comparison.prepare(first) === prepared)) found.add(slot)
    }
  }
  const [only] = found
  return found.size === 1 ? only : undefined
}
