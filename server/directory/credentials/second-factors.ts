import { MasterKeyError } from '../../runtime/master-key.ts'
import type { RecordChange } from '../directory-store.ts'
import { ChangeRefused } from './change-refused.ts'
import { credentialChange, type TotpFactor } from './credential-records.ts'
import { newRecoveryCodes, readRecoveryCode, recoveryCodeMac, withoutRecoveryCode } from './recovery-codes.ts'
import { type Actor, changeSignIn, credentialsOf, type SignInChange, type SignInContext } from './sign-in-context.ts'
import { groupedSecret, newTotpSecret, totpStep, totpUri } from './totp.ts'

/** What is shown once to whoever sets up an authenticator app. */
export interface TotpSetup {
  readonly uri: string
  /** In groups of four, for those who cannot scan. */
  readonly secret: string
}

/** TOTP and recovery codes of people. */
export interface SecondFactors {
  /** A new secret, not asked for before a code of it was confirmed. Throws when a confirmed one is there. */
  begin(entryUUID: string, by: Actor): Promise<TotpSetup>
  /** Recovery codes, never to be seen again; undefined when the code is wrong or nothing was begun. */
  confirm(entryUUID: string, code: string, by: Actor): Promise<readonly string[] | undefined>
  /** False when there was none. */
  remove(entryUUID: string, by: Actor): Promise<boolean>
  /** New recovery codes; the old ones end. undefined without a confirmed second factor. */
  renewRecoveryCodes(entryUUID: string, by: Actor): Promise<readonly string[] | undefined>
  /** Takes a code of the app or a recovery code; true once for each, and only when that is durable. */
  redeem(entryUUID: string, code: string): Promise<boolean>
}

const id = 'totp'

export function createSecondFactors(context: SignInContext): SecondFactors {
  const { directory, sealed, macKeys, clock, config } = context

  async function factorOf(entryUUID: string): Promise<TotpFactor | undefined> {
    const record = (await credentialsOf(directory.store, entryUUID)).get(id)
    return record?.kind === 'totp' ? record : undefined
  }

  async function begin(entryUUID: string, by: Actor): Promise<TotpSetup> {
    const secret = newTotpSecret()
    await changeSignIn(context, entryUUID, by, async () => {
      if ((await factorOf(entryUUID))?.isConfirmed)
        throw new ChangeRefused('there is a second factor already; remove it before another is set up')
      return {
        records: [
          credentialChange(entryUUID, id, { kind: 'totp', isConfirmed: false, lastStep: 0, recoveryCodes: [] }),
          await sealed.seal(totpKey(entryUUID), secret),
        ],
        event: 'second factor begun',
      }
    })
    const uid = directory.entryByUuid(entryUUID)?.attributes.get('uid')?.[0]
    const label = typeof uid === 'string' ? uid : entryUUID
    return { uri: totpUri(secret, { issuer: config.organization, label }), secret: groupedSecret(secret) }
  }

  async function confirm(entryUUID: string, code: string, by: Actor): Promise<readonly string[] | undefined> {
    const codes = newRecoveryCodes()
    const recoveryCodes = await macsOf(codes)
    const isConfirmed = await changeSignIn(context, entryUUID, by, async () => {
      const factor = await factorOf(entryUUID)
      if (factor === undefined || factor.isConfirmed) return undefined
      const lastStep = await stepOf(entryUUID, code, factor)
      if (lastStep === undefined) return undefined
      const confirmed = { ...factor, isConfirmed: true, lastStep, recoveryCodes }
      return { records: [credentialChange(entryUUID, id, confirmed)], event: 'second factor confirmed' }
    })
    return isConfirmed ? codes : undefined
  }

  function remove(entryUUID: string, by: Actor): Promise<boolean> {
    return changeSignIn(context, entryUUID, by, async () =>
      (await factorOf(entryUUID)) === undefined
        ? undefined
        : { records: removedTotp(entryUUID), event: 'second factor removed' },
    )
  }

  async function renewRecoveryCodes(entryUUID: string, by: Actor): Promise<readonly string[] | undefined> {
    const codes = newRecoveryCodes()
    const recoveryCodes = await macsOf(codes)
    const isRenewed = await changeSignIn(context, entryUUID, by, async () => {
      const factor = await factorOf(entryUUID)
      if (!factor?.isConfirmed) return undefined
      return {
        records: [credentialChange(entryUUID, id, { ...factor, recoveryCodes })],
        event: 'recovery codes renewed',
      }
    })
    return isRenewed ? codes : undefined
  }

  async function redeem(entryUUID: string, code: string): Promise<boolean> {
    const recoveryCode = readRecoveryCode(code)
    const mac = recoveryCode && recoveryCodeMac(await macKeys.get('recovery-code'), recoveryCode)
    return await changeSignIn(context, entryUUID, { kind: 'user', id: entryUUID }, async () => {
      const factor = await factorOf(entryUUID)
      if (!factor?.isConfirmed) return undefined
      if (mac !== undefined) return afterRecovery(entryUUID, factor, mac)
      const lastStep = await stepOf(entryUUID, code, factor)
      return lastStep === undefined
        ? undefined
        : { records: [credentialChange(entryUUID, id, { ...factor, lastStep })] }
    })
  }

  async function stepOf(entryUUID: string, code: string, { lastStep }: TotpFactor): Promise<number | undefined> {
    const secret = await sealed.read(totpKey(entryUUID))
    if (secret === undefined) throw new MasterKeyError(`the TOTP secret of ${entryUUID} is missing; set it up anew`)
    return totpStep(secret, code.trim(), clock.now(), lastStep)
  }

  async function macsOf(codes: readonly string[]): Promise<readonly string[]> {
    const key = await macKeys.get('recovery-code')
    return codes.map((code) => recoveryCodeMac(key, code))
  }

  return { begin, confirm, remove, renewRecoveryCodes, redeem }
}

function afterRecovery(entryUUID: string, factor: TotpFactor, mac: string): SignInChange | undefined {
  const recoveryCodes = withoutRecoveryCode(factor.recoveryCodes, mac)
  if (recoveryCodes === undefined) return undefined
  return {
    records: [credentialChange(entryUUID, id, { ...factor, recoveryCodes })],
    event: 'recovery code used',
    details: { left: recoveryCodes.length },
  }
}

/** Removes the second factor of somebody who may have one. */
export function removedTotp(entryUUID: string): readonly RecordChange[] {
  return [
    credentialChange(entryUUID, id, undefined),
    { collection: 'sealed', key: totpKey(entryUUID), value: undefined },
  ]
}

/** Key of the sealed secret. */
export function totpKey(entryUUID: string): readonly string[] {
  return ['totp', entryUUID]
}
