import { canonicalNamingType, dnKey, DnSyntaxError, normalizeDn, parseDn } from '../protocol/distinguished-name.ts'
import { prepareString } from '../protocol/string-preparation.ts'
import type { PlainEntry } from './plain-entry.ts'

export interface Person {
  readonly dn: string
  /** DN in comparable form. */
  readonly key: string
  /** Attribute type of the RDN. */
  readonly namedBy: string
  /** uid, else sAMAccountName; undefined where the entry has neither. */
  readonly username: string | undefined
  readonly entryUUID: string | undefined
  readonly mail: readonly string[]
  readonly employeeNumber: string | undefined
  readonly uidNumber: string | undefined
  readonly gidNumber: string | undefined
  readonly homeDirectory: string | undefined
  readonly loginShell: string | undefined
  readonly sshPublicKey: readonly string[]
  /** Comparable DNs. */
  readonly memberOf: readonly string[]
  /** rosterdSource; empty for other servers. */
  readonly sources: readonly string[]
}

export interface Group {
  readonly dn: string
  readonly key: string
  readonly cn: string
  readonly entryUUID: string | undefined
  readonly gidNumber: string | undefined
  /** Comparable DNs of member and uniqueMember. */
  readonly memberKeys: readonly string[]
  readonly memberUids: readonly string[]
  readonly sources: readonly string[]
}

/** What one of the two servers holds. */
export interface DirectorySide {
  readonly people: readonly Person[]
  readonly groups: readonly Group[]
  /** Groups that a search defines (groupOfURLs), by DN: their members cannot be told. */
  readonly dynamicGroups: readonly string[]
  /** Accounts of machines. */
  readonly computers: number
}

const personClasses = ['posixAccount', 'inetOrgPerson', 'organizationalPerson', 'person', 'user']
const groupClasses = ['posixGroup', 'groupOfNames', 'groupOfUniqueNames', 'groupOfMembers', 'group']
const dynamicGroupClass = 'groupOfURLs'

/** Object classes of what is compared, and of what is at least told. */
export const comparedClasses: readonly string[] = [...personClasses, ...groupClasses, dynamicGroupClass]

/** The people and groups among entries, whichever of the usual schemas they follow; other entries play no part. */
export function peopleAndGroups(entries: Iterable<PlainEntry>): DirectorySide {
  const people: Person[] = []
  const groups: Group[] = []
  const dynamicGroups: string[] = []
  let computers = 0
  for (const entry of entries) {
    const classes = new Set((entry.attributes.get('objectclass') ?? []).map((name) => name.trim().toLowerCase()))
    const isOneOf = (names: readonly string[]) => names.some((name) => classes.has(name.toLowerCase()))
    if (isOneOf(groupClasses)) groups.push(groupOf(entry))
    else if (classes.has(dynamicGroupClass.toLowerCase())) dynamicGroups.push(entry.dn)
    else if (classes.has('computer') || isMachine(entry)) computers += 1
    else if (isOneOf(personClasses)) people.push(personOf(entry))
  }
  return { people, groups, dynamicGroups, computers }
}

/** Samba and Active Directory name accounts of machines like `host$`. */
function isMachine({ attributes }: PlainEntry): boolean {
  const [name] = attributes.get('uid') ?? attributes.get('samaccountname') ?? []
  return name?.endsWith('$') ?? false
}

function personOf(entry: PlainEntry): Person {
  const { dn, attributes } = entry
  const first = (type: string) => attributes.get(type)?.[0]
  const naming = namingOf(dn)
  return {
    dn,
    key: naming.key,
    namedBy: naming.type,
    username: (naming.type === 'uid' ? naming.value : undefined) ?? first('uid') ?? first('samaccountname'),
    entryUUID: first('entryuuid')?.toLowerCase(),
    mail: attributes.get('mail') ?? [],
    employeeNumber: first('employeenumber'),
    uidNumber: number(first('uidnumber')),
    gidNumber: number(first('gidnumber')),
    homeDirectory: first('homedirectory'),
    loginShell: first('loginshell'),
    sshPublicKey: attributes.get('sshpublickey') ?? [],
    memberOf: (attributes.get('memberof') ?? []).map(comparableDn),
    sources: attributes.get('rosterdsource') ?? [],
  }
}

function groupOf({ dn, attributes }: PlainEntry): Group {
  const { key, type, value } = namingOf(dn)
  const references = [...(attributes.get('member') ?? []), ...(attributes.get('uniquemember') ?? []).map(withoutBits)]
  return {
    dn,
    key,
    cn: (type === 'cn' ? value : undefined) ?? attributes.get('cn')?.[0] ?? dn,
    entryUUID: attributes.get('entryuuid')?.[0]?.toLowerCase(),
    gidNumber: number(attributes.get('gidnumber')?.[0]),
    memberKeys: references.map(comparableDn),
    memberUids: attributes.get('memberuid') ?? [],
    sources: attributes.get('rosterdsource') ?? [],
  }
}

/** caseIgnoreMatch (RFC 4517 §4.2.11). */
export function foldText(text: string): string {
  return prepareString(text, true)
}

/** Throws an Error that names the DN when it is not one. */
function namingOf(text: string): { key: string; type: string; value: string | undefined } {
  const dn = parseDn(text)
  const naming = dn[0]?.[0]
  const value = typeof naming?.value === 'string' && dn[0]?.length === 1 ? naming.value : undefined
  return { key: dnKey(dn), type: canonicalNamingType(naming?.type ?? ''), value }
}

/** Values of member attributes that are no DNs stay as they are: nobody answers to them. */
function comparableDn(text: string): string {
  try {
    return normalizeDn(text)
  } catch (error) {
    if (error instanceof DnSyntaxError) return text
    throw error
  }
}

/** The optional bit string behind the DN of a uniqueMember (RFC 4517 §3.3.21). */
function withoutBits(value: string): string {
  return value.replace(/#'[01]*'B$/, '')
}

/** integerMatch: without leading zeros. */
function number(text: string | undefined): string | undefined {
  return text === undefined ? undefined : text.trim().replace(/^0+(?=\d)/, '')
}
