import { directoryAfter } from '../directory/past-directory.ts'
import type { Entry } from '../directory/entry.ts'
import { matchingEntries } from '../directory/matching-entries.ts'
import { normalizeDn } from '../protocol/distinguished-name.ts'
import { parseFilter } from '../protocol/filter-string.ts'
import { formatLdifRecord } from '../protocol/ldif.ts'
import { type Command, ExitCode } from './command.ts'
import { changeNumberAt, type DirectoryMoment } from './directory-moment.ts'

export interface ExportLdifInput {
  /** undefined: now. */
  readonly at?: DirectoryMoment | undefined
  /** The entry of this DN and all below; undefined: everything. */
  readonly base?: string | undefined
  /** RFC 4515; undefined: every entry. */
  readonly filter?: string | undefined
}

/** Records put together before they are handed on. */
const recordsPerPart = 200

/**
 * `rosterd export-ldif`: entries as they are stored, or were, entryUUID included, parents first. The text comes as progress, a
 * few hundred entries at a time; the value is the number of entries. Passwords are not part of it.
 */
export const exportLdifCommand: Command<ExportLdifInput, number> = {
  name: 'export-ldif',
  async execute({ directory, clock }, { at, base, filter }, progress) {
    const number = at === undefined ? undefined : await changeNumberAt(directory.store, at, clock.now())
    const parsed = filter === undefined ? undefined : parseFilter(filter)
    const states = await directoryAfter(directory, number)
    const matching = parsed === undefined ? undefined : await matchingEntries(states, parsed)
    const baseKey = base === undefined ? '' : normalizeDn(base)
    const wanted = states.filter(
      ({ key, entryUUID }) => key.startsWith(baseKey) && (matching === undefined || matching.has(entryUUID)),
    )
    progress(number === undefined ? 'version: 1\n\n' : `version: 1\n# as it was after change ${number}\n\n`)
    for (let from = 0; from < wanted.length; from += recordsPerPart) {
      progress(
        wanted
          .slice(from, from + recordsPerPart)
          .map((state) => ldifOf(state.read()))
          .join(''),
      )
      await new Promise(setImmediate)
    }
    return wanted.length
  },
  text: () => '',
  exitCode: () => ExitCode.ok,
}

function ldifOf({ dn, entryUUID, attributes }: Entry): string {
  return formatLdifRecord(dn, [...attributes, ['entryUUID', [entryUUID]]])
}
