import { parentKey } from '../protocol/distinguished-name.ts'
import type { DirectoryView } from './directory-view.ts'
import { parentGroups } from './entry-values.ts'
import type { AttributeType, Schema } from './schema/schema.ts'

/** Who is bound to a connection (RFC 4513 §1.2). */
export type Identity =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'binder'; readonly name: string; readonly dn: string }
  | { readonly kind: 'user'; readonly entryUUID: string; readonly dn: string }

export const anonymous: Identity = { kind: 'anonymous' }

/** Attribute types that a kind of identity may see on the entries it may see. One object per kind, so that plans can be kept by it. */
export interface AttributeAccess {
  allows(type: AttributeType): boolean
}

/**
 * What one identity may read and test in one view. Everything that is returned, filtered, compared or sorted asks here: an
 * unreadable entry does not exist, an unreadable attribute is Undefined in every assertion (DESIGN §6).
 */
export interface Access {
  readonly attributes: AttributeAccess
  canRead(slot: number): boolean
}

export interface AccessControl {
  accessFor(identity: Identity, view: DirectoryView): Access
}

/** Never read by anybody: passwords are not attributes here, but a directory taken over verbatim may know such names. */
const secretNames = ['userPassword', 'sambaNTPassword']

/** `suffixKey` is the DN key of the directory's base entry. */
export function createAccessControl(schema: Schema, suffixKey: string): AccessControl {
  const secrets = new Set(secretNames.map((name) => schema.attributeType(name)))
  const allButSecrets: AttributeAccess = { allows: (type) => !secrets.has(type) }

  const isContainer = (view: DirectoryView, slot: number) => {
    const key = view.keys[slot] ?? ''
    return key === suffixKey || (parentKey(key) === suffixKey && key.startsWith('ou=', suffixKey.length))
  }

  function accessFor(identity: Identity, view: DirectoryView): Access {
    switch (identity.kind) {
      case 'binder':
        return { attributes: allButSecrets, canRead: (slot) => view.entries[slot] !== undefined }
      case 'user': {
        const own = view.slotByUuid.get(identity.entryUUID)
        const readable = new Set(own === undefined ? [] : [own, ...parentGroups(view, view.keys[own] ?? '')])
        return { attributes: allButSecrets, canRead: (slot) => readable.has(slot) || isContainer(view, slot) }
      }
      case 'anonymous':
        return { attributes: allButSecrets, canRead: (slot) => view.keys[slot] === suffixKey }
      default:
        return identity satisfies never
    }
  }
  return { accessFor }
}

/** For entries that everybody may read whole: root DSE and subschema (RFC 4513 §5.1, CLIENTS.md). */
export const publicAccess: Access = { attributes: { allows: () => true }, canRead: () => true }
