import type { Entry } from '../server/directory/entry.ts'
import { normalizeDn } from '../server/protocol/distinguished-name.ts'
import { foldedName } from '../server/directory/inactive-names.ts'
import type { Config } from '../server/runtime/config-schema.ts'
import { type Candidate, candidatesOf, type Decision, type MirroredProvider, providerOfDecision } from './candidates.ts'
import type { DesiredInput, Holds } from './desired-input.ts'
import { draftEntries, entryUuidOf } from './drafts.ts'
import { judgeEnrollment, type Newcomers } from './enrollment/enrollment-rule.ts'
import { assembleEntries } from './entry-assembly.ts'
import { type FileEntry, fileEntries, takenByFiles } from './file-entries.ts'
import { changedLedgers, renameKeys, returnedKeys } from './forgetting.ts'
import { type LedgerChanges, ledgerChanges } from './ledger-changes.ts'
import { identityKey } from './ledgers.ts'
import { type NumberClash, numberClashes } from './number-clashes.ts'
import { unusedNumber } from './posix-ids.ts'
import { primaryGroups } from './primary-groups.ts'

export interface Desired {
  /** Every entry that should be there, by entryUUID. */
  readonly entries: ReadonlyMap<string, Entry>
  /** By `<provider>\0<kind>\0<id>`. */
  readonly decisions: ReadonlyMap<string, Decision>
  /** Why people and groups that providers still hold are not served (or not active), by entryUUID. */
  readonly refusals: ReadonlyMap<string, Decision>
  /** Passwords of file entries, by entryUUID. */
  readonly passwords: ReadonlyMap<string, readonly string[]>
  readonly ledgerChanges: LedgerChanges
  /** Who was seen for the first time under an enrollment setting. */
  readonly enrollments: Newcomers
  readonly numberClashes: readonly NumberClash[]
  /** Folded UPNs, logins and mail addresses of people who are inactive or invited, and have no entry. */
  readonly inactiveNames: ReadonlySet<string>
}

/**
 * The directory as it should be, from whole mirrors of all providers, the ledgers and the configuration. Pure: the
 * same input gives the same result, whatever the order of listing; it only takes breath meanwhile. Throws RuleError.
 */
export async function computeDesired(given: DesiredInput): Promise<Desired> {
  const { config, holds } = given
  const mirrored = given.providers.filter((provider): provider is MirroredProvider => provider.snapshot !== undefined)
  const files = mirrored.flatMap(filesOf)
  const returned = renameKeys(given.ledgers, returnedKeys(mirrored.flatMap(sourceKeysOf), given.ledgers))
  const ledgers = changedLedgers(given.ledgers, returned)
  const input = { ...given, ledgers }
  const { decisions, linkMarks, ...found } = candidatesOf(config, mirrored, ledgers)
  const { candidates, ...enrollments } = judgeEnrollment(input, found.candidates, decisions)
  const holdsEntries = holds.keptOut.size + holds.keptEntries.size > 0
  for (const candidate of holdsEntries ? candidates : []) {
    const isPaused = input.paused?.has(providerOfDecision(candidate.decisionKey)) ?? false
    const held = heldDecision(decisions.get(candidate.decisionKey), entryUuidOf(candidate, ledgers), holds, isPaused)
    if (held !== undefined) decisions.set(candidate.decisionKey, held)
  }
  const isKeptOut = (one: Candidate) => holdsEntries && holds.keptOut.has(entryUuidOf(one, ledgers))
  const wanting = candidates.filter((one) => one.serve && !isKeptOut(one))
  const drafted = draftEntries(input, wanting, takenByFiles(files))
  for (const { candidate, grant } of drafted.outcomes) {
    const decision = decisions.get(candidate.decisionKey)
    if (decision === undefined) continue
    decisions.set(
      candidate.decisionKey,
      grant.type === 'granted'
        ? { ...decision, name: grant.name, note: joinNotes(decision.note, grant.note) }
        : { ...decision, status: 'inactive', rule: 'onClash', reason: grant.reason },
    )
  }

  for (const { candidate, number } of drafted.drafts) {
    const decision = decisions.get(candidate.decisionKey)
    const unused = unusedNumber(candidate.wantedNumber, number, ledgers.identities.has(candidate.key), config.posix)
    if (decision !== undefined && unused !== undefined)
      decisions.set(candidate.decisionKey, { ...decision, note: joinNotes(decision.note, unused) })
  }
  const groups = primaryGroups(config.posix, candidates, decisions, drafted)
  const assembled = await assembleEntries(input, drafted, files, groups)
  for (const { key, reason, entryUUID } of assembled.displaced)
    decisions.set(key, { status: 'skipped', rule: 'entry', reason, evidence: false, entryUUID, name: null, note: null })
  const clashes = numberClashes(files, drafted.drafts, assembled.entries)
  for (const { number, owner, file } of clashes) {
    const theirs = decisions.get(owner.key)
    const note = `its number ${number} belongs to ${owner.dn}, who keeps it; give it another one in the file`
    if (theirs !== undefined)
      decisions.set(owner.key, {
        ...theirs,
        note: joinNotes(theirs.note, `the number ${number} stands in ${file.dn} too; give that entry another one`),
      })
    const ours = decisions.get(file.key) ?? { ...servedFromFile, entryUUID: file.entryUUID }
    decisions.set(file.key, { ...ours, note: joinNotes(ours.note, note) })
  }
  const refusals = new Map<string, Decision>()
  for (const candidate of candidates) {
    const decision = decisions.get(candidate.decisionKey)
    if (decision !== undefined && decision.status !== 'active') refusals.set(entryUuidOf(candidate, ledgers), decision)
  }
  return {
    entries: assembled.entries,
    decisions,
    refusals,
    passwords: passwordsOf(config, files, assembled.entries),
    ledgerChanges: ledgerChanges(input, candidates, drafted, linkMarks, returned),
    enrollments,
    numberClashes: clashes,
    inactiveNames: inactiveNames(candidates, decisions, (one) => assembled.entries.has(entryUuidOf(one, ledgers))),
  }
}

