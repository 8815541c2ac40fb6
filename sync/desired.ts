import type { AttributeValue, Entry } from '../server/directory/entry.ts'
import { normalizeDn } from '../server/protocol/distinguished-name.ts'
import { formatGeneralizedTime } from '../server/protocol/generalized-time.ts'
import type { Config, LdifProviderConfig } from '../server/runtime/config-schema.ts'
import { containerDns, containerEntries, groupDn, personDn } from './container-entries.ts'
import { differingAttributes } from './entry-equality.ts'
import { entryType, type FileEntry, fileEntries, textValuesOf } from './file-entries.ts'
import { groupAttributes, setReferences } from './group-entry.ts'
import type { IdentityKind, IdentityRecord, Ledgers } from './ledgers.ts'
import { isUuid, nameBasedUuid } from './name-based-uuid.ts'
import { freeNames, grantNames, type NameClaim, type NameGrant, type NameRecord } from './name-claims.ts'
import { localAttributes, personAttributes } from './person-entry.ts'
import { assignNumbers, type NumberClaim } from './posix-ids.ts'
import { foldName, reservedNames } from './reserved-names.ts'
import { maxGroupNameLength } from './group-names.ts'
import {
  type Candidate,
  candidatesOf,
  type Decision,
  type MirroredProvider,
  type ProviderMirror,
} from './candidates.ts'
import { maxUserNameLength } from './user-names.ts'

export interface CurrentDirectory {
  entryByUuid(entryUUID: string): Entry | undefined
  entryByDn(dn: string): Entry | undefined
  entries(): Iterable<Entry>
}

/** What the guard holds back; everything else is computed around it. */
export interface Holds {
  /** entryUUIDs of entries that stay although they should go or change; only their references follow. */
  readonly keptEntries: ReadonlySet<string>
  /** entryUUIDs of groups that lose no member that still exists. */
  readonly keptMembers: ReadonlySet<string>
  /** entryUUIDs of people and groups that keep their name. */
  readonly keptNames: ReadonlySet<string>
  /** entryUUIDs that are not added. */
  readonly keptOut: ReadonlySet<string>
}

export const noHolds: Holds = {
  keptEntries: new Set(),
  keptMembers: new Set(),
  keptNames: new Set(),
  keptOut: new Set(),
}

export interface DesiredInput {
  readonly config: Config
  readonly providers: readonly ProviderMirror[]
  readonly ledgers: Ledgers
  readonly current: CurrentDirectory
  readonly now: Date
  readonly holds: Holds
}

export interface Desired {
  /** Every entry that should be there, by entryUUID. */
  readonly entries: ReadonlyMap<string, Entry>
  /** By `<provider>\0<kind>\0<id>`. */
  readonly decisions: ReadonlyMap<string, Decision>
  /** Why known people and groups that providers still hold are not served (or not active), by entryUUID. */
  readonly refusals: ReadonlyMap<string, Decision>
  /** Passwords of file entries, by entryUUID. */
  readonly passwords: ReadonlyMap<string, readonly string[]>
  readonly ledgerChanges: {
    readonly identities: ReadonlyMap<string, IdentityRecord>
    readonly names: Readonly<Record<IdentityKind, ReadonlyMap<string, NameRecord>>>
    readonly numbers: ReadonlyMap<number, string>
  }
}

/** Identity of the shared primary group. */
const primaryGroupKey = 'rosterd/primary-group'

/** A person or group that gets an entry. */
interface Draft {
  readonly candidate: Candidate
  readonly entryUUID: string
  readonly name: string
  readonly number: number
  readonly dn: string
}

/**
 * The directory as it should be, from whole mirrors of all providers, the ledgers and the configuration. Pure: the
 * same input gives the same result, whatever the order of listing. Throws RuleError.
 */
