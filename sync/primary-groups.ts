import type { Entry } from '../server/directory/entry.ts'
import type { Config } from '../server/runtime/config-schema.ts'
import type { Candidate, Decision } from './candidates.ts'
import type { CurrentDirectory } from './desired-input.ts'
import type { Draft, Drafts } from './drafts.ts'
import { nameBasedUuid } from './name-based-uuid.ts'
import { RuleError } from './rules.ts'

/** Whose gidNumber people have (`posix.primaryGroup`). */
export interface PrimaryGroups {
  gidNumberOf(person: Draft): number
  /** Whether people have a group of their own, of the same name and number. */
  readonly arePrivate: boolean
}

/** Name of the shared group, also where only some people need it. */
export function sharedGroupName({ primaryGroup }: Config['posix']): string {
  return typeof primaryGroup === 'string' ? primaryGroup : 'directory-users'
}

/** Throws {@link RuleError} when the source group that the configuration names is missing, ambiguous or not served. */
export function primaryGroups(
  { primaryGroup }: Config['posix'],
  candidates: readonly Candidate[],
  decisions: ReadonlyMap<string, Decision>,
  { drafts, primaryGroup: shared }: Drafts,
): PrimaryGroups {
  if (typeof primaryGroup === 'string') return { arePrivate: false, gidNumberOf: () => shared.number }
  if (primaryGroup.kind === 'private') return { arePrivate: true, gidNumberOf: (person) => person.number }
  const { key } = namedGroup(primaryGroup.group, candidates)
  const draft = drafts.find(({ candidate }) => candidate.key === key)
  if (draft === undefined) throw notServed(primaryGroup.group, key, candidates, decisions)
  const isOfItsTenant = (source: string) => tenantOf(source) === tenantOf(key)
  return {
    arePrivate: false,
    gidNumberOf: ({ candidate }) => (candidate.sourceKeys.some(isOfItsTenant) ? draft.number : shared.number),
  }
}

function namedGroup(wanted: string, candidates: readonly Candidate[]): Candidate {
  const groups = candidates.filter((candidate) => candidate.kind === 'group')
  const byId = groups.find(({ id }) => id === wanted || id === wanted.toLowerCase())
  const byName = groups.filter(({ group }) => group.name.toLowerCase() === wanted.toLowerCase())
  const [only, another] = byId === undefined ? byName : [byId]
  if (only === undefined)
    throw new RuleError(
      `posix.primaryGroup: no provider that has been read has a group "${wanted}". Correct the setting, or sync the provider of the group first.`,
    )
  if (another !== undefined)
    throw new RuleError(
      `posix.primaryGroup: ${byName.length} groups are called "${wanted}". Name one by id: ${byName.map(({ id }) => id).join(', ')}.`,
    )
  return only
}

function notServed(
  wanted: string,
  key: string,
  candidates: readonly Candidate[],
  decisions: ReadonlyMap<string, Decision>,
): RuleError {
  const reason = candidates
    .filter((candidate) => candidate.key === key)
    .map(({ decisionKey }) => decisions.get(decisionKey)?.reason)
  return new RuleError(`posix.primaryGroup: the group "${wanted}" is not served: ${reason.join('')}.`)
}

function tenantOf(key: string): string {
  return key.slice(0, key.indexOf('/'))
}

/** entryUUID of a person's private group. */
export function privateGroupUuid(personUuid: string): string {
  return nameBasedUuid('private group', personUuid)
}

/** Groups that people who stay as they are have now: the private ones, and the shared one where their number names it. */
export function keptPrimaryGroups(
  kept: readonly Entry[],
  current: CurrentDirectory,
  shared: Drafts['primaryGroup'],
): readonly Entry[] {
  const found = new Set<Entry>()
  for (const { entryUUID, attributes } of kept) {
    const own = current.entryByUuid(privateGroupUuid(entryUUID))
    if (own !== undefined) found.add(own)
    const sharedEntry = attributes.get('gidNumber')?.[0] === String(shared.number) && attributes.has('uidNumber')
    const entry = sharedEntry ? current.entryByUuid(shared.entryUUID) : undefined
    if (entry !== undefined) found.add(entry)
  }
  return [...found]
}
