import { type AccountRecord, activeBlock } from '../credentials/credential-records.ts'
import { type EncodedEntry, encodedValues } from '../encoded-entry.ts'
import type { Layout } from '../entry-layout.ts'
import type { ServedDirectory } from '../served-directory.ts'

/** Why this person may not sign in now, however right the password; undefined when they may. */
export function statusRefusal(directory: ServedDirectory, entryUUID: string, now: Date): string | undefined {
  const entry = directory.view.entry(directory.view.slotOfUuid(entryUUID))
  if (entry === undefined) return 'the entry is gone'
  return refusalOf(entry, directory.credentials.account(entryUUID), now)
}

/** The same of an entry and its account. */
export function refusalOf(entry: EncodedEntry, account: AccountRecord | undefined, now: Date): string | undefined {
  const value = (attribute: string) => firstValue(entry, attribute)
  return entryRefusal(value, now) ?? (activeBlock(account, now) === undefined ? undefined : 'sign-in is blocked here')
}

/** The same, as far as the entry says it; `value` gives the first value of an attribute. */
export function entryRefusal(value: (attribute: string) => string | undefined, now: Date): string | undefined {
  if ((Number(value('userAccountControl')) & accountDisable) !== 0) return 'the account is disabled'
  if (hasExpired(value('shadowExpire'), now)) return 'the account has expired'
  if (value('nsAccountLock')?.toLowerCase() === 'true') return 'the account is locked'
  return value('pwdAccountLockedTime') === lockedForGood ? 'the account is locked' : undefined
}

/** ACCOUNTDISABLE of userAccountControl, which entries of inactive people have. */
const accountDisable = 2
/** Of draft-behera-ldap-password-policy §5.3.3: by an administrator, not by failed binds of long ago. */
const lockedForGood = '000001010000Z'
const dayMs = 86_400_000

/** `shadowExpire`: days since 1970 from which on nobody signs in; below 0 for ever. */
function hasExpired(shadowExpire: string | undefined, now: Date): boolean {
  return shadowExpire !== undefined && /^\d+$/.test(shadowExpire) && now.getTime() >= Number(shadowExpire) * dayMs
}

/** Places of the attributes that say so in entries of one layout; most have one of them, if any. */
const places = new WeakMap<Layout, ReadonlyMap<string, number>>()

function placesIn(layout: Layout): ReadonlyMap<string, number> {
  const known = places.get(layout)
  if (known) return known
  const found = new Map<string, number>()
  for (const [place, { type }] of layout.attributes.entries())
    if (!found.has(type.name.toLowerCase())) found.set(type.name.toLowerCase(), place)
  places.set(layout, found)
  return found
}

function firstValue(entry: EncodedEntry, attribute: string): string | undefined {
  const place = placesIn(entry.layout).get(attribute.toLowerCase())
  if (place === undefined) return undefined
  const [first] = encodedValues(entry, place)
  return first?.toString('latin1')
}
