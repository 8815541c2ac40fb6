import { type Access, type Channel, publicAccess } from '../directory/access-control.ts'
import type { DirectoryView } from '../directory/directory-view.ts'
import { subschemaDn } from '../directory/entry-layout.ts'
import { parseName } from '../directory/search.ts'
import { LdapError } from '../protocol/ldap-error.ts'
import type { Scope } from '../protocol/request-decoder.ts'
import { ResultCode } from '../protocol/result-code.ts'
import type { LdapServices } from './services.ts'
import type { Session } from './session.ts'

const subschemaKey = parseName(subschemaDn)

/**
 * Where an operation looks: the root DSE for a base search of the empty DN, the subschema entry for its name, else the
 * directory as the session may see it. Throws {@link LdapError} invalidDNSyntax, or unavailable until every provider has been
 * read once: an empty or half answer would tell clients that people are gone.
 */
export function selectView(
  services: LdapServices,
  session: Session,
  name: string,
  scope: Scope,
): { view: DirectoryView; access: Access } {
  if (name === '' && scope === 'baseObject') return { view: services.rootDse, access: publicAccess }
  if (isSubschema(name)) return { view: services.subschema(), access: publicAccess }
  const { view, isFilled } = services.directory
  if (!isFilled) throw new LdapError(ResultCode.unavailable, 'the directory has not been filled yet')
  return { view, access: services.accessControl.accessFor(session.identity, view, channelOf(services, session)) }
}

function channelOf({ allowCleartextBind }: LdapServices, session: Session): Channel {
  return { isProtected: session.isSecure || (session.isLoopback && allowCleartextBind !== 'never') }
}

function isSubschema(name: string): boolean {
  // Reading a long name takes time, and it is read again where it is looked for.
  if (name.length > 256 && !/subschema/i.test(name)) return false
  return parseName(name) === subschemaKey
}
