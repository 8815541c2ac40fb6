import type { AttributeValue } from '../server/directory/entry.ts'
import type { Config } from '../server/runtime/config-schema.ts'
import { displayNameOf, posixHome } from './attribute-mapping.ts'
import type { SourceUser } from './identity.ts'
import { transliterate } from './user-names.ts'

/** Everything a person's entry is made of, but DN and times. */
export interface PersonFacts {
  readonly user: SourceUser
  readonly username: string
  readonly uidNumber: number
  readonly gidNumber: number
  readonly posix: Config['posix']
  readonly active: boolean
  /** DN of the manager when served. */
  readonly managerDn: string | undefined
  readonly mapped: ReadonlyMap<string, readonly string[]>
  /** `<provider id>:<immutable id>`, the winning source first. */
  readonly sources: readonly string[]
  /** Attributes people keep here themselves, such as sshPublicKey. */
  readonly local: ReadonlyMap<string, readonly AttributeValue[]>
}

const personClasses = [
  'top',
  'person',
  'organizationalPerson',
  'inetOrgPerson',
  'posixAccount',
  'shadowAccount',
  'ldapPublicKey',
  'rosterdPerson',
]

/** Attributes that are not synced but kept by people themselves; a sync leaves them as they are. */
export const localAttributes: readonly string[] = ['sshPublicKey', 'pwdChangedTime']

const noLoginShell = '/usr/sbin/nologin'
/** Bits of userAccountControl: NORMAL_ACCOUNT, and with ACCOUNTDISABLE. */
const accountEnabled = '512'
const accountDisabled = '514'

/** Attributes of a person, in the order they are served. */
export function personAttributes(facts: PersonFacts): Map<string, readonly AttributeValue[]> {
  const { user, username, mapped, active } = facts
  const attributes = new Map<string, readonly AttributeValue[]>()
  const displayName = mapped.get('displayName')?.[0] ?? displayNameOf(user, username)
  const set = (name: string, ...values: readonly (string | null | undefined)[]) => {
    const present = [...new Set(values.filter((value) => value !== null && value !== undefined && value !== ''))]
    const own = mapped.get(name) ?? (present as readonly string[])
    if (own.length > 0) attributes.set(name, own)
  }

  attributes.set('objectClass', personClasses)
  attributes.set('uid', [username])
  attributes.set('cn', [displayName])
  set('sn', user.surname ?? lastWord(displayName))
  set('givenName', user.givenName)
  set('displayName', displayName)
  set('mail', user.mail, ...withoutCaseOf(user.mail, user.aliases))
  set('telephoneNumber', ...user.telephoneNumbers)
  set('mobile', ...user.mobileNumbers)
  set('title', user.title)
  set('departmentNumber', user.department)
  set('employeeNumber', user.employeeNumber)
  set('preferredLanguage', user.preferredLanguage)
  set('manager', facts.managerDn)
  attributes.set('uidNumber', [String(facts.uidNumber)])
  attributes.set('gidNumber', [String(facts.gidNumber)])
  set('homeDirectory', posixHome(facts.posix, username))
  set('loginShell', facts.posix.loginShell)
  attributes.set('gecos', [gecos(displayName, username)])
  set('sAMAccountName', user.names.sAMAccountName ?? username)
  set('userPrincipalName', user.names.userPrincipalName ?? user.names.login ?? user.names.mail)
  attributes.set('userAccountControl', [active ? accountEnabled : accountDisabled])
  for (const [name, values] of mapped)
    if (name !== 'uidNumber' && name !== 'gidNumber' && !attributes.has(name)) attributes.set(name, values)
  for (const [name, values] of facts.local) if (!attributes.has(name)) attributes.set(name, values)
  if (!active) {
    attributes.set('loginShell', [noLoginShell])
    attributes.set('shadowExpire', ['1'])
    attributes.delete('sshPublicKey')
  }
  attributes.set('rosterdSource', facts.sources)
  return attributes
}

function withoutCaseOf(primary: string | null, aliases: readonly string[]): readonly string[] {
  return aliases.filter((alias) => alias.toLowerCase() !== primary?.toLowerCase())
}

function lastWord(text: string): string {
  return text.trim().split(/\s+/u).at(-1) ?? text
}

/** ASCII (RFC 2307 §3: IA5 string), without the separators of passwd lines. */
function gecos(displayName: string, username: string): string {
  const ascii = transliterate(displayName)
    .replace(/[^\x20-\x7e]/g, '')
    .replace(/[:,=]/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  return ascii === '' ? username : ascii
}
