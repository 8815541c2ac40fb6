import type { Entry } from '../server/directory/entry.ts'
import { decisionKey, providerOfDecision } from './candidates.ts'
import type { Draft } from './drafts.ts'
import { entryType, type FileEntry, textValuesOf } from './file-entries.ts'

/** A number that somebody of a cloud provider keeps for ever, and that an entry of a file names as its own. */
export interface NumberClash {
  readonly number: number
  readonly owner: Pick<Draft, 'dn'> & { readonly key: string }
  readonly file: Pick<FileEntry, 'dn'> & { readonly key: string; readonly entryUUID: string }
}

/**
 * Clashes among what is served. The gidNumber of a person in a file is none: it names a group, which may well be a
 * cloud's.
 */
export function numberClashes(
  files: readonly FileEntry[],
  drafts: readonly Draft[],
  entries: ReadonlyMap<string, Entry>,
): readonly NumberClash[] {
  const owners = new Map(drafts.map((draft) => [draft.number, draft]))
  return files.flatMap(({ provider, source: { id }, dn }) => {
    const entry = entries.get(id)
    const type = entry === undefined ? 'entry' : entryType(entry)
    if (entry === undefined || type === 'entry') return []
    const numbers = textValuesOf(entry.attributes, type === 'user' ? 'uidNumber' : 'gidNumber')
    return numbers.map(Number).flatMap((number) => {
      const owner = owners.get(number)
      if (owner === undefined || owner.entryUUID === id || !entries.has(owner.entryUUID)) return []
      const file = { key: decisionKey(provider, type, id), dn, entryUUID: id }
      return [{ number, owner: { key: owner.candidate.decisionKey, dn: owner.dn }, file }]
    })
  })
}

const maxNamed = 10

/** What a run of the provider tells of clashes: one notice, however many there are. */
export function clashNotices(clashes: readonly NumberClash[], provider: string): readonly string[] {
  const own = clashes.filter(({ owner, file }) => [owner, file].some(({ key }) => providerOfDecision(key) === provider))
  if (own.length === 0) return []
  const named = own.slice(0, maxNamed).map(({ number, owner, file }) => `${file.dn} has ${number} of ${owner.dn}`)
  const more = own.length > maxNamed ? ` and ${own.length - maxNamed} more` : ''
  return [`numbers of cloud identities stand in a file; give its entries others: ${named.join('; ')}${more}`]
}
