/** The text form of schema definitions (RFC 4512 §4.1): `( 2.5.4.3 NAME 'cn' SUP name )`. */

export interface Definition {
  /** The definition as published. */
  readonly text: string
  readonly oid: string
  readonly names: readonly string[]
  /** Values by keyword: SUP, MUST, MAY, EQUALITY, SYNTAX, USAGE…; a keyword without a value has none. */
  readonly fields: ReadonlyMap<string, readonly string[]>
}

const keywords = new Set([
  'NAME',
  'DESC',
  'SUP',
  'EQUALITY',
  'ORDERING',
  'SUBSTR',
  'SYNTAX',
  'USAGE',
  'MUST',
  'MAY',
  'APPLIES',
])
const token = /'([^']*)'|[()$]|[^\s()$']+/g

/** Throws on text that is not a definition: the tables are part of the program. */
export function parseDefinition(text: string): Definition {
  const tokens = Array.from(text.matchAll(token), (match) => match[1] ?? match[0])
  const [open, oid] = tokens
  if (open !== '(' || oid === undefined || tokens.at(-1) !== ')') throw new Error(`not a schema definition: ${text}`)
  const fields = new Map<string, string[]>()
  for (let i = 2; i < tokens.length - 1; ) {
    const keyword = tokens[i] ?? ''
    i += 1
    if (!keywords.has(keyword)) {
      fields.set(keyword, [])
      continue
    }
    const values: string[] = []
    if (tokens[i] === '(') {
      for (i += 1; tokens[i] !== ')' && i < tokens.length; i += 1) if (tokens[i] !== '$') values.push(tokens[i] ?? '')
    } else {
      values.push(tokens[i] ?? '')
    }
    i += 1
    fields.set(keyword, values)
  }
  return { text: text.replace(/\s+/g, ' '), oid, names: fields.get('NAME') ?? [], fields }
}
