import { readActivity } from '../../server/directory/authentication/activity-records.ts'
import { ChangeRefused } from '../../server/directory/credentials/change-refused.ts'
import { readAccount, readCredential } from '../../server/directory/credentials/credential-records.ts'
import type { RecordReader } from '../../server/directory/directory-store.ts'
import type { Entry } from '../../server/directory/entry.ts'
import type { Config } from '../../server/runtime/config-schema.ts'
import { createBreather } from '../breather.ts'
import { entryType, textValuesOf } from '../file-entries.ts'
import { type IdentityRecord, trusted } from '../ledgers.ts'
import { foldName } from '../reserved-names.ts'
import type { RosterList } from './roster.ts'
import type { RosterPerson } from './roster-rows.ts'

/** Who has access, with what: a person as an access review looks at them. Of credentials only that they are there. */
export interface ReviewedPerson {
  readonly username: string
  readonly name: string
  readonly mail: string
  readonly status: RosterPerson['status'] | 'blocked'
  /** In words; empty for who is active. */
  readonly reason: string
  /** By name; also those that hold a group of the person's. */
  readonly groups: readonly string[]
  /** null: not known of the past. */
  readonly credentials: ReviewedCredentials | null
  /** ISO 8601; null: never, or not known. */
  readonly lastSignIn: string | null
  readonly firstSeen: string | null
  /** Since when no provider has the person; null: one has. */
  readonly goneSince: string | null
  /** `<provider id>:<immutable id>` */
  readonly sources: readonly string[]
  readonly entryUUID: string | null
}

export interface ReviewedCredentials {
  readonly directoryPassword: boolean
  readonly passwordsOfFiles: number
  readonly appPasswords: number
  readonly secondFactor: boolean
  readonly sshKeys: number
  /** The provider is asked for the password. */
  readonly passThrough: boolean
}

export interface ReviewSources {
  readonly store: RecordReader
  readonly settings: Config['providers']
  /** Everybody; those of another time have entries alone. */
  readonly people: Iterable<RosterPerson>
  /** Entries of the same state. */
  readonly entries: () => Iterable<Entry>
  readonly entryByUuid: (entryUUID: string) => Entry | undefined
  /** Not now: nothing is known of credentials then. */
  readonly isPast: boolean
}

/** Everybody, or those in the group of that name or DN. Rows are made as they are read. Throws ChangeRefused for no such group. */
export async function accessReview(
  { store, settings, people, entries, entryByUuid, isPast }: ReviewSources,
  group: string | undefined,
): Promise<RosterList<ReviewedPerson>> {
  const memberships = await readMemberships(entries())
  const seen = await readSeen(store)
  const credentials = isPast ? undefined : await readCredentials(store)
  const asking = new Set(settings.flatMap((one) => (one.type !== 'ldif' && one.passThroughBind ? [one.id] : [])))
  const wanted = group === undefined ? undefined : memberships.group(group)
  const entryOf = ({ entryUUID }: RosterPerson) => (entryUUID === null ? undefined : entryByUuid(entryUUID))
  const reviewed: RosterPerson[] = []
  const breathe = createBreather()
  for (const person of people) {
    await breathe()
    const entry = wanted === undefined ? undefined : entryOf(person)
    if (wanted === undefined || (entry !== undefined && memberships.of(entry.dn).has(wanted))) reviewed.push(person)
  }

  function row(person: RosterPerson): ReviewedPerson {
    const { entryUUID, provider, status, block } = person
    const entry = entryOf(person)
    const { firstSeen = null, goneSince = null } = seen.get(entryUUID ?? '') ?? {}
    const kept = credentials?.get(entryUUID ?? '') ?? nothingKept
    const isBlocked = block !== null && status === 'active'
    return {
      username: person.name,
      name: person.displayName,
      mail: person.mail,
      status: isBlocked ? 'blocked' : status,
      reason: isBlocked ? block : status === 'active' ? '' : person.reason,
      groups: entry === undefined ? [] : memberships.namesOf(entry.dn),
      credentials: isPast
        ? null
        : {
            directoryPassword: kept.directoryPassword,
            passwordsOfFiles: kept.passwordsOfFiles,
            appPasswords: kept.appPasswords,
            secondFactor: kept.secondFactor,
            sshKeys: entry?.attributes.get('sshPublicKey')?.length ?? 0,
            passThrough: asking.has(provider) && kept.mayAskProvider && status === 'active',
          },
      lastSignIn: kept.lastSignIn,
      firstSeen,
      goneSince,
      sources: person.sources,
      entryUUID,
    }
  }

  return {
    total: reviewed.length,
    *rows(from = 0, to = reviewed.length) {
      for (const person of reviewed.slice(from, to)) yield row(person)
    },
  }
}

