import type {
  EntryHistory,
  GroupDetails,
  NamedEntry,
  PersonDetails,
  ShownEntry,
  SourceRecord,
} from '../../admin-ui/admin/people/services.ts'
import { adminPlaceOf } from '../../sync/admin-place.ts'
import type { Decision } from '../../sync/candidates.ts'
import { readEnrollment } from '../../sync/enrollment/enrollment-record.ts'
import { entryType, textValuesOf } from '../../sync/file-entries.ts'
import type { SourceGroup, SourceUser } from '../../sync/identity.ts'
import { trusted } from '../../sync/ledgers.ts'
import { passwordSource } from '../../sync/pass-through/password-source.ts'
import type { Roster } from '../../sync/roster/roster.ts'
import { entryJson } from '../commands/entry-json.ts'
import { changesOfEntry, firstChangeAfter, knownChanges } from '../directory/change-history.ts'
import { signInState } from '../directory/credentials/sign-in-state.ts'
import type { Entry } from '../directory/entry.ts'
import type { Workspace } from '../workspace.ts'
import { ascending } from '../runtime/order.ts'

/** The change log is looked through so far back, and for so many changes. */
const changesLookedAt = 20_000
const shownChanges = 50

export async function personDetails(
  id: string,
  roster: Roster,
  workspace: Workspace,
): Promise<PersonDetails | undefined> {
  const { directory, sshKeys, clock } = workspace
  const person = await roster.person(id)
  if (person === undefined) return undefined
  const { entryUUID } = person
  const entry = entryUUID === null ? undefined : directory.entryByUuid(entryUUID)
  const groups = entry === undefined ? [] : groupsOf(entry, directory)
  return {
    person,
    entry: entry === undefined ? null : shownEntry(entry, groups),
    sources: await sourceRecords('user', person.sources, workspace),
    groups: groups.map(namedEntry),
    passwordSource: entry === undefined ? null : await whoChecks(entry, workspace),
    signIn: entryUUID === null ? null : await signInState(directory.store, entryUUID, clock.now()),
    sshKeys: entryUUID === null ? [] : sshKeys.list(entryUUID),
    enrollment: (entryUUID === null ? undefined : await readEnrollment(directory.store, entryUUID)) ?? null,
    history:
      entryUUID === null
        ? { changes: [], since: null, forgottenBefore: null }
        : await historyOf(entryUUID, directory.store, clock.now()),
  }
}

export async function groupDetails(
  id: string,
  { from, to }: { readonly from: number; readonly to: number },
  roster: Roster,
  workspace: Workspace,
): Promise<GroupDetails | undefined> {
  const { directory } = workspace
  const group = await roster.group(id)
  if (group === undefined) return undefined
  const entry = group.entryUUID === null ? undefined : directory.entryByUuid(group.entryUUID)
  const members = entry === undefined ? [] : memberDns(entry)
  const present = (dns: readonly string[]) =>
    dns.flatMap((dn) => {
      const found = directory.entryByDn(dn)
      return found === undefined ? [] : [found]
    })
  return {
    group,
    entry: entry === undefined ? null : shownEntry(entry, present(group.parents)),
    sources: await sourceRecords('group', group.sources, workspace),
    parents: present(group.parents).map(namedEntry),
    children: entry === undefined ? [] : [...directory.entriesWith('memberOf', entry.dn)].map(namedEntry).sort(byName),
    members: present(members.slice(from, to)).map((member) => ({
      ...namedEntry(member),
      isGroup: entryType(member) === 'group',
    })),
    memberCount: members.length,
  }
}

function memberDns({ attributes }: Entry): readonly string[] {
  const members = textValuesOf(attributes, 'member')
  return members.length > 0 ? members : textValuesOf(attributes, 'uniqueMember')
}

/** Groups that hold the person, and those that hold them, each once and by name. */
function groupsOf({ dn }: Entry, directory: Workspace['directory']): readonly Entry[] {
  const found = new Map<string, Entry>()
  const add = (group: Entry) => {
    if (found.has(group.entryUUID)) return
    found.set(group.entryUUID, group)
    for (const parent of textValuesOf(group.attributes, 'memberOf')) {
      const above = directory.entryByDn(parent)
      if (above !== undefined) add(above)
    }
  }
  for (const group of directory.entriesWith('member', dn)) add(group)
  return [...found.values()].sort(ascending((one) => namedEntry(one).name))
}

export function namedEntry(entry: Entry): NamedEntry {
  const attribute = entryType(entry) === 'group' ? 'cn' : 'uid'
  return { entryUUID: entry.entryUUID, name: textValuesOf(entry.attributes, attribute)[0] ?? entry.dn }
}

const byName = ascending(({ name }: NamedEntry) => name)

/** With `memberOf`, which is computed when it is served. */
function shownEntry(entry: Entry, groups: readonly Entry[]): ShownEntry {
  const { dn, entryUUID, attributes } = entryJson(entry)
  const { memberOf: _stored, ...others } = attributes
  const memberOf = groups.map((group) => group.dn)
  return {
    dn,
    attributes: [
      ...Object.entries(others),
      ...(memberOf.length > 0 ? ([['memberOf', memberOf]] as const) : []),
      ['entryUUID', [entryUUID]],
    ],
  }
}

async function sourceRecords(
  kind: 'user' | 'group',
  sources: readonly string[],
  { config, directory }: Workspace,
): Promise<readonly SourceRecord[]> {
  return await Promise.all(
    sources.map(async (source) => {
      const colon = source.indexOf(':')
      const provider = source.slice(0, Math.max(0, colon))
      const id = source.slice(colon + 1)
      const decision = await directory.store.get('decision', [provider, kind, id])
      const mirrored = await directory.store.get('mirror', [provider, kind, id])
      const settings = config.providers.find((one) => one.id === provider)
      return {
        provider,
        id,
        decision: decision === undefined ? null : trusted<Decision>(decision),
        record: mirrored === undefined ? null : (trusted<SourceUser | SourceGroup>(mirrored).record ?? null),
        place: settings === undefined ? null : adminPlaceOf(settings, id),
      }
    }),
  )
}

async function whoChecks(
  { entryUUID }: Entry,
  { directory, config, providers, clock }: Workspace,
): Promise<PersonDetails['passwordSource']> {
  const source = await passwordSource(entryUUID, { directory, config, providers }, clock.now())
  return source.type === 'provider' ? { provider: source.provider.id } : { reason: source.reason }
}

async function historyOf(entryUUID: string, store: Workspace['directory']['store'], now: Date): Promise<EntryHistory> {
  const known = await knownChanges(store, now)
  const after = Math.max(known.first - 1, store.lastChange - changesLookedAt)
  const { changes, more } = await changesOfEntry(store, entryUUID, { limit: shownChanges, after })
  const oldestSeen = more > 0 ? changes.at(-1) : after >= known.first ? await firstChangeAfter(store, after) : undefined
  return { changes, since: oldestSeen?.time ?? null, forgottenBefore: known.since }
}
