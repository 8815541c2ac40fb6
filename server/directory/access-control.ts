import { normalizeDn, parentKey } from '../protocol/distinguished-name.ts'
import type { Filter } from '../protocol/filter.ts'
import { LdapError } from '../protocol/ldap-error.ts'
import { ResultCode } from '../protocol/result-code.ts'
import type { DirectoryView } from './directory-view.ts'
import { parentGroups } from './entry-values.ts'
import { compileFilter, True } from './filter-match.ts'
import { slotsOf } from './memory/value-index.ts'
import type { AttributeType, Schema } from './schema/schema.ts'
import { Syntax } from './schema/syntaxes.ts'

/** Who is bound to a connection (RFC 4513 §1.2). */
export type Identity =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'binder'; readonly name: string; readonly dn: string }
  | { readonly kind: 'user'; readonly entryUUID: string; readonly dn: string }

export const anonymous: Identity = { kind: 'anonymous' }

/** What a binder may see. */
export interface BinderRights {
  readonly name: string
  /** Everything, or what is below the subtrees (DN keys) and passes the filter. */
  readonly scope: 'tree' | { readonly subtrees: readonly string[]; readonly filter: Filter | undefined }
  /** Everything, or these attribute types; objectClass is always among them. */
  readonly attributes: '*' | readonly string[]
  /** May read NT hashes, over a protected connection. */
  readonly ntHash: boolean
  readonly mayNotSearch: boolean
}

/** Attribute types that a kind of identity may see on the entries it may see. One object per kind, so that plans can be kept by it. */
export interface AttributeAccess {
  allows(type: AttributeType): boolean
}

/**
 * What one identity may read and test in one view. Everything that is returned, filtered, compared, sorted or dereferenced asks
 * here: an unreadable entry does not exist, an unreadable attribute is Undefined in every assertion.
 */
export interface Access {
  readonly attributes: AttributeAccess
  canRead(slot: number): boolean
  /** Which values may be seen where the attribute may; undefined when all of them. */
  readonly values: ((type: AttributeType, octets: Buffer) => boolean) | undefined
}

/** How the client is reached. */
export interface Channel {
  /** TLS, or a loopback connection where passwords may go in the clear. */
  readonly isProtected: boolean
}

export interface AccessControl {
  /** Throws {@link LdapError} insufficientAccessRights for an identity that may not look at anything. */
  accessFor(identity: Identity, view: DirectoryView, channel: Channel): Access
}

/** What people may read: themselves and their groups, or everybody. */
export type UsersMayRead = 'self' | 'all'

/** What nobody reads of colleagues: of the passwords, of private life, and what administrators alone have a use for. */
const sensitive = [
  'pwdChangedTime',
  'mobile',
  'homePhone',
  'homePostalAddress',
  'carLicense',
  'employeeNumber',
  'rosterdSource',
]

/** `suffixKey` is the DN key of the directory's base entry. */
export function createAccessControl(
  schema: Schema,
  suffixKey: string,
  binders: { rights(name: string): BinderRights | undefined },
  usersMayRead: UsersMayRead = 'self',
): AccessControl {
  const common = attributesBut(schema, secrets)
  const ofColleagues = attributesBut(schema, [...secrets, ...sensitive])
  const servicesKey = `${suffixKey}${normalizeDn('ou=services')}`
  const isService = (view: DirectoryView, slot: number) => {
    const key = view.keyOf(slot)
    return key.startsWith(servicesKey) && key !== servicesKey
  }
  const attributesOf = new WeakMap<BinderRights, ReturnType<typeof binderAttributes>>()

  /** The base entry and the ou entries below it or at the top of `subtrees`: what clients of every kind take as search bases. */
  const isContainer = (view: DirectoryView, slot: number, subtrees: readonly string[] = []) => {
    const key = view.keyOf(slot)
    if (key === suffixKey) return true
    const parent = parentKey(key)
    return key.startsWith('ou=', parent.length) && (parent === suffixKey || subtrees.includes(key))
  }

  function binderAccess(name: string, view: DirectoryView, { isProtected }: Channel): Access {
    const rights = binders.rights(name)
    if (!rights || rights.mayNotSearch)
      throw new LdapError(ResultCode.insufficientAccessRights, 'this service account may not search')
    const known = attributesOf.get(rights) ?? binderAttributes(schema, rights)
    attributesOf.set(rights, known)
    const attributes = isProtected ? known.protected : known.unprotected
    const { scope } = rights
    if (scope === 'tree') return { attributes, canRead: (slot) => view.has(slot), values: undefined }
    const isInScope = scopeTest(view, scope)
    return restricted(view, attributes, (slot) => isInScope(slot) || isContainer(view, slot, scope.subtrees))
  }

  function accessFor(identity: Identity, view: DirectoryView, channel: Channel): Access {
    switch (identity.kind) {
      case 'binder':
        return binderAccess(identity.name, view, channel)
      case 'user': {
        const own = view.slotOfUuid(identity.entryUUID)
        if (usersMayRead === 'all' && own !== undefined && !isService(view, own))
          return restricted(view, ofColleagues, (slot) => view.has(slot) && (slot === own || !isService(view, slot)))
        const readable = new Set(own === undefined ? [] : [own, ...parentGroups(view, view.keyOf(own))])
        return restricted(view, common, (slot) => readable.has(slot) || isContainer(view, slot))
      }
      case 'anonymous':
        return restricted(view, common, (slot) => view.keyOf(slot) === suffixKey)
      default:
        return identity satisfies never
    }
  }
  return { accessFor }
}

