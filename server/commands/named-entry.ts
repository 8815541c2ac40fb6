import { foldName } from '../../sync/reserved-names.ts'
import { ChangeRefused } from '../directory/credentials/change-refused.ts'
import type { Change, DirectoryStore } from '../directory/directory-store.ts'
import { normalizeDn, parseDn } from '../protocol/distinguished-name.ts'
import type { Workspace } from '../workspace.ts'
import { listed } from './listed.ts'

/** A person, group or other entry that is served, or was. */
export interface NamedEntry {
  readonly entryUUID: string
  /** The last one, where it is not served. */
  readonly dn: string
  readonly isServed: boolean
}

export interface FoundEntry extends NamedEntry {
  /** Others that once had the name. */
  readonly formerHolders: readonly NamedEntry[]
}

/**
 * The one entry of that name: whom `explain` understands by it, else who had it once, by user name, cn, address, DN, entryUUID
 * or source, as far as changes are kept. Throws ChangeRefused for nobody, and for several with their entryUUIDs.
 */
export async function entryNamed(
  { engine, directory }: Pick<Workspace, 'engine' | 'directory'>,
  text: string,
): Promise<FoundEntry> {
  const present = new Map<string, NamedEntry>()
  for (const { identity, entry, decision, label } of await engine.explain(text)) {
    const entryUUID = entry?.entryUUID ?? identity?.entryUUID ?? decision?.entryUUID
    if (entryUUID === undefined || entryUUID === null || present.has(entryUUID)) continue
    const served = entry ?? directory.entryByUuid(entryUUID)
    present.set(entryUUID, { entryUUID, dn: served?.dn ?? label, isServed: served !== undefined })
  }
  const logged = await holdersInLog(directory.store, text)
  const former = logged
    .filter(({ entryUUID }) => !present.has(entryUUID))
    .map(({ entryUUID, dn }): NamedEntry => {
      const served = directory.entryByUuid(entryUUID)
      return { entryUUID, dn: served?.dn ?? dn, isServed: served !== undefined }
    })
  const candidates = present.size > 0 ? [...present.values()] : former
  const [found, another] = candidates
  if (found === undefined)
    throw new ChangeRefused(
      `no entry is or was called "${text}", as far as changes are kept; use a user name, cn, address, DN or entryUUID`,
    )
  if (another !== undefined) {
    const names = candidates.map(({ entryUUID, dn }) => `${entryUUID} (${dn})`)
    throw new ChangeRefused(`"${text}" means ${names.length} entries; use one of ${listed(names)}`)
  }
  return { ...found, formerHolders: present.size > 0 ? former : [] }
}

/** Every entry that a change shows under the name, with its last DN. */
async function holdersInLog(
  store: Pick<DirectoryStore, 'changes'>,
  text: string,
): Promise<readonly { readonly entryUUID: string; readonly dn: string }[]> {
  const isWanted = nameTest(text)
  const dns = new Map<string, string>()
  const found = new Set<string>()
  for await (const change of store.changes(0)) {
    const { entryUUID, dn } = change
    const isNewDn = dns.get(entryUUID) !== dn
    dns.set(entryUUID, dn)
    if (found.has(entryUUID)) continue
    if (isWanted(change, isNewDn)) found.add(entryUUID)
  }
  return Array.from(found, (entryUUID) => ({ entryUUID, dn: dns.get(entryUUID) ?? '' }))
}

const namingAttributes = new Set(['uid', 'cn', 'mail', 'rosterdSource'])

/** Whether a change shows its entry under the name; DNs are looked at where they are new. */
function nameTest(text: string): (change: Change, isNewDn: boolean) => boolean {
  const wanted = foldName(text.trim())
  if (wanted === '') return () => false
  const wantedDn = dnKeyOf(text.trim())
  const isWantedDn = (dn: string) =>
    (wantedDn !== undefined && normalizeDn(dn) === wantedDn) ||
    (parseDn(dn)[0] ?? []).some(({ value }) => typeof value === 'string' && foldName(value) === wanted)
  return ({ entryUUID, dn, previousDn, attributes }, isNewDn) =>
    entryUUID === wanted ||
    (isNewDn && isWantedDn(dn)) ||
    (previousDn !== undefined && isWantedDn(previousDn)) ||
    attributes.some(
      ({ attribute, removed, added }) =>
        namingAttributes.has(attribute) &&
        [...removed, ...added].some((value) => typeof value === 'string' && foldName(value) === wanted),
    )
}

/** undefined for what is no DN. */
function dnKeyOf(text: string): string | undefined {
  if (!text.includes('=')) return undefined
  try {
    return normalizeDn(text)
  } catch {
    return undefined
  }
}