export function computeDesired(input: DesiredInput): Desired {
  const { config, ledgers, current, holds } = input
  const now = input.now.toISOString()
  const mirrored = input.providers.filter((p): p is MirroredProvider => p.snapshot !== undefined)
  const files = mirrored.flatMap((provider) => (isFile(provider) ? [...fileEntriesOf(provider)] : []))
  const { candidates, decisions } = candidatesOf(config, mirrored, ledgers)
  const taken = takenByFiles(files)

  const heldOut = (candidate: Candidate) => holds.keptOut.has(entryUuidOf(candidate))
  const wanting = candidates.filter((candidate) => candidate.serve && !heldOut(candidate))
  const grants = { user: grantsFor('user'), group: grantsFor('group') }
  for (const candidate of wanting) refuseIfNameless(candidate)
  const named = wanting.filter((candidate) => grantOf(candidate)?.type === 'granted')
  const numbers = numbersFor(named)
  const primaryGroup = numberOf(primaryGroupKey)

  const drafts = named.map(draftOf)
  const byKey = new Map(drafts.map((draft) => [draft.candidate.key, draft]))
  const entries = assemble()
  return { entries, decisions, refusals: refusals(), passwords: passwords(), ledgerChanges: ledgerChanges() }

  // ---- names -------------------------------------------------------------------------------------------------------

  function grantsFor(kind: IdentityKind) {
    const claims = wanting.filter((candidate) => candidate.kind === kind).map(nameClaim)
    const { naming, posix } = config
    const reserved = new Set(reservedNames(naming.reserved))
    if (kind === 'group') reserved.add(foldName(posix.primaryGroup))
    return grantNames(
      claims,
      { records: ledgers.names[kind] },
      {
        reserved,
        taken: taken.names[kind],
        onClash: naming.onClash,
        maxLength: kind === 'user' ? (naming.posixSafe ? maxUserNameLength : 64) : maxGroupNameLength,
        reusableBefore: new Date(input.now.getTime() - naming.reuseAfterDays * 86_400_000).toISOString(),
        now,
      },
    )
  }

  function nameClaim(candidate: Candidate): NameClaim {
    const { key, created, id } = candidate
    const keep = holds.keptNames.has(entryUuidOf(candidate)) ? servedName(candidate) : undefined
    return { holder: key, wanted: candidate.wantedName, created, id, keep }
  }

  function servedName(candidate: Candidate): string | undefined {
    const entry = current.entryByUuid(entryUuidOf(candidate))
    if (entry === undefined) return undefined
    return textValuesOf(entry.attributes, candidate.kind === 'user' ? 'uid' : 'cn')[0]
  }

  function grantOf(candidate: Candidate): NameGrant | undefined {
    return grants[candidate.kind].grants.get(candidate.key)
  }

  function refuseIfNameless(candidate: Candidate): void {
    const grant = grantOf(candidate)
    const decision = decisions.get(candidate.decisionKey)
    if (decision === undefined || grant === undefined) return
    if (grant.type === 'held')
      decisions.set(candidate.decisionKey, { ...decision, status: 'inactive', rule: 'onClash', reason: grant.reason })
    else decisions.set(candidate.decisionKey, { ...decision, name: grant.name, note: grant.note ?? null })
  }

  // ---- ids ---------------------------------------------------------------------------------------------------------

  function entryUuidOf(candidate: Pick<Candidate, 'key' | 'id'>): string {
    const known = ledgers.identities.get(candidate.key)?.entryUUID
    if (known !== undefined) return known
    return isUuid(candidate.id) ? candidate.id.toLowerCase() : nameBasedUuid('identity', candidate.key)
  }

  function numbersFor(claimants: readonly Candidate[]): ReadonlyMap<string, number> {
    const claims: NumberClaim[] = claimants
      .filter((candidate) => !ledgers.identities.has(candidate.key))
      .map((candidate) => ({ holder: candidate.key, wanted: candidate.wantedNumber }))
    if (!ledgers.identities.has(primaryGroupKey)) claims.push({ holder: primaryGroupKey, wanted: undefined })
    return assignNumbers(claims, (number) => ledgers.numbers.has(number) || taken.numbers.has(number), config.posix)
  }

  function numberOf(key: string): number {
    const number = ledgers.identities.get(key)?.number ?? numbers.get(key)
    if (number === undefined) throw new Error(`no number was assigned to ${key}`)
    return number
  }

  function draftOf(candidate: Candidate): Draft {
    const grant = grantOf(candidate)
    if (grant?.type !== 'granted') throw new Error(`no name was granted to ${candidate.key}`)
    const { name } = grant
    return {
      candidate,
      entryUUID: entryUuidOf(candidate),
      name,
      number: numberOf(candidate.key),
      dn: candidate.kind === 'user' ? personDn(config.baseDn, name) : groupDn(config.baseDn, name),
    }
  }

  // ---- entries -----------------------------------------------------------------------------------------------------

  function assemble(): ReadonlyMap<string, Entry> {
    const result = new Map<string, Entry>()
    const keys = new Set<string>()
    const kept = keptEntries()
    const keptUuids = new Set(kept.map((entry) => entry.entryUUID))
    const draftsByUuid = new Map(drafts.map((draft) => [draft.entryUUID, draft]))
    const containerKeys = new Set(containerDns(config.baseDn).map(normalizeDn))
    /** Final DN by entryUUID: references are resolved when every name is known. */
    const finalDns = new Map<string, string>(drafts.map((draft) => [draft.entryUUID, draft.dn]))
    for (const entry of kept) finalDns.set(entry.entryUUID, entry.dn)

    for (const entry of kept) place(entry.entryUUID, entry.dn, withReferences(entry))
    for (const container of mergedContainers()) place(container.entryUUID, container.dn, container.attributes)
    for (const file of files) placeFile(file)
    placePrimaryGroup()
    for (const draft of drafts)
      place(draft.entryUUID, draft.dn, draft.candidate.kind === 'user' ? person(draft) : group(draft))
    return result

    function place(entryUUID: string, dn: string, attributes: ReadonlyMap<string, readonly AttributeValue[]>): boolean {
      const key = normalizeDn(dn)
      if (result.has(entryUUID) || keys.has(key)) return false
      keys.add(key)
      result.set(entryUUID, withTimes({ entryUUID, dn, attributes }))
      return true
    }

    function placeFile(file: FileEntry & { readonly provider: MirroredProvider }): void {
      if (
        containerKeys.has(normalizeDn(file.dn)) ||
        holds.keptOut.has(file.source.id) ||
        holds.keptEntries.has(file.source.id)
      )
        return
      if (place(file.source.id, file.dn, file.attributes)) return
      const provider = file.provider.config.id
      decisions.set([provider, entryType(file) === 'group' ? 'group' : 'user', file.source.id].join('\0'), {
        status: 'skipped',
        rule: 'entry',
        reason: `its DN or entryUUID belongs to another entry (line ${file.source.line})`,
        evidence: false,
        entryUUID: file.source.id,
        name: null,
        note: null,
      })
    }

    function placePrimaryGroup(): void {
      const name = config.posix.primaryGroup
      place(
        nameBasedUuid('identity', primaryGroupKey),
        groupDn(config.baseDn, name),
        new Map([
          ['objectClass', ['top', 'groupOfNames', 'posixGroup', 'rosterdGroup']],
          ['cn', [name]],
          ['displayName', [name]],
          ['gidNumber', [String(primaryGroup)]],
          ['rosterdSource', [primaryGroupKey.replace('/', ':')]],
        ]),
      )
    }

    function person(draft: Draft): Map<string, readonly AttributeValue[]> {
      const { candidate } = draft
      if (candidate.kind !== 'user') throw new Error('not a person')
      const managerKey = candidate.managerKey === null ? undefined : byKey.get(candidate.managerKey)
      const existing = current.entryByUuid(draft.entryUUID)
      return personAttributes({
        user: candidate.user,
        username: draft.name,
        uidNumber: draft.number,
        gidNumber: primaryGroup,
        posix: config.posix,
        active: candidate.active,
        managerDn: managerKey?.candidate.active === true ? managerKey.dn : undefined,
        mapped: candidate.mapped,
        sources: candidate.sources,
        local: new Map(
          localAttributes.flatMap((name) => {
            const values = existing?.attributes.get(name)
            return values === undefined ? [] : [[name, values] as const]
          }),
        ),
      })
    }

    function group(draft: Draft): Map<string, readonly AttributeValue[]> {
      const { candidate } = draft
      if (candidate.kind !== 'group') throw new Error('not a group')
      const direct = config.directory.nestedGroups === 'direct'
      const { membership } = candidate
      const memberIds = direct ? candidate.group.userIds : [...membership.allUserIds(candidate.id)]
      const members = memberIds.flatMap((id) => activeDraft(candidate.keyOf(id)) ?? [])
      const childGroups = direct ? candidate.group.groupIds.flatMap((id) => byKey.get(candidate.keyOf(id)) ?? []) : []
      const parents = direct
        ? []
        : membership.parentIds(candidate.id).flatMap((id) => byKey.get(candidate.keyOf(id)) ?? [])
      const held = heldMembers(draft.entryUUID)
      const attributes = groupAttributes({
        group: candidate.group,
        name: draft.name,
        gidNumber: draft.number,
        sources: candidate.sources,
      })
      setReferences(attributes, {
        members: [...members.map((m) => m.dn), ...childGroups.map((g) => g.dn), ...held.dns],
        memberUids: [...members.map((m) => m.name), ...held.uids],
        parents: parents.map((parent) => parent.dn),
      })
      return attributes
    }

    function activeDraft(key: string): Draft | undefined {
      const draft = byKey.get(key)
      return draft?.candidate.active === true ? draft : undefined
    }

    /** Members a group keeps because they or it are held: those of today that will still exist. */
    function heldMembers(groupUuid: string): { readonly dns: readonly string[]; readonly uids: readonly string[] } {
      const everything = holds.keptMembers.has(groupUuid) || keptUuids.has(groupUuid)
      if (!everything && kept.length === 0) return { dns: [], uids: [] }
      const dns: string[] = []
      const uids: string[] = []
      for (const dn of textValuesOf(current.entryByUuid(groupUuid)?.attributes ?? new Map(), 'member')) {
        const member = current.entryByDn(dn)
        const finalDn = member === undefined ? undefined : finalDns.get(member.entryUUID)
        if (member === undefined || finalDn === undefined) continue
        const draft = draftsByUuid.get(member.entryUUID)
        if (!keptUuids.has(member.entryUUID) && (!everything || draft?.candidate.active === false)) continue
        dns.push(finalDn)
        if (entryType(member) === 'user') uids.push(draft?.name ?? textValuesOf(member.attributes, 'uid')[0] ?? '')
      }
      return { dns, uids: uids.filter((uid) => uid !== '') }
    }

    /** A kept entry stays as it is, but for references to entries that move or go. */
    function withReferences(entry: Entry): ReadonlyMap<string, readonly AttributeValue[]> {
      const attributes = new Map(entry.attributes)
      const manager = textValuesOf(attributes, 'manager')[0]
      if (manager !== undefined) {
        const target = current.entryByDn(manager)
        const dn = target === undefined ? undefined : finalDns.get(target.entryUUID)
        if (dn === undefined) attributes.delete('manager')
        else attributes.set('manager', [dn])
      }
      if (isCloudGroup(entry)) {
        const held = heldMembers(entry.entryUUID)
        const parents = textValuesOf(attributes, 'memberOf').flatMap((dn) => {
          const parent = current.entryByDn(dn)
          return parent === undefined ? [] : (finalDns.get(parent.entryUUID) ?? [])
        })
        setReferences(attributes, { members: held.dns, memberUids: held.uids, parents })
      }
      return attributes
    }
  }

  /** Entries that stay because the guard holds them, and those of providers nothing is known about yet. */
  function keptEntries(): readonly Entry[] {
    const blind = new Set(input.providers.filter((p) => p.snapshot === undefined).map((p) => p.config.id))
    if (holds.keptEntries.size === 0 && blind.size === 0) return []
    return [...current.entries()].filter((entry) => {
      if (holds.keptEntries.has(entry.entryUUID)) return true
      const sources = textValuesOf(entry.attributes, 'rosterdSource')
      return sources.length > 0 && sources.every((source) => blind.has(source.slice(0, source.indexOf(':'))))
    })
  }

  function mergedContainers() {
    return containerEntries(config).map((container) => {
      const key = normalizeDn(container.dn)
      const attributes = new Map<string, readonly AttributeValue[]>(container.attributes)
      for (const file of files.filter((entry) => normalizeDn(entry.dn) === key)) {
        for (const [name, values] of file.attributes) {
          if (name === 'rosterdSource') continue
          const spelling = [...attributes.keys()].find((own) => own.toLowerCase() === name.toLowerCase()) ?? name
          const own = attributes.get(spelling) ?? []
          const lower = new Set(own.map((value) => (typeof value === 'string' ? value.toLowerCase() : value)))
          const further = values.filter((value) => !lower.has(typeof value === 'string' ? value.toLowerCase() : value))
          attributes.set(spelling, [...own, ...further])
        }
      }
      attributes.set('rosterdSource', [
        `rosterd:${container.dn === config.baseDn ? 'suffix' : container.dn.split(',', 1)[0]}`,
      ])
      return { ...container, attributes }
    })
  }

  /** createTimestamp of the first time; modifyTimestamp moves only when something else changes. */
  function withTimes(entry: Entry): Entry {
    const existing = current.entryByUuid(entry.entryUUID)
    const stamp = formatGeneralizedTime(input.now)
    const created = existing?.attributes.get('createTimestamp') ?? [stamp]
    const attributes = new Map(entry.attributes)
    attributes.set('createTimestamp', created)
    const modified = existing?.attributes.get('modifyTimestamp')
    const unchanged =
      existing !== undefined &&
      existing.dn === entry.dn &&
      differingAttributes(existing.attributes, attributes, ['modifyTimestamp']).length === 0
    attributes.set('modifyTimestamp', unchanged && modified !== undefined ? modified : [stamp])
    return { ...entry, attributes }
  }

  // ---- results -----------------------------------------------------------------------------------------------------

  function refusals(): ReadonlyMap<string, Decision> {
    const result = new Map<string, Decision>()
    for (const candidate of candidates) {
      const decision = decisions.get(candidate.decisionKey)
      if (decision !== undefined && decision.status !== 'active') result.set(entryUuidOf(candidate), decision)
    }
    return result
  }

  function passwords(): ReadonlyMap<string, readonly string[]> {
    const binders = new Set(
      config.binders.flatMap(({ name }) => [
        normalizeDn(`cn=${name},ou=services,${config.baseDn}`),
        normalizeDn(`cn=${name},${config.baseDn}`),
      ]),
    )
    return new Map(
      files
        .filter((file) => entries.has(file.source.id))
        // A configured binder owns its DN and credentials.
        .map((file) => [file.source.id, binders.has(normalizeDn(file.dn)) ? [] : file.source.passwords]),
    )
  }

  function ledgerChanges(): Desired['ledgerChanges'] {
    const present = new Set(candidates.map((candidate) => candidate.key))
    const blindTenants = new Set(input.providers.filter((p) => p.snapshot === undefined).map((p) => p.tenant))
    const keptKeys = new Set(
      [...ledgers.identities].filter(([, record]) => holds.keptEntries.has(record.entryUUID)).map(([key]) => key),
    )
    const isThere = (key: string) =>
      present.has(key) ||
      keptKeys.has(key) ||
      key === primaryGroupKey ||
      blindTenants.has(key.slice(0, key.indexOf('/')))

    const identities = new Map<string, IdentityRecord>()
    const numberChanges = new Map<number, string>()
    const remember = (key: string, entryUUID: string, kind: IdentityKind) => {
      if (ledgers.identities.has(key)) return
      const number = numberOf(key)
      identities.set(key, { entryUUID, kind, number, firstSeen: now, goneSince: null })
      numberChanges.set(number, key)
    }
    for (const draft of drafts) remember(draft.candidate.key, draft.entryUUID, draft.candidate.kind)
    remember(primaryGroupKey, nameBasedUuid('identity', primaryGroupKey), 'group')
    for (const [key, record] of ledgers.identities) {
      if (isThere(key) && record.goneSince !== null) identities.set(key, { ...record, goneSince: null })
      if (!isThere(key) && record.goneSince === null) identities.set(key, { ...record, goneSince: now })
    }
    const namesOf = (kind: IdentityKind) =>
      new Map([...freeNames({ records: ledgers.names[kind] }, isThere, now), ...grants[kind].changes])
    return { identities, names: { user: namesOf('user'), group: namesOf('group') }, numbers: numberChanges }
  }

  function* fileEntriesOf(provider: MirroredProvider & { readonly config: LdifProviderConfig }) {
    if (provider.snapshot.kind !== 'entries') return
    for (const file of fileEntries(provider.config, provider.snapshot.entries)) yield { ...file, provider }
  }
}

function isFile(provider: MirroredProvider): provider is MirroredProvider & { readonly config: LdifProviderConfig } {
  return provider.config.type === 'ldif'
}

function isCloudGroup(entry: Entry): boolean {
  return textValuesOf(entry.attributes, 'objectClass').includes('rosterdGroup')
}

/** Names and numbers of file entries: nobody else gets them. */
function takenByFiles(files: readonly FileEntry[]) {
  const names = { user: new Set<string>(), group: new Set<string>() }
  const numbers = new Set<number>()
  for (const file of files) {
    const type = entryType(file)
    if (type === 'user') for (const uid of textValuesOf(file.attributes, 'uid')) names.user.add(foldName(uid))
    if (type === 'group') for (const cn of textValuesOf(file.attributes, 'cn')) names.group.add(foldName(cn))
    for (const name of ['uidNumber', 'gidNumber'])
      for (const text of textValuesOf(file.attributes, name)) numbers.add(Number(text))
  }
  return { names, numbers }
}
