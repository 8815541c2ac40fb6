import { MasterKeyError } from '../../runtime/master-key.ts'
import { ChangeRefused } from '../credentials/change-refused.ts'
import { passwordRefusal, usedBefore } from '../credentials/password-policy.ts'
import { passwordText } from '../credentials/password-text.ts'
import type { TotpSetup } from '../credentials/second-factors.ts'
import { groupedSecret, newTotpSecret, totpStep, totpUri } from '../credentials/totp.ts'
import type { AdminActor } from './admin-actions.ts'
import { type AdminContext, changeAsAdmin } from './admin-context.ts'
import { newAdmin, newEpoch, shown } from './admin-list.ts'
import {
  adminChange,
  adminTotpKey,
  type AdminRecord,
  readAdmin,
  readAdmins,
  requireAdminName,
} from './admin-records.ts'
import { endedSetupLinks, openSetupLink } from './setup-links.ts'

/** What administrators set for themselves. Throws {@link ChangeRefused} with a sentence for them. */
export interface AdminCredentials {
  /** Whom the link is for, null for the first Owner; undefined when it cannot be used, or not any more. */
  openLink(token: string): Promise<{ readonly name: string | null } | undefined>
  /** Uses the link up. `name` counts for the first Owner alone. undefined when it cannot be used, or not any more. */
  useLink(
    token: string,
    chosen: { readonly name: string; readonly password: string },
    address: string,
  ): Promise<AdminRecord | undefined>
  /** Ends all sessions; the record has the epoch with which the next one begins. */
  setPassword(name: string, password: string, by: AdminActor): Promise<AdminRecord>
  /** Whether it is the administrator's own. */
  isPassword(name: string, password: string): Promise<boolean>
  /** A new secret, not asked for before a code of it was confirmed. */
  beginSecondFactor(name: string, by: AdminActor): Promise<TotpSetup>
  /** False when the code is wrong, or nothing was begun. */
  confirmSecondFactor(name: string, code: string, by: AdminActor): Promise<boolean>
}

/** How many of the last passwords are refused, the present one among them. */
const rememberedPasswords = 5

export function createAdminCredentials(context: AdminContext): AdminCredentials {
  const { directory, sealed, hashes, clock, config } = context
  const { store } = directory

  /** The hash of a password that may be set. */
  async function hashOf(name: string, password: string, record: AdminRecord | undefined): Promise<string> {
    const names = [name, name.replace(/@.*$/, ''), config.organization]
    const refusal = await passwordRefusal(passwordText(password), { minLength: config.passwords.minLength, names })
    if (refusal !== undefined) throw new ChangeRefused(refusal.message)
    for (const hash of record === undefined ? [] : lastPasswords(record))
      if (await hashes.compare(password, hash)) throw new ChangeRefused(usedBefore.message)
    return await hashes.hash(password, config.passwords.bcryptCost)
  }

  function withPassword(record: AdminRecord, hash: string): AdminRecord {
    const setAt = clock.now().toISOString()
    return {
      ...record,
      password: { hash, setAt },
      previous: lastPasswords(record).slice(0, rememberedPasswords - 1),
      epoch: newEpoch(),
    }
  }

  async function useLink(
    token: string,
    chosen: { readonly name: string; readonly password: string },
    address: string,
  ): Promise<AdminRecord | undefined> {
    const opened = await openSetupLink(store, token, clock.now())
    if (opened === undefined) return undefined
    const name = opened.name ?? chosen.name
    requireAdminName(name)
    const hash = await hashOf(name, chosen.password, await readAdmin(store, name))
    let after: AdminRecord | undefined
    await changeAsAdmin(context, { name, address }, async () => {
      const now = clock.now()
      const link = await openSetupLink(store, token, now)
      if (link === undefined) return undefined
      const record = link.name === null ? await firstOwner(name, now) : await readAdmin(store, name)
      if (record === undefined) return undefined
      // Who chose a password with a link is signed in.
      after = { ...withPassword(record, hash), lastSignIn: { at: now.toISOString(), address } }
      return {
        records: [...(await endedSetupLinks(store, link.name, now)), adminChange(after)],
        action: {
          event: link.name === null ? 'first Owner set up' : 'password set',
          subject: record.name,
          before: link.name === null ? null : shown(record),
          after: shown(after),
        },
      }
    })
    return after
  }

  async function firstOwner(name: string, now: Date): Promise<AdminRecord | undefined> {
    return (await readAdmins(store)).length === 0 ? newAdmin(name, 'owner', 'setup link', now) : undefined
  }

  return {
    async openLink(token) {
      const link = await openSetupLink(store, token, clock.now())
      return link && { name: link.name }
    },
    useLink,
    async setPassword(name, password, by) {
      const known = await presentAdmin(name)
      const hash = await hashOf(name, password, known)
      let after = known
      await changeAsAdmin(context, by, async () => {
        const record = await presentAdmin(name)
        after = withPassword(record, hash)
        return {
          records: [adminChange(after)],
          action: { event: 'password set', subject: record.name, before: shown(record), after: shown(after) },
        }
      })
      return after
    },
    async isPassword(name, password) {
      const record = await presentAdmin(name)
      return record.password !== null && (await hashes.compare(password, record.password.hash))
    },
    async beginSecondFactor(name, by) {
      const secret = newTotpSecret()
      await changeAsAdmin(context, by, async () => {
        const record = await presentAdmin(name)
        if (record.totp?.isConfirmed)
          throw new ChangeRefused('There is a second factor already; remove it before another is set up.')
        return {
          records: [
            await sealed.seal(adminTotpKey(name), secret),
            adminChange({ ...record, totp: { isConfirmed: false, lastStep: 0 } }),
          ],
          action: { event: 'second factor begun', subject: record.name, before: null, after: null },
        }
      })
      return {
        uri: totpUri(secret, { issuer: `${config.organization} Rosterd`, label: name }),
        secret: groupedSecret(secret),
      }
    },
    async confirmSecondFactor(name, code, by) {
      return await changeAsAdmin(context, by, async () => {
        const record = await presentAdmin(name)
        if (record.totp === null || record.totp.isConfirmed) return undefined
        const lastStep = await adminTotpStep(context, record, code)
        if (lastStep === undefined) return undefined
        const after = { ...record, totp: { isConfirmed: true, lastStep } }
        return {
          records: [adminChange(after)],
          action: { event: 'second factor set up', subject: record.name, before: shown(record), after: shown(after) },
        }
      })
    },
  }

  async function presentAdmin(name: string): Promise<AdminRecord> {
    const record = await readAdmin(store, name)
    if (record === undefined) throw new ChangeRefused(`There is no administrator "${name}".`)
    return record
  }
}

/** The time step whose code this is; undefined when it is none, or not a later one than the last. Throws {@link MasterKeyError}. */
export async function adminTotpStep(
  { sealed, clock }: Pick<AdminContext, 'sealed' | 'clock'>,
  { name, totp }: AdminRecord,
  code: string,
): Promise<number | undefined> {
  const secret = await sealed.read(adminTotpKey(name))
  if (secret === undefined)
    throw new MasterKeyError(`the TOTP secret of the administrator ${name} is missing; reset it`)
  return totpStep(secret, code.replaceAll(/\s/g, ''), clock.now(), totp?.lastStep ?? 0)
}

/** Hashes, latest first. */
function lastPasswords({ password, previous }: AdminRecord): readonly string[] {
  return password === null ? previous : [password.hash, ...previous]
}
