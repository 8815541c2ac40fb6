import type { Json } from '../server/directory/directory-store.ts'

/*
 * Vendor-neutral people and groups as a provider has them. They are stored in the mirror as they are, so every type
 * here is a JSON value: "not there" is null, never undefined.
 */

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json }

/** Values a user name may be taken from, under the names the configuration uses (`naming.usernameAttribute`). */
export type UserNameCandidates = {
  readonly sAMAccountName: string | null
  readonly userPrincipalName: string | null
  readonly mail: string | null
  readonly login: string | null
}

/** Whether the provider lets the person sign in; `reason` is in the vendor's words, ready to be shown. */
export type SignIn = { readonly allowed: true } | { readonly allowed: false; readonly reason: string }

export type SourceUser = {
  /** Immutable id at the provider. */
  readonly id: string
  readonly names: UserNameCandidates
  readonly displayName: string | null
  readonly givenName: string | null
  readonly surname: string | null
  /** Primary address. */
  readonly mail: string | null
  /** Further addresses, without the primary one. */
  readonly aliases: readonly string[]
  readonly telephoneNumbers: readonly string[]
  readonly mobileNumbers: readonly string[]
  readonly title: string | null
  readonly department: string | null
  readonly employeeNumber: string | null
  readonly preferredLanguage: string | null
  /** Immutable id of another user of the same provider. */
  readonly managerId: string | null
  readonly signIn: SignIn
  readonly kind: 'member' | 'guest'
  /** ISO 8601. */
  readonly created: string | null
  /** ISO 8601: when password, or status of the account, last changed; null where that is not told. */
  readonly passwordChanged: string | null
  /** The provider's record as received. */
  readonly record: JsonObject
}

export type SourceGroup = {
  readonly id: string
  readonly name: string
  readonly description: string | null
  readonly mail: string | null
  /** Whether groups of this provider have addresses at all; where they have none, lacking one means nothing. */
  readonly canHaveMail: boolean
  /** The vendor's word for what kind of group it is. */
  readonly kind: string
  /** True for a group every user belongs to by definition; its members are read only when a rule names it. */
  readonly holdsEverybody: boolean
  /** False when the provider hides the members from us: the lists below are empty and say nothing. */
  readonly membersReadable: boolean
  readonly created: string | null
  /** Immutable ids of direct members, sorted. */
  readonly userIds: readonly string[]
  readonly groupIds: readonly string[]
  readonly record: JsonObject
}

export type SourceDomain = {
  /** Lower case. */
  readonly name: string
  readonly verified: boolean
}

/** An attribute value of an LDIF entry: text, or octets that are not UTF-8. */
export type SourceValue = string | { readonly base64: string }

/** An entry served verbatim. */
export type SourceEntry = {
  /** entryUUID, lower case. */
  readonly id: string
  /** As the file spells it. */
  readonly dn: string
  readonly attributes: readonly (readonly [attribute: string, values: readonly SourceValue[]])[]
  /** Values of userPassword as text, in order; one in clear text as a digest. */
  readonly passwords: readonly string[]
  /** Line of the file at which the entry begins, from 1. */
  readonly line: number
}

/** Everything a provider holds, complete. */
export type Snapshot =
  | {
      readonly kind: 'identities'
      readonly users: readonly SourceUser[]
      readonly groups: readonly SourceGroup[]
      readonly domains: readonly SourceDomain[]
    }
  | { readonly kind: 'entries'; readonly entries: readonly SourceEntry[] }
