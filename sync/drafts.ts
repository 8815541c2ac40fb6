import type { Config } from '../server/runtime/config-schema.ts'
import type { Candidate } from './candidates.ts'
import { groupDn, personDn } from './container-entries.ts'
import type { CurrentDirectory, Holds } from './desired-input.ts'
import { type TakenByFiles, textValuesOf } from './file-entries.ts'
import { maxGroupNameLength } from './group-names.ts'
import type { IdentityKind, Ledgers } from './ledgers.ts'
import { isUuid, nameBasedUuid } from './name-based-uuid.ts'
import {
  grantNames,
  type NameClaim,
  type NameGrant,
  type NameGrants,
  type NameRecord,
  reusableBefore,
} from './name-claims.ts'
import { reservedNumbers } from './identities/reservations.ts'
import { assignNumbers, type NumberClaim } from './posix-ids.ts'
import { sharedGroupName } from './primary-groups.ts'
import { foldName, reservedNames } from './reserved-names.ts'
import { maxUserNameLength } from './user-names.ts'

/** A person or group that gets an entry, with its name and ids. */
export interface Draft {
  readonly candidate: Candidate
  readonly entryUUID: string
  readonly name: string
  /** uidNumber or gidNumber. */
  readonly number: number
  readonly dn: string
}

export interface Drafts {
  readonly drafts: readonly Draft[]
  /** gidNumber and entryUUID of the shared primary group. */
  readonly primaryGroup: { readonly number: number; readonly entryUUID: string }
  /** What became of each wish for a name. */
  readonly outcomes: readonly { readonly candidate: Candidate; readonly grant: NameGrant }[]
  readonly nameChanges: Readonly<Record<IdentityKind, ReadonlyMap<string, NameRecord>>>
}

/** Identity of the shared primary group. */
export const primaryGroupKey = 'rosterd/primary-group'

/** The provider's immutable id where it is a UUID, else a UUID made of it; once given it stays. */
export function entryUuidOf(candidate: Pick<Candidate, 'key' | 'id'>, ledgers: Ledgers): string {
  const known = ledgers.identities.get(candidate.key)?.entryUUID
  if (known !== undefined) return known
  const own = isUuid(candidate.id) ? candidate.id.toLowerCase() : nameBasedUuid('identity', candidate.key)
  // Who was set apart from somebody may have left that person the UUID of its id.
  const isSetApart = ledgers.words.get(candidate.key)?.entryUUID === null
  const isTaken = isSetApart && [...ledgers.identities.values()].some(({ entryUUID }) => entryUUID === own)
  return isTaken ? nameBasedUuid('set apart', candidate.key) : own
}

