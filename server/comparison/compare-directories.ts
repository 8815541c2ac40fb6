import { parentDn, parentKey } from '../protocol/distinguished-name.ts'
import { prepareString } from '../protocol/string-preparation.ts'
import {
  comparedAttributes,
  type ComparedAttribute,
  matchFields,
  type PersonMatchField,
} from './compared-attributes.ts'
import { type Match, type MatchField, matchOneToOne, type Matching } from './matching.ts'
import { type Member, type Membership, membershipOf } from './membership.ts'
import { type DirectorySide, foldText, type Group, type Person } from './people-and-groups.ts'

export interface Difference {
  readonly attribute: ComparedAttribute
  /** Of `members`: those who are in the group on this side only. */
  readonly there: readonly string[]
  readonly here: readonly string[]
}

export type RowStatus = 'same' | 'differs' | 'only there' | 'only here' | 'ambiguous'

export interface Row {
  readonly kind: 'person' | 'group'
  readonly status: RowStatus
  /** User name or cn here, else there. */
  readonly name: string
  /** By what it was matched; null without a match. */
  readonly matchedBy: string | null
  /** DNs. */
  readonly there: string | null
  readonly here: string | null
  readonly differences: readonly Difference[]
  /** Why it is ambiguous; null otherwise. */
  readonly reason: string | null
}

export type Counts = { readonly there: number; readonly here: number } & Readonly<Record<RowStatus, number>>

export interface Comparison {
  readonly people: Counts
  readonly groups: Counts
  /** How many people and groups differ in what. */
  readonly attributes: Readonly<Partial<Record<ComparedAttribute, number>>>
  readonly notes: readonly string[]
  readonly rows: readonly Row[]
}

export interface CompareOptions {
  /** The only field by which people are matched; undefined for entryUUID, then {@link matchFields} in turn. */
  readonly match: PersonMatchField | undefined
  /** Attributes that may differ. */
  readonly ignore: ReadonlySet<ComparedAttribute>
}

export interface ComparedDirectories {
  readonly comparison: Comparison
  readonly people: readonly Match<Person>[]
  readonly groups: readonly Match<Group>[]
}

/**
 * Compares another directory (`there`) with what is served (`here`), object by object. Values are compared by the matching rule of their
 * attribute: user names, group names and addresses without case (RFC 4517 caseIgnoreMatch), numbers as numbers, homeDirectory and
 * loginShell exactly, DNs as DNs, keys by type and octets. An attribute that nobody there has is not compared.
 */