/** For entries that everybody may read whole: root DSE and subschema (RFC 4513 §5.1). */
export const publicAccess: Access = { attributes: { allows: () => true }, canRead: () => true, values: undefined }

/** Attributes that nobody reads, but for the second with a grant of its own. */
const secrets = ['userPassword', 'sambaNTPassword']

function attributesBut(schema: Schema, names: readonly string[]): AttributeAccess {
  const hidden = new Set(names.map((name) => schema.attributeType(name)))
  return { allows: (type) => !hidden.has(type) }
}

/** One object each for protected and other connections. */
function binderAttributes(
  schema: Schema,
  { attributes, ntHash }: BinderRights,
): { protected: AttributeAccess; unprotected: AttributeAccess } {
  const unprotected = attributesBut(schema, secrets)
  const base = ntHash ? attributesBut(schema, ['userPassword']) : unprotected
  if (attributes === '*') return { protected: base, unprotected }
  const allowed = namedTypes(schema, ['objectClass', ...attributes])
  const only = (access: AttributeAccess): AttributeAccess => ({
    allows: (type) => allowed().has(type) && access.allows(type),
  })
  return { protected: only(base), unprotected: only(unprotected) }
}

/** The types of these names, subtypes included; looked up anew when the schema has learned some from entries. */
function namedTypes(schema: Schema, names: readonly string[]): () => ReadonlySet<AttributeType> {
  let found: { revision: number; types: ReadonlySet<AttributeType> } | undefined
  return () => {
    if (found?.revision !== schema.revision) {
      const types = names.flatMap((name) => schema.attributeType(name) ?? [])
      found = { revision: schema.revision, types: new Set(types.flatMap((type) => schema.withSubtypes(type))) }
    }
    return found.types
  }
}

function scopeTest(
  view: DirectoryView,
  { subtrees, filter }: Exclude<BinderRights['scope'], 'tree'>,
): (slot: number) => boolean {
  const matcher = filter && compileFilter(filter, view, publicAccess)
  return (slot) => {
    const key = view.keyOf(slot)
    return subtrees.some((subtree) => key.startsWith(subtree)) && (!matcher || matcher.test(slot) === True)
  }
}

/** Access to a part of the directory: names of entries outside it are not to be seen as values either. */
function restricted(view: DirectoryView, attributes: AttributeAccess, canRead: (slot: number) => boolean): Access {
  const uid = view.schema.attributeType('uid')
  const uids = uid && view.equality.get(uid)
  const values = (type: AttributeType, octets: Buffer): boolean => {
    if (type.name === 'subschemaSubentry') return true // names an entry that everybody may read
    if (type.name === 'memberUid')
      return slotsOf(uids?.get(uid?.equality?.comparison.prepare(octets) ?? '')).some(canRead)
    if (type.syntax !== Syntax.dn && type.syntax !== Syntax.nameAndOptionalUid) return true
    const target = view.slotOfKey(type.equality?.comparison.prepare(octets) ?? '')
    return target !== undefined && canRead(target)
  }
  return { attributes, canRead, values }
}
