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

/** Places of attributes in entries of one layout, by the names that are asked for; -1 where there is none, as nearly always. */
const places = new WeakMap<Layout, Map<string, number>>()

function placeIn(layout: Layout, attribute: string): number {
  let known = places.get(layout)
  if (known === undefined) places.set(layout, (known = new Map()))
  let place = known.get(attribute)
  if (place === undefined) {
    const folded = attribute.toLowerCase()
    place = layout.attributes.findIndex(({ type }) => type.name.toLowerCase() === folded)
    known.set(attribute, place)
  }
  return place
}

function firstValue(entry: EncodedEntry, attribute: string): string | undefined {
  const place = placeIn(entry.layout, attribute)
  if (place < 0) return undefined
  const [first] = encodedValues(entry, place)
  return first?.toString('latin1')
}
