import type { AttributeValue } from '../server/directory/entry.ts'
import type { SourceGroup } from './identity.ts'

export interface GroupFacts {
  readonly group: SourceGroup
  readonly name: string
  readonly gidNumber: number
  readonly sources: readonly string[]
}

export interface GroupReferences {
  /** DNs of members. */
  readonly members: readonly string[]
  /** User names of members. */
  readonly memberUids: readonly string[]
  /** DNs of groups that hold this one directly. */
  readonly parents: readonly string[]
}

/** Attributes of a group but its references. */
export function groupAttributes(facts: GroupFacts): Map<string, readonly AttributeValue[]> {
  const attributes = new Map<string, readonly AttributeValue[]>()
  attributes.set('objectClass', ['top', 'groupOfNames', 'posixGroup', 'rosterdGroup'])
  attributes.set('cn', [facts.name])
  attributes.set('displayName', [facts.group.name])
  if (facts.group.description !== null) attributes.set('description', [facts.group.description])
  if (facts.group.mail !== null) attributes.set('mail', [facts.group.mail])
  attributes.set('gidNumber', [String(facts.gidNumber)])
  attributes.set('rosterdSource', facts.sources)
  return attributes
}

/** A group of ours, shared or private. Its members are known by their gidNumber, so none are listed. */
export function primaryGroupAttributes(
  name: string,
  gidNumber: number,
  kind: 'primary-group' | 'private-group',
): Map<string, readonly AttributeValue[]> {
  return new Map([
    ['objectClass', ['top', 'groupOfNames', 'posixGroup', 'rosterdGroup']],
    ['cn', [name]],
    ['displayName', [name]],
    ['gidNumber', [String(gidNumber)]],
    ['rosterdSource', [`rosterd:${kind}`]],
  ])
}

/** Adds or replaces the references, each sorted so that equal membership gives an equal entry. */
export function setReferences(attributes: Map<string, readonly AttributeValue[]>, references: GroupReferences): void {
  const lists = { member: references.members, memberUid: references.memberUids, memberOf: references.parents }
  for (const [name, values] of Object.entries(lists)) {
    if (values.length === 0) attributes.delete(name)
    else attributes.set(name, [...new Set(values)].sort())
  }
}
