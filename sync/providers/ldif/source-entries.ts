import { createHash } from 'node:crypto'
import { withoutClearText } from '../../../server/directory/authentication/password-hash.ts'
import { normalizeDn, parentDn, parentKey } from '../../../server/protocol/distinguished-name.ts'
import { type LdifRecord, LdifSyntaxError, parseLdif } from '../../../server/protocol/ldif.ts'
import type { SourceEntry, SourceValue } from '../../identity.ts'
import { isUuid, nameBasedUuid } from '../../name-based-uuid.ts'
import { ProviderError } from '../../provider-error.ts'

export interface LdifSource {
  /** Provider id. */
  readonly provider: string
  /** Path as errors name it. */
  readonly file: string
  readonly baseDn: string
  /** DNs that exist without the file: suffix and containers. */
  readonly existingDns: readonly string[]
}

/** Computed by the server, whatever the file says (lower case). */
const operationalAttributes = new Set([
  'entryuuid',
  'entrydn',
  'entrycsn',
  'contextcsn',
  'createtimestamp',
  'modifytimestamp',
  'creatorsname',
  'modifiersname',
  'structuralobjectclass',
  'subschemasubentry',
  'hassubordinates',
  'numsubordinates',
  'memberof',
  'pwdchangedtime',
  'rosterdsource',
])

/**
 * The entries of an LDIF file, verbatim but for operational attributes and passwords. Throws a {@link ProviderError}
 * that names file and line for syntax errors, entries outside the suffix, doubled DNs or ids, and missing parents.
 */
export function readSourceEntries(text: string, source: LdifSource): readonly SourceEntry[] {
  const wrong = (line: number, what: string, advice: string) =>
    new ProviderError({ provider: source.provider, call: `${source.file}:${line}`, what, advice })
  const suffixKey = normalizeDn(source.baseDn)
  const known = new Set(source.existingDns.map(normalizeDn))
  const firstLine = new Map<string, number>()
  const idLine = new Map<string, number>()
  const entries: SourceEntry[] = []

  for (const record of parseRecords(text, wrong)) {
    const { dn, line } = record
    const key = normalized(dn, line, wrong)
    if (!key.startsWith(suffixKey))
      throw wrong(line, `"${dn}" is not below the suffix "${source.baseDn}"`, 'Move it or change baseDn.')
    const earlier = firstLine.get(key)
    if (earlier !== undefined)
      throw wrong(line, `"${dn}" is there already, at line ${earlier}`, 'Remove one of the two.')
    firstLine.set(key, line)
    const entry = toSourceEntry(record, key, source.provider)
    const sameId = idLine.get(entry.id)
    if (sameId !== undefined)
      throw wrong(line, `entryUUID ${entry.id} is taken by the entry at line ${sameId}`, 'Give each its own.')
    idLine.set(entry.id, line)
    entries.push(entry)
  }
  for (const entry of entries) {
    const key = normalizeDn(entry.dn)
    const parent = parentKey(key)
    if (key === suffixKey || known.has(parent) || firstLine.has(parent)) continue
    throw wrong(entry.line, `the parent of "${entry.dn}" does not exist`, `Add an entry for "${parentDn(entry.dn)}".`)
  }
  return entries
}

type WrongAt = (line: number, what: string, advice: string) => ProviderError

function parseRecords(text: string, wrong: WrongAt): readonly LdifRecord[] {
  try {
    return parseLdif(text)
  } catch (error) {
    if (!(error instanceof LdifSyntaxError)) throw error
    throw wrong(error.line, error.message, 'Correct the file (RFC 2849).')
  }
}

function normalized(dn: string, line: number, wrong: WrongAt): string {
  try {
    return normalizeDn(dn)
  } catch (error) {
    throw wrong(line, `"${dn}" is not a DN: ${error instanceof Error ? error.message : ''}`, 'Correct it (RFC 4514).')
  }
}

function toSourceEntry(record: LdifRecord, dnKey: string, provider: string): SourceEntry {
  const attributes: [string, readonly SourceValue[]][] = []
  const passwords: string[] = []
  let id: string | undefined
  for (const [attribute, values] of record.attributes) {
    const name = attribute.toLowerCase()
    if (name === 'userpassword') passwords.push(...values.map(asText))
    else if (name === 'entryuuid' && typeof values[0] === 'string' && isUuid(values[0])) id = values[0].toLowerCase()
    if (name !== 'userpassword' && !operationalAttributes.has(name))
      attributes.push([attribute, values.map(toSourceValue)])
  }
  id ??= nameBasedUuid('ldif', provider, dnKey)
  const kept = passwords.map((password, index) => withoutClearText(password, saltOf(id, index)))
  return { id, dn: record.dn, attributes, passwords: kept, line: record.line }
}

/** The same at every reading: what did not change in the file is to stay what it is. */
function saltOf(id: string, index: number): Buffer {
  return createHash('sha256').update(`${id}\0${index}`).digest().subarray(0, saltOctets)
}

const saltOctets = 16

function asText(value: string | Uint8Array): string {
  return typeof value === 'string' ? value : Buffer.from(value).toString('latin1')
}

function toSourceValue(value: string | Uint8Array): SourceValue {
  return typeof value === 'string' ? value : { base64: Buffer.from(value).toString('base64') }
}