/** What is known of somebody who has an entry, where that alone is known. */
export function personOfEntry({ dn, entryUUID, attributes }: Entry): RosterPerson {
  const first = (name: string) => textValuesOf(attributes, name)[0]
  const sources = textValuesOf(attributes, 'rosterdSource')
  const isActive = first('userAccountControl') !== '514'
  return {
    id: entryUUID,
    entryUUID,
    name: first('uid') ?? first('cn') ?? dn,
    displayName: first('displayName') ?? first('cn') ?? '',
    mail: first('mail') ?? '',
    provider: sources[0]?.split(':')[0] ?? '',
    sources,
    status: isActive ? 'active' : 'inactive',
    rule: 'none',
    reason: isActive ? '' : 'shown as inactive',
    isServed: true,
    readiness: 'none',
    block: null,
  }
}

interface Memberships {
  /** DN of the group that has the name or DN. Throws ChangeRefused. */
  group(name: string): string
  /** DNs of the groups somebody is in, and of those that hold them. */
  of(dn: string): ReadonlySet<string>
  namesOf(dn: string): readonly string[]
}

async function readMemberships(entries: Iterable<Entry>): Promise<Memberships> {
  const breathe = createBreather()
  const names = new Map<string, string>()
  const holders = new Map<string, string[]>()
  for (const entry of entries) {
    await breathe()
    if (entryType(entry) !== 'group') continue
    names.set(entry.dn, textValuesOf(entry.attributes, 'cn')[0] ?? entry.dn)
    const members = textValuesOf(entry.attributes, 'member')
    for (const member of members.length > 0 ? members : textValuesOf(entry.attributes, 'uniqueMember')) {
      const known = holders.get(member)
      if (known === undefined) holders.set(member, [entry.dn])
      else known.push(entry.dn)
    }
  }
  const of = (dn: string, found = new Set<string>()): Set<string> => {
    for (const holder of holders.get(dn) ?? []) {
      if (found.has(holder)) continue
      found.add(holder)
      of(holder, found)
    }
    return found
  }
  return {
    group(name) {
      const wanted = foldName(name.trim())
      const found = [...names].filter(([dn, cn]) => foldName(cn) === wanted || foldName(dn) === wanted)
      const [first] = found
      if (first === undefined) throw new ChangeRefused(`no group is called "${name}"; use its cn or its DN`)
      if (found.length > 1)
        throw new ChangeRefused(
          `"${name}" means ${found.length} groups; use a DN: ${found.map(([dn]) => dn).join('; ')}`,
        )
      return first[0]
    },
    of: (dn) => of(dn),
    namesOf: (dn) => Array.from(of(dn), (group) => names.get(group) ?? group).sort(),
  }
}

/** By entryUUID: of several sources the first that was seen, and gone only when all are. */
async function readSeen(store: RecordReader) {
  const breathe = createBreather()
  const seen = new Map<string, Pick<IdentityRecord, 'firstSeen' | 'goneSince'>>()
  for await (const { value } of store.list('identity')) {
    await breathe()
    const { entryUUID, kind, firstSeen, goneSince } = trusted<IdentityRecord>(value)
    if (kind !== 'user') continue
    const known = seen.get(entryUUID)
    if (known === undefined) seen.set(entryUUID, { firstSeen, goneSince })
    else
      seen.set(entryUUID, {
        firstSeen: firstSeen < known.firstSeen ? firstSeen : known.firstSeen,
        goneSince: latest(known.goneSince, goneSince),
      })
  }
  return seen
}

function latest(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return null
  return a > b ? a : b
}

interface Kept {
  readonly directoryPassword: boolean
  readonly passwordsOfFiles: number
  readonly appPasswords: number
  readonly secondFactor: boolean
  readonly mayAskProvider: boolean
  readonly lastSignIn: string | null
}

const nothingKept: Kept = {
  directoryPassword: false,
  passwordsOfFiles: 0,
  appPasswords: 0,
  secondFactor: false,
  mayAskProvider: true,
  lastSignIn: null,
}

/** By entryUUID. */
async function readCredentials(store: RecordReader): Promise<ReadonlyMap<string, Kept>> {
  const breathe = createBreather()
  const found = new Map<string, Kept>()
  const keep = (entryUUID: string, more: (known: Kept) => Partial<Kept>) => {
    const known = found.get(entryUUID) ?? nothingKept
    found.set(entryUUID, { ...known, ...more(known) })
  }
  for await (const { key, value } of store.list('credential')) {
    await breathe()
    const record = readCredential(value)
    const [entryUUID = ''] = key
    if (record?.kind === 'directory') keep(entryUUID, () => ({ directoryPassword: true }))
    if (record?.kind === 'imported') keep(entryUUID, (known) => ({ passwordsOfFiles: known.passwordsOfFiles + 1 }))
    if (record?.kind === 'app') keep(entryUUID, (known) => ({ appPasswords: known.appPasswords + 1 }))
    if (record?.kind === 'totp') keep(entryUUID, () => ({ secondFactor: record.isConfirmed }))
  }
  for await (const { key, value } of store.list('account')) {
    if (readAccount(value)?.passThrough === 'never') keep(key[0] ?? '', () => ({ mayAskProvider: false }))
  }
  for await (const { key, value } of store.list('activity', ['person'])) {
    await breathe()
    const at = readActivity(value)?.uses[0]?.at
    if (at !== undefined) keep(key[1] ?? '', () => ({ lastSignIn: at }))
  }
  return found
}
