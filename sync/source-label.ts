import type { SourceGroup, SourceUser } from './identity.ts'
import type { IdentityKind } from './ledgers.ts'

/** What lists call a source: its name at the provider, which is `otherwise` where none is known, and what they show beside it. */
export function sourceLabel(kind: IdentityKind, source: SourceUser | SourceGroup | undefined, otherwise: string) {
  if (source === undefined) return { name: otherwise, displayName: '', mail: '', users: 0 }
  const mail = source.mail ?? ''
  if (kind === 'group' && 'userIds' in source)
    return { name: source.name, displayName: source.name, mail, users: source.userIds.length }
  if (!('names' in source)) return { name: otherwise, displayName: '', mail, users: 0 }
  const { userPrincipalName, login, sAMAccountName } = source.names
  return {
    name: userPrincipalName ?? login ?? sAMAccountName ?? (mail === '' ? otherwise : mail),
    displayName: source.displayName ?? '',
    mail,
    users: 0,
  }
}
