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
  const placesOf = placesIn(entry.layout)
  return (
    entryRefusal((attribute) => firstValue(entry, placesOf[attribute]), now) ??
    (activeBlock(account, now) === undefined ? undefined : 'sign-in is blocked here')
  )
}

/** The same, as far as the entry says it; `value` gives the first value of an attribute. */
export function entryRefusal(value: (attribute: StatusAttribute) => string | undefined, now: Date): string | undefined {
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

type StatusAttribute = 'userAccountControl' | 'shadowExpire' | 'nsAccountLock' | 'pwdAccountLockedTime'

/** Places of these attributes in entries of one layout; undefined for those that it does not have, as nearly always. */
type StatusPlaces = Readonly<Record<StatusAttribute, number | undefined>>

const places = new WeakMap<Layout, StatusPlaces>()

function placesIn(layout: Layout): StatusPlaces {
  const known = places.get(layout)
  if (known !== undefined) return known
  const place = (attribute: StatusAttribute) => {
    const index = layout.attributes.findIndex(({ type }) => type.name.toLowerCase() === attribute.toLowerCase())
    return index < 0 ? undefined : index
  }
  const found = {
    userAccountControl: place('userAccountControl'),
    shadowExpire: place('shadowExpire'),
    nsAccountLock: place('nsAccountLock'),
    pwdAccountLockedTime: place('pwdAccountLockedTime'),
  }
  places.set(layout, found)
  return found
}

function firstValue(entry: EncodedEntry, place: number | undefined): string | undefined {
  if (place === undefined) return undefined
  const [first] = encodedValues(entry, place)
  return first?.toString('latin1')
}
