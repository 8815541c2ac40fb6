import { readFile } from 'node:fs/promises'
import {
  type NumberProposal,
  type NumberWish,
  proposalCsv,
  proposeNumbers,
} from '../../sync/identities/number-proposal.ts'
import {
  compareDirectories,
  type ComparedDirectories,
  type CompareOptions,
  type Comparison,
  type Counts,
  type Difference,
  type Row,
} from '../comparison/compare-directories.ts'
import { comparedAttributes } from '../comparison/compared-attributes.ts'
import { readLdapServer } from '../comparison/ldap-source.ts'
import { readLdifFile } from '../comparison/ldif-source.ts'
import { type DirectorySide, type Group, peopleAndGroups } from '../comparison/people-and-groups.ts'
import { type PlainEntry, plainEntry } from '../comparison/plain-entry.ts'
import { primaryNumbersThere } from '../comparison/primary-number.ts'
import { parseLdif } from '../protocol/ldif.ts'
import type { Config } from '../runtime/config-schema.ts'
import { formatCsv } from '../runtime/csv.ts'
import { type Command, ExitCode } from './command.ts'
import { exportLdifCommand } from './export-ldif-command.ts'
import { idsExportCommand } from './ids-command.ts'

/*
 * The other directory is read and compared in the process of the command line, and the server is asked for its entries alone. Files,
 * password and network are those of whoever compares; what may be a large listing is never part of a request to the server, whose size is
 * limited; and a server that answers LDAP spends no turn on the comparison.
 */

export interface CompareInput extends CompareOptions {
  /** Address of an LDAP server, or path of an LDIF file. */
  readonly source: string
  readonly base: string | undefined
  readonly bindDn: string | undefined
  readonly passwordFile: string | undefined
  readonly caFile: string | undefined
  readonly insecureCleartext: boolean
  /** Whether the numbers there shall be proposed for an import. */
  readonly proposesNumbers: boolean
}

export interface CompareReport extends Comparison {
  readonly source: string
  /** null unless asked for. */
  readonly numbers: NumberProposal | null
}

interface CompareContext {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly posix: Config['posix']
  /** Runs a command where the store is. */
  readonly run: <Input, Value>(
    command: Command<Input, Value>,
    input: Input,
    progress: (value: unknown) => void,
  ) => Promise<Value>
}

/** `rosterd compare`: another directory beside what is served here. Throws an Error in one sentence when either cannot be read whole. */
export async function runCompare(input: CompareInput, context: CompareContext): Promise<CompareReport> {
  const { entries, notes } = await readSource(input, context.env)
  const there = peopleAndGroups(entries)
  if (there.people.length + there.groups.length === 0)
    throw new Error(
      `${input.source}: no person and no group was found there; check the base, and whether the account may read them`,
    )
  const here = peopleAndGroups(await servedEntries(context))
  if (here.people.length + here.groups.length === 0)
    throw new Error('nobody is served here yet; run "rosterd sync" first')
  const compared = compareDirectories(there, here, input)
  const numbers = input.proposesNumbers ? await numberProposal(compared, here, context) : null
  const { comparison } = compared
  return {
    source: input.source,
    ...comparison,
    notes: [...comparison.notes, ...notes, ...(numbers?.notes ?? [])],
    numbers: numbers?.proposal ?? null,
  }
}

