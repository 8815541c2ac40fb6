import { networkProblem } from '../../runtime/networks.ts'
import type { SignInUse } from '../authentication/activity-records.ts'
import { ChangeRefused } from './change-refused.ts'
import { appPasswordMac, appPasswordRecordId, newAppPassword } from './app-password-format.ts'
import { type AppPassword, type CredentialRecord, credentialChange } from './credential-records.ts'
import { type Actor, changeSignIn, credentialsOf, lastUsesOf, type SignInContext } from './sign-in-context.ts'
import { ascending } from '../../runtime/order.ts'

/** An app password as it may be shown. */
export type ListedAppPassword = Omit<AppPassword, 'kind' | 'mac'> & {
  readonly id: string
  /** null: never. */
  readonly lastUse: Pick<SignInUse, 'at' | 'address'> | null
}

export interface AppPasswordOptions {
  readonly name: string
  readonly expiresAt?: Date | undefined
  /** As in networks.ts; none: anywhere. */
  readonly networks?: readonly string[] | undefined
}

/** Passwords for one application each, made here. */
export interface AppPasswords {
  /** Gives the password, which is never to be seen again. Throws {@link ChangeRefused}. */
  add(
    entryUUID: string,
    options: AppPasswordOptions,
    by: Actor,
  ): Promise<{ readonly password: string; readonly added: ListedAppPassword }>
  /** Oldest first. */
  list(entryUUID: string): Promise<readonly ListedAppPassword[]>
  /** By its id. False when there is none. */
  revoke(entryUUID: string, id: string, by: Actor): Promise<boolean>
}

const mostForOnePerson = 20
const longestName = 64

export function createAppPasswords(context: SignInContext): AppPasswords {
  const { directory, macKeys, clock } = context

  async function add(entryUUID: string, options: AppPasswordOptions, by: Actor) {
    const name = options.name.trim()
    const { expiresAt, networks = [] } = options
    if (name === '' || name.length > longestName || /[\p{Cc}\p{Cf}]/u.test(name))
      throw new ChangeRefused(
        `${JSON.stringify(name)} cannot be the name of an app password: use 1 to ${longestName} visible characters`,
      )
    for (const network of networks) {
      const problem = networkProblem(network)
      if (problem !== undefined) throw new ChangeRefused(`"${network}" ${problem}`)
    }
    if (expiresAt !== undefined && expiresAt <= clock.now())
      throw new ChangeRefused(`the app password would have expired ${expiresAt.toISOString()}; name a time to come`)
    const generated = newAppPassword()
    const key = await macKeys.get('app-password')
    const record: AppPassword = {
      kind: 'app',
      name,
      mac: appPasswordMac(key, generated).toString('base64'),
      createdAt: clock.now().toISOString(),
      expiresAt: expiresAt?.toISOString() ?? null,
      networks,
    }
    await changeSignIn(context, entryUUID, by, async () => {
      const others = await list(entryUUID)
      if (others.length >= mostForOnePerson)
        throw new ChangeRefused(
          `there are ${mostForOnePerson} app passwords already; revoke one that is not used any more`,
        )
      if (others.some((other) => other.name === name))
        throw new ChangeRefused(`there is an app password "${name}" already; revoke it, or use another name`)
      return {
        records: [credentialChange(entryUUID, appPasswordRecordId(generated), record)],
        event: 'app password added',
        details: { appPassword: generated.id, name },
      }
    })
    return { password: generated.text, added: listed(appPasswordRecordId(generated), record, []) }
  }

  async function list(entryUUID: string): Promise<readonly ListedAppPassword[]> {
    const { store } = directory
    return listAppPasswords(await credentialsOf(store, entryUUID), await lastUsesOf(store, entryUUID))
  }

  function revoke(entryUUID: string, id: string, by: Actor): Promise<boolean> {
    return changeSignIn(context, entryUUID, by, async () => {
      const recordId = appPasswordRecordId({ id })
      const record = (await credentialsOf(directory.store, entryUUID)).get(recordId)
      if (record?.kind !== 'app') return undefined
      return {
        records: [credentialChange(entryUUID, recordId, undefined)],
        event: 'app password revoked',
        details: { appPassword: id, name: record.name },
      }
    })
  }

  return { add, list, revoke }
}

/** The app passwords among somebody's credentials, oldest first; `uses` are the person's, latest first. */
export function listAppPasswords(
  credentials: ReadonlyMap<string, CredentialRecord>,
  uses: readonly SignInUse[],
): readonly ListedAppPassword[] {
  return [...credentials]
    .flatMap(([id, record]) => (record.kind === 'app' ? [listed(id, record, uses)] : []))
    .sort(ascending(({ createdAt }) => createdAt))
}

function listed(
  recordId: string,
  { kind: _kind, mac: _mac, ...shown }: AppPassword,
  uses: readonly SignInUse[],
): ListedAppPassword {
  const last = uses.find(({ credential }) => credential === recordId)
  const id = recordId.slice(recordId.indexOf(':') + 1)
  return { id, ...shown, lastUse: last === undefined ? null : { at: last.at, address: last.address } }
}
