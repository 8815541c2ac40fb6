import { parse } from 'csv-parse/sync'
import { parseLdif } from '../../server/protocol/ldif.ts'
import type { IdentityKind, Linked } from '../ledgers.ts'
import type { ExportedId } from './identity-export.ts'

export type ImportFormat = 'csv' | 'ldif' | 'getent'

/** One line of a file: a number, and whose it is. */
export interface ImportedId {
  /** From 1. */
  readonly line: number
  readonly kind: IdentityKind
  readonly number: number
  readonly name: string | null
  readonly mail: string | null
  readonly employeeId: string | null
  /** A line of our own export: it names the source itself. */
  readonly ledger: ExportedId | undefined
}

/** Throws with the line and the reason. */
export function parseImport(text: string, format: ImportFormat): readonly ImportedId[] {
  switch (format) {
    case 'csv':
      return parseCsv(text)
    case 'ldif':
      return parseLdif(text).flatMap(({ line, attributes }): readonly ImportedId[] => {
        const values = new Map([...attributes].map(([name, all]) => [name.toLowerCase(), all.map(String)]))
        const first = (name: string) => values.get(name)?.[0] ?? null
        const classes = new Set((values.get('objectclass') ?? []).map((name) => name.toLowerCase()))
        const common = { line, ledger: undefined, mail: first('mail'), employeeId: first('employeenumber') }
        if (classes.has('posixaccount'))
          return [{ ...common, kind: 'user', name: first('uid'), number: numberOf(first('uidnumber'), line) }]
        if (classes.has('posixgroup'))
          return [{ ...common, kind: 'group', name: first('cn'), number: numberOf(first('gidnumber'), line) }]
        return []
      })
    case 'getent':
      return text.split('\n').flatMap((content, index): readonly ImportedId[] => {
        const fields = content.trim() === '' ? [] : content.trim().split(':')
        if (fields.length === 0) return []
        const line = index + 1
        // passwd(5) has 7 fields, group(5) 4.
        const kind = fields.length === 7 ? 'user' : fields.length === 4 ? 'group' : undefined
        if (kind === undefined)
          throw new Error(`line ${line}: is not a line of "getent passwd" (7 fields) or "getent group" (4 fields)`)
        const number = numberOf(fields[2] ?? null, line)
        return [{ line, kind, number, name: fields[0] ?? null, mail: null, employeeId: null, ledger: undefined }]
      })
    default:
      return format satisfies never
  }
}

function parseCsv(text: string): readonly ImportedId[] {
  const rows = parse(text, { columns: true, bom: true, skip_empty_lines: true, trim: true, info: true }) as unknown as {
    record: Readonly<Record<string, string>>
    info: { lines: number }
  }[]
  return rows.map(({ record, info: { lines: line } }) => {
    const fields = new Map(Object.entries(record).map(([name, value]) => [name.toLowerCase(), value]))
    const first = (...names: readonly string[]) => names.map((name) => fields.get(name)).find(Boolean) ?? null
    const isGroup =
      first('kind') === 'group' || (first('kind') === null && first('gidnumber') !== null && !first('uid'))
    const kind: IdentityKind = isGroup ? 'group' : 'user'
    const number = numberOf(first('number', kind === 'user' ? 'uidnumber' : 'gidnumber'), line)
    const name = first('name', 'username', 'uid', 'cn')
    const [mail, employeeId] = [first('mail', 'email'), first('employeeid', 'employeenumber')]
    return { line, kind, number, name, mail, employeeId, ledger: ledgerLine(fields, kind, number) }
  })
}

function ledgerLine(fields: ReadonlyMap<string, string>, kind: IdentityKind, number: number): ExportedId | undefined {
  const text = (name: string) => fields.get(name.toLowerCase()) || null
  const [tenant, id] = [text('tenant'), text('id')]
  if (tenant === null || id === null) return undefined
  const linked = text('linked')
  return {
    tenant,
    id,
    kind,
    name: text('name'),
    nameWanted: text('nameWanted'),
    entryUUID: text('entryUUID'),
    number,
    firstSeen: text('firstSeen'),
    goneSince: text('goneSince'),
    linked: linked === 'automatic' || linked === 'confirmed' ? (linked satisfies Linked) : null,
  }
}

function numberOf(text: string | null, line: number): number {
  if (text !== null && /^\d{1,10}$/.test(text)) return Number(text)
  throw new Error(`line ${line}: ${text === null ? 'has no number' : `"${text}" is not a number`}`)
}

/** A CSV file with the columns `from` and `to`: immutable ids. */
export function parseRelinkPairs(text: string): readonly { readonly from: string; readonly to: string }[] {
  const rows = parse<Readonly<Record<string, string>>>(text, {
    columns: (names: string[]) => names.map((name) => name.toLowerCase()),
    bom: true,
    skip_empty_lines: true,
    trim: true,
  })
  return rows.map(({ from, to }, index) => {
    if (!from || !to) throw new Error(`record ${index + 1}: needs both columns, "from" and "to"`)
    return { from, to }
  })
}