async function readSource(input: CompareInput, env: CompareContext['env']) {
  const { source, base, insecureCleartext } = input
  if (!/^\w+:\/\//.test(source)) return { entries: await readLdifFile(source, base), notes: [] }
  const bind = input.bindDn === undefined ? undefined : { dn: input.bindDn, password: await password(input, env) }
  const caPem = input.caFile === undefined ? undefined : await readFile(input.caFile, 'utf8')
  return await readLdapServer({ url: source, base, bind, caPem, insecureCleartext })
}

const passwordVariable = 'ROSTERD_COMPARE_PASSWORD'

async function password({ passwordFile }: CompareInput, env: CompareContext['env']): Promise<string> {
  const text = passwordFile === undefined ? env[passwordVariable] : await readFile(passwordFile, 'utf8')
  const value = text?.replace(/\r?\n$/, '')
  if (value === undefined || value === '')
    throw new Error(
      `--bind-dn needs a password; put it into ${passwordVariable}, or into a file named by --password-file`,
    )
  return value
}

async function servedEntries({ run }: CompareContext): Promise<readonly PlainEntry[]> {
  const entries: PlainEntry[] = []
  await run(exportLdifCommand, {}, (part) => {
    for (const { dn, attributes } of parseLdif(String(part))) entries.push(plainEntry(dn, attributes))
  })
  return entries
}

async function numberProposal({ people, groups }: ComparedDirectories, here: DirectorySide, context: CompareContext) {
  const ledger = await context.run(idsExportCommand, {}, () => undefined)
  const wishes: NumberWish[] = []
  for (const { there, here } of people)
    if (there.uidNumber !== undefined && here.entryUUID !== undefined)
      wishes.push(wish('user', here.username ?? here.dn, here.entryUUID, here.sources, there.uidNumber))
  for (const { there, here } of groups)
    if (there.gidNumber !== undefined && here.entryUUID !== undefined)
      wishes.push(wish('group', here.cn, here.entryUUID, here.sources, there.gidNumber))
  const shared = here.groups.find(({ sources }) => sources.includes('rosterd:primary-group'))
  const primary = shared === undefined ? { wishes: [], notes: [] } : sharedGroupWish(shared, people, wishes)
  const holders = new Map<number, { entryUUID: string; dn: string }>()
  for (const { entryUUID = '', dn, gidNumber } of here.groups) holders.set(Number(gidNumber), { entryUUID, dn })
  for (const { entryUUID = '', dn, uidNumber } of here.people) holders.set(Number(uidNumber), { entryUUID, dn })
  const all = [...wishes, ...primary.wishes]
  return { proposal: proposeNumbers(all, ledger, context.posix, (number) => holders.get(number)), notes: primary.notes }
}

/** The group that everybody shares here takes over the number that everybody's primary group has there. */
function sharedGroupWish(group: Group, people: ComparedDirectories['people'], wishes: readonly NumberWish[]) {
  const nothing = { wishes: [], notes: [] }
  const { cn, entryUUID, sources, gidNumber } = group
  if (entryUUID === undefined || wishes.some((other) => other.entryUUID === entryUUID)) return nothing
  const numbers = [...primaryNumbersThere(people, gidNumber)]
  const [only, another] = numbers
  if (only === undefined) return nothing
  if (another !== undefined) {
    const listed = numbers.map(([number, count]) => `${number} of ${count}`).join(', ')
    return {
      wishes: [],
      notes: [
        `People whose primary group is ${cn} here have several there (gidNumber ${listed}): none is proposed for it.`,
      ],
    }
  }
  const namesake = wishes.find((other) => other.kind === 'group' && other.number === Number(only[0]))
  if (namesake !== undefined)
    return {
      wishes: [],
      notes: [
        `The primary group of people there is ${namesake.name}, which is served here: posix.primaryGroup { "kind": "source", "group": "${namesake.name}" } makes it theirs here too.`,
      ],
    }
  return { wishes: [wish('group', cn, entryUUID, sources, only[0])], notes: [] }
}

function wish(
  kind: NumberWish['kind'],
  name: string,
  entryUUID: string,
  sources: readonly string[],
  number: string,
): NumberWish {
  return { kind, name, entryUUID, sources, number: Number(number) }
}

export function compareExitCode({ rows }: CompareReport): number {
  return rows.every(({ status }) => status === 'same') ? ExitCode.ok : ExitCode.held
}

/** Members named in a line of the text form. */
const shownMembers = 10

export function compareText({ people, groups, attributes, notes, rows, numbers }: CompareReport): string {
  const differing = Object.entries(attributes).map(([attribute, count]) => `${attribute} ${count}`)
  const lines = [
    `people: ${countText(people)}`,
    `groups: ${countText(groups)}`,
    ...(differing.length > 0 ? [`differences: ${differing.join(', ')}`] : []),
    ...notes.map((note) => `note: ${note}`),
    '',
    ...rows.filter(({ status }) => status !== 'same').flatMap(rowText),
  ]
  if (numbers !== null) {
    lines.push(`${numbers.lines.length} numbers proposed, ${numbers.conflicts.length} conflicts.`)
    lines.push(...numbers.conflicts.map((conflict) => `conflict: ${conflict}`))
  }
  return `${lines.join('\n').trimEnd()}\n`
}

function countText(counts: Counts): string {
  const { there, here, same, differs, ambiguous } = counts
  return `${there} there, ${here} here: ${same} same, ${differs} differ, ${counts['only there']} only there, ${counts['only here']} only here, ${ambiguous} ambiguous`
}

function rowText({ kind, name, status, matchedBy, there, here, differences, reason }: Row): readonly string[] {
  if (status === 'differs') return [`${kind} ${name} (by ${matchedBy}):`, ...differences.map(differenceText)]
  return [`${kind} ${name}: ${status}: ${reason ?? there ?? here}`]
}

function differenceText({ attribute, there, here }: Difference): string {
  if (attribute !== 'members')
    return `  ${attribute}: ${there.join(', ') || 'none'} there, ${here.join(', ') || 'none'} here`
  const side = (where: string, names: readonly string[]) => {
    const more = names.length > shownMembers ? ` and ${names.length - shownMembers} more` : ''
    return names.length === 0 ? [] : [`only ${where} ${names.slice(0, shownMembers).join(', ')}${more}`]
  }
  return `  members: ${[...side('there', there), ...side('here', here)].join('; ')}`
}

/** One line for each person and group, with the values of what differs; several are separated by `; `. */
export function compareCsv({ rows }: CompareReport): string {
  const columns = ['kind', 'status', 'name', 'matchedBy', 'there', 'here', 'reason'] as const
  const sides = ['there', 'here'] as const
  const header = [...columns, ...comparedAttributes.flatMap((attribute) => sides.map((side) => `${attribute} ${side}`))]
  const lines = rows.map((row) => [
    ...columns.map((column) => row[column]),
    ...comparedAttributes.flatMap((attribute) => {
      const difference = row.differences.find((one) => one.attribute === attribute)
      return sides.map((side) => difference?.[side].join('; ') ?? null)
    }),
  ])
  return formatCsv([header, ...lines])
}

/** The file for `rosterd ids import`. */
export function compareIds({ numbers }: CompareReport): string {
  return proposalCsv(numbers ?? { lines: [], conflicts: [] })
}