export function compareDirectories(
  there: DirectorySide,
  here: DirectorySide,
  options: CompareOptions,
): ComparedDirectories {
  const people = matchPeople(there.people, here.people, options.match)
  const groups = matchOneToOne(there.groups, here.groups, groupFields)
  const absent = attributesNobodyHas(there)
  const memberships = { there: membershipOf(there), here: membershipOf(here) }
  const personDifferences = personComparison(there, here, absent)
  const groupDifferences = groupComparison(people, memberships)
  const ownGroups = groups.onlyHere.filter(isOwnGroup)

  const rows = [
    ...rowsOf('person', people, (person) => person.username ?? person.dn, personDifferences),
    ...rowsOf('group', groups, ({ cn }) => cn, groupDifferences).filter(
      ({ status, here: dn }) => status !== 'only here' || !ownGroups.some((group) => group.dn === dn),
    ),
  ]
  const attributes: Partial<Record<ComparedAttribute, number>> = {}
  for (const { differences } of rows)
    for (const { attribute } of differences) attributes[attribute] = (attributes[attribute] ?? 0) + 1
  const count = (kind: Row['kind'], side: 'people' | 'groups') =>
    counts(
      rows.filter((row) => row.kind === kind),
      there[side].length,
      here[side].length,
    )
  const notes = [
    ...absent.map((attribute) => `${attribute} of people: nobody there has it, so it is not compared.`),
    ...[...options.ignore].map((attribute) => `${attribute}: not compared, as asked for.`),
    ...notesOn(there, memberships.there),
    ...placeNotes(people.matches),
    ...ownGroups
      .filter((group) => group.sources.includes('rosterd:primary-group'))
      .map(({ cn }) => `${cn} is the primary group of this server (posix.primaryGroup), and is not there.`),
  ]
  return {
    comparison: { people: count('person', 'people'), groups: count('group', 'groups'), attributes, notes, rows },
    people: people.matches,
    groups: groups.matches,
  }

  function rowsOf<T extends { readonly dn: string }>(
    kind: Row['kind'],
    matching: Matching<T>,
    nameOf: (object: T) => string,
    differencesOf: (match: Match<T>) => readonly Difference[],
  ): readonly Row[] {
    const nothing = { kind, matchedBy: null, there: null, here: null, differences: [], reason: null }
    const matched = matching.matches.map((match): Row => {
      const differences = differencesOf(match).filter(({ attribute }) => !options.ignore.has(attribute))
      const [dns, status] = [
        { there: match.there.dn, here: match.here.dn },
        differences.length > 0 ? ('differs' as const) : ('same' as const),
      ]
      return { ...nothing, ...dns, status, name: nameOf(match.here), matchedBy: match.by, differences }
    })
    const alone = (side: 'there' | 'here', status: RowStatus, object: T, reason: string | null = null): Row => ({
      ...nothing,
      status,
      name: nameOf(object),
      [side]: object.dn,
      reason,
    })
    return [
      ...matched,
      ...Array.from(matching.ambiguousThere, ([object, reason]) => alone('there', 'ambiguous', object, reason)),
      ...Array.from(matching.ambiguousHere, ([object, reason]) => alone('here', 'ambiguous', object, reason)),
      ...matching.onlyThere.map((object) => alone('there', 'only there', object)),
      ...matching.onlyHere.map((object) => alone('here', 'only here', object)),
    ]
  }
}

/** Primary groups that this server makes itself, shared or private: they are no group of any provider. */
function isOwnGroup({ sources }: Group): boolean {
  return sources.some((source) => source.startsWith('rosterd:'))
}

const some = (value: string | undefined) => (value === undefined ? [] : [value])

/** The same entryUUID on both sides is the same object: a server that keeps the ids of the cloud has those that are served here. */
const byEntryUuid = { name: 'entryUUID', valuesOf: ({ entryUUID }: Person | Group) => some(entryUUID) }
const personFields: Readonly<Record<PersonMatchField, MatchField<Person>>> = {
  uid: { name: 'uid', valuesOf: ({ username }) => some(username).map(foldText) },
  mail: { name: 'mail', valuesOf: ({ mail }) => mail.map(foldText) },
  employeeNumber: { name: 'employeeNumber', valuesOf: ({ employeeNumber }) => some(employeeNumber).map(foldText) },
}
const groupFields: readonly MatchField<Group>[] = [
  byEntryUuid,
  { name: 'cn', valuesOf: ({ cn }) => [foldText(cn)] },
  { name: 'gidNumber', valuesOf: ({ gidNumber }) => some(gidNumber) },
]

function matchPeople(there: readonly Person[], here: readonly Person[], only: PersonMatchField | undefined) {
  if (only !== undefined) return matchOneToOne(there, here, [personFields[only]])
  const fields = [byEntryUuid, ...matchFields.map((field) => personFields[field])]
  // A user name or an address passes from one person to another, and with it would go the files of the former.
  return matchOneToOne(there, here, fields, (one, other, by) => {
    const [a, b] = [one.employeeNumber, other.employeeNumber]
    if (by === 'entryUUID' || a === undefined || b === undefined || foldText(a) === foldText(b)) return undefined
    return `the same ${by}, but employeeNumber ${a} there and ${b} here; --match ${by} takes them for the same person`
  })
}