/** Entries of files need no decision, unless there is something to say of them. */
const servedFromFile = {
  status: 'active',
  rule: 'none',
  reason: 'served',
  evidence: false,
  name: null,
  note: null,
} as const

/** A bind by one of these names may mean them. User names are not among them: nobody else gets one that is held. */
function inactiveNames(
  candidates: readonly Candidate[],
  decisions: ReadonlyMap<string, Decision>,
  isServed: (candidate: Candidate) => boolean,
): ReadonlySet<string> {
  const names = new Set<string>()
  for (const candidate of candidates) {
    const status = decisions.get(candidate.decisionKey)?.status
    if (candidate.kind !== 'user' || isServed(candidate) || (status !== 'inactive' && status !== 'invited')) continue
    const { user } = candidate
    for (const name of [user.names.userPrincipalName, user.names.login, user.mail])
      if (typeof name === 'string' && name !== '') names.add(foldedName(name))
  }
  return names
}

function joinNotes(...notes: readonly (string | null | undefined)[]): string | null {
  return notes.filter((note) => note !== null && note !== undefined).join('; ') || null
}

/** What an administrator should read about somebody whose change waits. */
function heldDecision(
  decision: Decision | undefined,
  entryUUID: string,
  holds: Holds,
  isPaused: boolean,
): Decision | undefined {
  if (decision === undefined) return undefined
  const waits = isPaused ? 'waits until the provider is resumed' : 'waits for approval of the held changes'
  if (holds.keptOut.has(entryUUID))
    return { ...decision, status: 'inactive', rule: isPaused ? 'pause' : 'guard', reason: waits }
  if (holds.keptEntries.has(entryUUID)) return { ...decision, note: `served as before: the change ${waits}` }
  return undefined
}

function sourceKeysOf({ tenant, snapshot }: MirroredProvider): readonly string[] {
  if (snapshot.kind !== 'identities') return []
  return [...snapshot.users, ...snapshot.groups].map(({ id }) => identityKey(tenant, id))
}

function filesOf({ config, snapshot }: MirroredProvider): readonly FileEntry[] {
  return config.type === 'ldif' && snapshot.kind === 'entries' ? fileEntries(config, snapshot.entries) : []
}

function passwordsOf(
  config: Config,
  files: readonly FileEntry[],
  entries: ReadonlyMap<string, Entry>,
): ReadonlyMap<string, readonly string[]> {
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
      .map((file) => [file.source.id, binders.has(file.key) ? [] : file.source.passwords]),
  )
}
