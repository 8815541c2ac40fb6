import type { RecordReader } from '../../server/directory/directory-store.ts'
import type { CloudProviderConfig, Config } from '../../server/runtime/config-schema.ts'
import { wantedGroupName } from '../group-names.ts'
import type { SourceGroup, SourceUser } from '../identity.ts'
import { type IdentityKind, identityKey, type Ledgers, trusted } from '../ledgers.ts'
import { userNameRule, wantedUserName } from '../user-names.ts'
import { foldMatch, type MatchField } from './reservations.ts'

/** Somebody a provider holds, as files of ids and other tenants may know them. */
export interface SourcePerson {
  /** Identity key. */
  readonly key: string
  readonly id: string
  readonly kind: IdentityKind
  /** Values by field, folded; a field without a value is missing. */
  readonly values: ReadonlyMap<MatchField, string>
}

/** Everybody and every group in the mirror of a provider; undefined when it was never read. */
export async function sourcePeople(
  store: RecordReader,
  provider: string,
  tenant: string,
  settings: { readonly naming: Config['naming']; readonly provider: CloudProviderConfig | undefined },
  ledgers: Ledgers,
): Promise<readonly SourcePerson[] | undefined> {
  if ((await store.get('cursor', [provider])) === undefined) return undefined
  const heldNames = { user: namesByHolder(ledgers, 'user'), group: namesByHolder(ledgers, 'group') }
  const people: SourcePerson[] = []
  for await (const { value } of store.list('mirror', [provider, 'user'])) {
    const user = trusted<SourceUser>(value)
    const key = identityKey(tenant, user.id)
    const wished = settings.provider && wantedUserName(user, userNameRule(settings.naming, settings.provider))
    const name = heldNames.user.get(key) ?? wished
    people.push(person(key, user.id, 'user', { username: name, mail: user.mail, employeeId: user.employeeNumber }))
  }
  for await (const { value } of store.list('mirror', [provider, 'group'])) {
    const group = trusted<SourceGroup>(value)
    const key = identityKey(tenant, group.id)
    const name = heldNames.group.get(key) ?? wantedGroupName(group.name)
    people.push(person(key, group.id, 'group', { username: name, mail: group.mail, employeeId: null }))
  }
  return people
}

function person(
  key: string,
  id: string,
  kind: IdentityKind,
  fields: Readonly<Record<MatchField, string | null | undefined>>,
): SourcePerson {
  const values = new Map<MatchField, string>()
  for (const by of ['username', 'mail', 'employeeId'] as const) {
    const value = fields[by]
    if (value !== null && value !== undefined) values.set(by, foldMatch(by, value))
  }
  return { key, id, kind, values }
}

/** Names as they were wished: a suffix is no part of who somebody is. */
function namesByHolder({ names }: Ledgers, kind: IdentityKind): ReadonlyMap<string, string> {
  return new Map([...names[kind]].filter(([, { freed }]) => freed === null).map(([, r]) => [r.holder, r.base]))
}