interface ComparablePerson {
  readonly attribute: ComparedAttribute
  readonly valuesOf: (person: Person) => readonly string[]
  readonly fold: (value: string) => string
  /** Values here that are not there make no difference. */
  readonly mayBeMoreHere?: boolean
}

const exactly = (text: string) => prepareString(text, false)
const comparablePersonAttributes: readonly ComparablePerson[] = [
  { attribute: 'uid', valuesOf: ({ username }) => some(username), fold: foldText },
  { attribute: 'uidNumber', valuesOf: ({ uidNumber }) => some(uidNumber), fold: exactly },
  { attribute: 'gidNumber', valuesOf: ({ gidNumber }) => some(gidNumber), fold: exactly },
  { attribute: 'homeDirectory', valuesOf: ({ homeDirectory }) => some(homeDirectory), fold: exactly },
  { attribute: 'loginShell', valuesOf: ({ loginShell }) => some(loginShell), fold: exactly },
  { attribute: 'mail', valuesOf: ({ mail }) => mail, fold: foldText, mayBeMoreHere: true },
  { attribute: 'sshPublicKey', valuesOf: ({ sshPublicKey }) => sshPublicKey, fold: withoutComment },
]

/** An SSH public key without its comment; options before the key count. */
function withoutComment(line: string): string {
  return /^(?:.*?\s)?[\w@.-]+\s+AAAA[\w+/=]+/.exec(line.trim())?.[0].replace(/\s+/g, ' ') ?? line.trim()
}

function attributesNobodyHas({ people }: DirectorySide): readonly ComparedAttribute[] {
  if (people.length === 0) return []
  return comparablePersonAttributes
    .filter(({ attribute, valuesOf }) => attribute !== 'uid' && people.every((person) => valuesOf(person).length === 0))
    .map(({ attribute }) => attribute)
}

function personComparison(there: DirectorySide, here: DirectorySide, absent: readonly ComparedAttribute[]) {
  const compared = comparablePersonAttributes.filter(({ attribute }) => !absent.includes(attribute))
  const groupNames = { there: namesByNumber(there), here: namesByNumber(here) }
  const shown = (attribute: ComparedAttribute, side: 'there' | 'here', value: string) => {
    const name = attribute === 'gidNumber' ? groupNames[side].get(value) : undefined
    return name === undefined ? value : `${value} (${name})`
  }
  return (match: Match<Person>): readonly Difference[] => {
    const differences = compared.flatMap(({ attribute, valuesOf, fold, mayBeMoreHere }): readonly Difference[] => {
      const [a, b] = [new Set(valuesOf(match.there).map(fold)), new Set(valuesOf(match.here).map(fold))]
      if (mayBeMoreHere === true ? a.isSubsetOf(b) : a.symmetricDifference(b).size === 0) return []
      const values = (side: 'there' | 'here') => valuesOf(match[side]).map((value) => shown(attribute, side, value))
      return [{ attribute, there: values('there'), here: values('here') }]
    })
    return inOrder([...differences, ...dnDifference(match)])
  }
}

function dnDifference<T extends { readonly dn: string; readonly key: string }>({
  there,
  here,
}: Match<T>): readonly Difference[] {
  return there.key === here.key ? [] : [{ attribute: 'dn', there: [there.dn], here: [here.dn] }]
}

function inOrder(differences: readonly Difference[]): readonly Difference[] {
  const place = ({ attribute }: Difference) => comparedAttributes.indexOf(attribute)
  return differences.toSorted((a, b) => place(a) - place(b))
}

function namesByNumber({ groups }: DirectorySide): ReadonlyMap<string, string> {
  return new Map(groups.flatMap(({ gidNumber, cn }) => (gidNumber === undefined ? [] : [[gidNumber, cn] as const])))
}

