import type { Entry } from '../directory/entry.ts'
import { normalizeDn } from '../protocol/distinguished-name.ts'
import { formatLdifRecord } from '../protocol/ldif.ts'
import { type Command, ExitCode } from './command.ts'

/** Records put together before they are handed on. */
const recordsPerPart = 200

/**
 * `rosterd export-ldif`: every entry as it is stored, entryUUID included, parents first. The text comes as progress, a few hundred entries
 * at a time; the value is the number of entries. Passwords are not part of it.
 */
export const exportLdifCommand: Command<object, number> = {
  name: 'export-ldif',
  async execute({ directory }, _input, progress) {
    const entries = [...directory.entries()].map((entry) => ({ key: normalizeDn(entry.dn), entry }))
    entries.sort((a, b) => (a.key < b.key ? -1 : 1))
    progress('version: 1\n\n')
    for (let at = 0; at < entries.length; at += recordsPerPart) {
      progress(
        entries
          .slice(at, at + recordsPerPart)
          .map(({ entry }) => ldifOf(entry))
          .join(''),
      )
      await new Promise(setImmediate)
    }
    return entries.length
  },
  text: () => '',
  exitCode: () => ExitCode.ok,
}

function ldifOf({ dn, entryUUID, attributes }: Entry): string {
  return formatLdifRecord(dn, [...attributes, ['entryUUID', [entryUUID]]])
}