/** Gives everybody who is to be served a name and a number. */
export function draftEntries(
  input: {
    readonly config: Config
    readonly ledgers: Ledgers
    readonly current: CurrentDirectory
    readonly now: Date
    readonly holds: Holds
  },
  wanting: readonly Candidate[],
  taken: TakenByFiles,
): Drafts {
  const { config, ledgers, current, holds } = input
  const arePrivate = typeof config.posix.primaryGroup !== 'string' && config.posix.primaryGroup.kind === 'private'
  const users = grantsFor('user', arePrivate ? groupNamesToAvoid(ledgers) : [])
  const groups = grantsFor('group', arePrivate ? privateGroupNames(users, ledgers) : [])
  const grants = { user: users, group: groups }
  const outcomes = wanting.map((candidate) => ({ candidate, grant: grantOf(candidate) }))
  const named = outcomes.flatMap(({ candidate, grant }) =>
    grant.type === 'granted' ? [{ candidate, name: grant.name }] : [],
  )
  const numbers = newNumbers()
  const drafts = named.map(({ candidate, name }) => ({
    candidate,
    entryUUID: entryUuidOf(candidate, ledgers),
    name,
    number: numberOf(candidate.key),
    dn: candidate.kind === 'user' ? personDn(config.baseDn, name) : groupDn(config.baseDn, name),
  }))
  return {
    drafts,
    outcomes,
    primaryGroup: { number: numberOf(primaryGroupKey), entryUUID: nameBasedUuid('identity', primaryGroupKey) },
    nameChanges: { user: grants.user.changes, group: grants.group.changes },
  }

  function grantsFor(kind: IdentityKind, others: readonly (readonly [name: string, taker: string])[]) {
    const { naming, posix } = config
    const reserved = new Set(reservedNames(naming.reserved))
    if (kind === 'group') reserved.add(foldName(sharedGroupName(posix)))
    return grantNames(
      wanting.filter((candidate) => candidate.kind === kind).map(nameClaim),
      { records: ledgers.names[kind] },
      {
        reserved,
        taken: new Map([...others, ...[...taken.names[kind]].map((name) => [name, 'an entry of a file'] as const)]),
        onClash: naming.onClash,
        maxLength: kind === 'user' && naming.posixSafe ? maxUserNameLength : maxGroupNameLength,
        reusableBefore: reusableBefore(input),
        now: input.now.toISOString(),
      },
    )
  }

  function nameClaim(candidate: Candidate): NameClaim {
    const { key, created, id, wantedName } = candidate
    return { holder: key, wanted: wantedName, created, id, held: heldRename(candidate) }
  }

  function heldRename(candidate: Candidate): NameClaim['held'] {
    if (holds.keptNames.size === 0) return undefined
    const promised = holds.keptNames.get(entryUuidOf(candidate, ledgers))
    const name = promised === undefined ? undefined : servedName(candidate)
    return promised === undefined || name === undefined ? undefined : { name, promised }
  }

  function servedName(candidate: Candidate): string | undefined {
    const entry = current.entryByUuid(entryUuidOf(candidate, ledgers))
    const attribute = candidate.kind === 'user' ? 'uid' : 'cn'
    return entry === undefined ? undefined : textValuesOf(entry.attributes, attribute)[0]
  }

  function grantOf(candidate: Candidate): NameGrant {
    const grant = grants[candidate.kind].grants.get(candidate.key)
    if (grant === undefined) throw new Error(`the wish of ${candidate.key} for a name was not answered`)
    return grant
  }

  function newNumbers(): ReadonlyMap<string, number> {
    const newcomers = named.filter(({ candidate }) => !ledgers.identities.has(candidate.key))
    const reserved = reservedNumbers(newcomers, ledgers)
    const claims: NumberClaim[] = newcomers
      .filter(({ candidate }) => !reserved.has(candidate.key))
      .map(({ candidate }) => ({ holder: candidate.key, wanted: candidate.wantedNumber }))
    if (!ledgers.identities.has(primaryGroupKey)) claims.push({ holder: primaryGroupKey, wanted: undefined })
    const isOwned = (number: number) => ledgers.numbers.has(number) || taken.numbers.has(number)
    return new Map([...reserved, ...assignNumbers(claims, isOwned, config.posix)])
  }

  function numberOf(key: string): number {
    const number = ledgers.identities.get(key)?.number ?? numbers.get(key)
    if (number === undefined) throw new Error(`no number was assigned to ${key}`)
    return number
  }
}

/** Private groups carry user names: who comes later leaves names to the groups that have them. */
function groupNamesToAvoid({ names }: Ledgers): readonly (readonly [string, string])[] {
  const isUsers = (name: string) => names.user.get(name)?.freed === null
  return heldNames(names.group)
    .filter((name) => !isUsers(name))
    .map((name) => [name, 'a group'])
}

function privateGroupNames(users: NameGrants, { names }: Ledgers): readonly (readonly [string, string])[] {
  const granted = [...users.grants.values()].flatMap((grant) =>
    grant.type === 'granted' ? [foldName(grant.name)] : [],
  )
  return [...heldNames(names.user), ...granted].map((name) => [name, 'a private group'])
}

function heldNames(records: ReadonlyMap<string, NameRecord>): readonly string[] {
  return [...records].filter(([, { freed }]) => freed === null).map(([name]) => name)
}