function groupComparison(
  people: Matching<Person>,
  memberships: { readonly there: Membership; readonly here: Membership },
) {
  const hereOf = new Map(people.matches.map((match) => [match.there, match.here]))
  /** The same for the same member on both sides. */
  const identity = (member: Member): Member => (typeof member === 'string' ? member : (hereOf.get(member) ?? member))
  const identities = (members: ReadonlySet<Member> | undefined) => new Set(Array.from(members ?? [], identity))
  return (match: Match<Group>): readonly Difference[] => {
    const differences: Difference[] = []
    const { there, here } = match
    if (foldText(there.cn) !== foldText(here.cn))
      differences.push({ attribute: 'cn', there: [there.cn], here: [here.cn] })
    // A group without a number has none to take over: it is not one of the groups that hosts know.
    if (there.gidNumber !== undefined && there.gidNumber !== here.gidNumber)
      differences.push({ attribute: 'gidNumber', there: [there.gidNumber], here: some(here.gidNumber) })
    const missing = identities(memberships.there.listed.get(there)).difference(
      identities(memberships.here.effective.get(here)),
    )
    const added = identities(memberships.here.listed.get(here)).difference(
      identities(memberships.there.effective.get(there)),
    )
    if (missing.size + added.size > 0)
      differences.push({ attribute: 'members', there: memberNames(missing), here: memberNames(added) })
    return inOrder([...differences, ...dnDifference(match)])
  }
}

function memberNames(members: ReadonlySet<Member>): readonly string[] {
  return Array.from(members, (member) => (typeof member === 'string' ? member : (member.username ?? member.dn))).sort()
}

function counts(rows: readonly Row[], there: number, here: number): Counts {
  const count = (status: RowStatus) => rows.filter((row) => row.status === status).length
  return {
    there,
    here,
    same: count('same'),
    differs: count('differs'),
    'only there': count('only there'),
    'only here': count('only here'),
    ambiguous: count('ambiguous'),
  }
}

function notesOn({ dynamicGroups, computers }: DirectorySide, membership: Membership): readonly string[] {
  const { unknownDns, contradicted } = membership
  const notes: string[] = []
  if (dynamicGroups.length > 0)
    notes.push(`Left out: groups there that a search defines (groupOfURLs): ${few(dynamicGroups)}.`)
  if (computers > 0) notes.push(`Left out: accounts of machines there: ${computers}.`)
  if (unknownDns > 0) notes.push(`Left out: members there that are DNs of neither a person nor a group: ${unknownDns}.`)
  if (contradicted.length > 0)
    notes.push(
      `memberOf there names groups that do not list the person: ${few(contradicted.map(({ dn }) => dn))}. The members that groups list are compared.`,
    )
  return notes
}

/** Where people are in the tree, and by what they are named: one line in place of a difference for each. */
function placeNotes(matches: readonly Match<Person>[]): readonly string[] {
  const [there, here] = [commonest(matches.map((match) => match.there)), commonest(matches.map((match) => match.here))]
  if (there === undefined || here === undefined) return []
  const notes: string[] = []
  if (there.parentKey !== here.parentKey)
    notes.push(`People are below ${there.parent} there, and below ${here.parent} here.`)
  if (there.namedBy !== here.namedBy)
    notes.push(`The DN of a person begins with ${there.namedBy}= there, and with ${here.namedBy}= here.`)
  return notes
}

function commonest(people: readonly Person[]) {
  const places = [...Map.groupBy(people, ({ key, namedBy }) => `${namedBy}\0${parentKey(key)}`).values()]
  const largest = places.toSorted((a, b) => b.length - a.length)[0]?.[0]
  if (largest === undefined) return undefined
  return { namedBy: largest.namedBy, parent: parentDn(largest.dn), parentKey: parentKey(largest.key) }
}

function few(names: readonly string[]): string {
  const shown = names.slice(0, 3).join('; ')
  return names.length > 3 ? `${shown}; and ${names.length - 3} more` : shown
}
