/** LDIF content records (RFC 2849); change records are refused. */

export interface LdifRecord {
  readonly dn: string
  /** Line of the `dn:`, 1-based. */
  readonly line: number
  /** Values by attribute description, in the spelling of its first use. */
  readonly attributes: ReadonlyMap<string, readonly (string | Uint8Array)[]>
}

export class LdifSyntaxError extends Error {
  override readonly name = 'LdifSyntaxError'
  readonly line: number

  constructor(line: number, problem: string) {
    super(`line ${line}: ${problem}`)
    this.line = line
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const description = /^(?:[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)*)(?:;[A-Za-z0-9-]+)*$/

interface LogicalLine {
  readonly text: string
  readonly line: number
}

/** `firstLine` is the number of the first line, for a part of a file. Throws {@link LdifSyntaxError}, which carries the line. */
export function parseLdif(text: string, firstLine = 1): LdifRecord[] {
  const records: LdifRecord[] = []
  let current:
    | { dn: string; line: number; attributes: Map<string, (string | Uint8Array)[]>; spelling: Map<string, string> }
    | undefined
  for (const { text: content, line } of logicalLines(text, firstLine)) {
    if (content === '') {
      if (current) records.push(current)
      current = undefined
      continue
    }
    const { name, value } = parseLine(content, line)
    if (current === undefined) {
      if (name.toLowerCase() === 'version' && records.length === 0) continue
      if (name.toLowerCase() !== 'dn') throw new LdifSyntaxError(line, `a record begins with "dn:", not "${name}:"`)
      if (typeof value !== 'string') throw new LdifSyntaxError(line, 'the DN is not UTF-8 text')
      current = { dn: value, line, attributes: new Map(), spelling: new Map() }
      continue
    }
    if (name.toLowerCase() === 'dn')
      throw new LdifSyntaxError(line, 'a second "dn:" in one record; records are separated by an empty line')
    if (name.toLowerCase() === 'changetype')
      throw new LdifSyntaxError(line, 'change records ("changetype:") are not accepted')
    const spelling = current.spelling.get(name.toLowerCase()) ?? name
    current.spelling.set(name.toLowerCase(), spelling)
    const values = current.attributes.get(spelling)
    if (values) values.push(value)
    else current.attributes.set(spelling, [value])
  }
  if (current) records.push(current)
  return records
}

function* logicalLines(text: string, firstLine: number): Generator<LogicalLine> {
  let pending: { text: string; line: number } | undefined
  let number = firstLine - 1
  for (const raw of text.split('\n')) {
    number += 1
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw
    if (line.startsWith(' ')) {
      if (!pending?.text) throw new LdifSyntaxError(number, 'continuation line without a line before it')
      pending.text += line.slice(1)
      continue
    }
    if (pending && !pending.text.startsWith('#')) yield pending
    pending = { text: line, line: number }
  }
  if (pending && !pending.text.startsWith('#')) yield pending
  yield { text: '', line: number + 1 }
}

function parseLine(content: string, line: number): { name: string; value: string | Uint8Array } {
  const colon = content.indexOf(':')
  const name = content.slice(0, colon)
  if (colon < 0 || !description.test(name))
    throw new LdifSyntaxError(line, `expected "attribute: value", found "${content.slice(0, 40)}"`)
  const rest = content.slice(colon + 1)
  if (rest.startsWith('<'))
    throw new LdifSyntaxError(line, 'values by URL (":<") are not accepted; put the value in the file')
  if (!rest.startsWith(':')) return { name, value: rest.replace(/^ +/, '') }
  const base64 = rest.slice(1).trim()
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.length % 4 !== 0)
    throw new LdifSyntaxError(line, `the value of "${name}" is not base64`)
  const octets = Buffer.from(base64, 'base64')
  try {
    return { name, value: utf8.decode(octets) }
  } catch {
    return { name, value: octets }
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: SAFE-STRING of RFC 2849
const safeString = /^[\x01-\x09\x0b\x0c\x0e-\x1f\x21-\x39\x3b\x3d-\x7f][\x01-\x09\x0b\x0c\x0e-\x7f]*$/

/** One line of LDIF, base64 where RFC 2849 asks for it, folded at 76 columns. */
export function formatLdifLine(name: string, value: string | Uint8Array): string {
  const text =
    typeof value === 'string' && (value === '' || (safeString.test(value) && !value.endsWith(' ')))
      ? `${name}: ${value}`
      : `${name}:: ${Buffer.from(value as string).toString('base64')}`
  return `${text.slice(0, 76)}${text.slice(76).replace(/.{1,75}/g, '\n $&')}\n`
}

export function formatLdifRecord(
  dn: string,
  attributes: Iterable<readonly [string, readonly (string | Uint8Array)[]]>,
): string {
  let text = formatLdifLine('dn', dn)
  for (const [name, values] of attributes) for (const value of values) text += formatLdifLine(name, value)
  return `${text}\n`
}
