import { entryRefusal } from '../../server/directory/authentication/account-status.ts'
import { activeBlock, readAccount } from '../../server/directory/credentials/credential-records.ts'
import type { RecordReader } from '../../server/directory/directory-store.ts'
import type { Config } from '../../server/runtime/config-schema.ts'
import { authenticationSource } from '../authentication-source.ts'
import type { CurrentDirectory } from '../desired-input.ts'
import { textValuesOf } from '../file-entries.ts'
import type { SourceUser } from '../identity.ts'
import type { IdentityProvider } from '../identity-provider.ts'
import { trusted } from '../ledgers.ts'
import { readCursor } from '../mirror.ts'
import { servedSources } from '../person-sources.ts'

/** The provider that checks somebody's password, or why none does. */
export type PasswordSource =
  | {
      readonly type: 'provider'
      readonly provider: IdentityProvider
      /** As the mirror has the person. */
      readonly user: SourceUser
    }
  /** Whatever the password: nobody signs in as this person. */
  | { readonly type: 'refused'; readonly reason: string }
  /** No provider may be asked; passwords of another kind may do. */
  | { readonly type: 'none'; readonly reason: string }

export interface PasswordSourceParts {
  readonly directory: Pick<CurrentDirectory, 'entryByUuid'> & { readonly store: RecordReader }
  readonly config: Pick<Config, 'providers'>
  readonly providers: readonly IdentityProvider[]
}

const dayMs = 86_400_000

/** Whom to ask about a person's password now. */
export async function passwordSource(
  entryUUID: string,
  { directory, config, providers }: PasswordSourceParts,
  now: Date,
): Promise<PasswordSource> {
  const { store } = directory
  const entry = directory.entryByUuid(entryUUID)
  if (entry === undefined) return none('the entry is gone')
  const account = readAccount(await store.get('account', [entryUUID]))
  const refusal = entryRefusal((name) => textValuesOf(entry.attributes, name)[0], now)
  if (refusal !== undefined) return refused(refusal)
  if (activeBlock(account, now) !== undefined) return refused('sign-in is blocked here')
  if (account?.passThrough === 'never') return none('pass-through sign-in is switched off for the person')
  const sources = await servedSources(entry, { store, providers })
  if (sources.length === 0) return none('no cloud provider has the person')
  const chosen = authenticationSource(sources)
  if (!chosen.allowed) return refused(chosen.reason)

  const provider = providers.find(({ id }) => id === chosen.provider)
  const settings = config.providers.find(({ id }) => id === chosen.provider)
  if (provider?.checkPassword === undefined || settings === undefined || settings.type === 'ldif')
    return none(`${chosen.provider} checks no passwords`)
  if (!settings.passThroughBind) return none(`passThroughBind of ${chosen.provider} is off`)
  const user = await store.get('mirror', [provider.id, 'user', chosen.id])
  const cursor = await readCursor(store, provider)
  if (user === undefined || cursor === undefined) return refused(`${provider.id} has not been read yet`)
  const days = settings.denyPassThroughAfterDays
  if (days !== null && now.getTime() - Date.parse(cursor.lastRun) > days * dayMs)
    return refused(`${provider.id} was last read ${cursor.lastRun}, too long ago to sign in (denyPassThroughAfterDays)`)
  const person = trusted<SourceUser>(user)
  if (person.kind === 'guest') return refused(`${provider.id}: guests sign in at their own organization`)
  return { type: 'provider', provider, user: person }
}

function refused(reason: string): PasswordSource {
  return { type: 'refused', reason }
}

function none(reason: string): PasswordSource {
  return { type: 'none', reason }
}
