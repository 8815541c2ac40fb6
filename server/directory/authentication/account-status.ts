import { activeBlock } from '../credentials/credential-records.ts'
import { attributeValues } from '../entry-values.ts'
import type { ServedDirectory } from '../served-directory.ts'

/** Why this person may not sign in now, however right the password; undefined when they may. */
export function statusRefusal(directory: ServedDirectory, entryUUID: string, now: Date): string | undefined {
  const slot = directory.view.slotOfUuid(entryUUID)
  if (slot === undefined) return 'the entry is gone'
  const value = (attribute: string) => firstValue(directory, slot, attribute)
  const block = activeBlock(directory.credentials.account(entryUUID), now)
  return entryRefusal(value, now) ?? (block === undefined ? undefined : 'sign-in is blocked here')
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

function firstValue({ view, schema }: ServedDirectory, slot: number, attribute: string): string | undefined {
  const type = schema.attributeType(attribute)
  const [first] = type === undefined ? [] : attributeValues(view, slot, { type, options: [] })
  return first && Buffer.from(first).toString('latin1')
}
