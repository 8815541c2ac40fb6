import type { Filter } from './filter.ts'

export class FilterSyntaxError extends Error {
  override readonly name = 'FilterSyntaxError'
  /** 1-based. */
  readonly column: number

  constructor(text: string, column: number, problem: string) {
    super(`"${text.length > 200 ? `${text.slice(0, 200)}…` : text}" is not a filter: ${problem} at column ${column}`)
    this.column = column
  }
}

/**
 * Parses the text form of a search filter (RFC 4515 §3).
 * Throws {@link FilterSyntaxError}, which carries the column, on bad text or nesting beyond `maxDepth`.
 */
export function parseFilter(text: string, { maxDepth = 64 } = {}): Filter {
  const parser = new FilterParser(text)
  const filter = parser.filter(maxDepth)
  parser.expectEnd()
  return filter
}

const attributeDescription = /^(?:[A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)*)(?:;[A-Za-z0-9-]+)*$/
const extensibleItem = /^([^:]*)((?::[Dd][Nn])?)(?::([A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)*))?:$/

class FilterParser {
  private readonly text: string
  private at = 0

  constructor(text: string) {
    this.text = text
  }

  private fail(problem: string, at = this.at): never {
    throw new FilterSyntaxError(this.text, at + 1, problem)
  }

  expectEnd(): void {
    if (this.at < this.text.length) this.fail('text after the filter')
  }

  filter(depthLeft: number): Filter {
    if (depthLeft <= 0) this.fail('nested too deep')
    if (this.text[this.at] !== '(') this.fail('expected "("')
    this.at += 1
    const filter = this.contents(depthLeft - 1)
    if (this.text[this.at] !== ')') this.fail('expected ")"')
    this.at += 1
    return filter
  }

  private contents(depthLeft: number): Filter {
    switch (this.text[this.at]) {
      case '&':
      case '|': {
        const type = this.text[this.at] === '&' ? 'and' : 'or'
        this.at += 1
        const filters: Filter[] = []
        while (this.text[this.at] === '(') filters.push(this.filter(depthLeft))
        return { type, filters }
      }
      case '!':
        this.at += 1
        return { type: 'not', filter: this.filter(depthLeft) }
      default:
        return this.item()
    }
  }

  private item(): Filter {
    const start = this.at
    const equals = this.text.indexOf('=', start)
    const close = this.text.indexOf(')', start)
    if (equals < 0 || (close >= 0 && close < equals)) this.fail('expected "="')
    const left = this.text.slice(start, equals)
    this.at = equals + 1
    const parts = this.value()
    const operator = left.at(-1)
    if (operator === ':') return this.extensible(left, this.single(parts), start)
    const type =
      operator === '>' ? 'greaterOrEqual' : operator === '<' ? 'lessOrEqual' : operator === '~' ? 'approx' : 'equality'
    const attribute = type === 'equality' ? left : left.slice(0, -1)
    if (!attributeDescription.test(attribute)) this.fail(`"${attribute}" is not an attribute`, start)
    if (type !== 'equality' || parts.length === 1) return { type, attribute, value: this.single(parts) }
    if (parts.length === 2 && parts.every((part) => part.length === 0)) return { type: 'present', attribute }
    return this.substrings(attribute, parts)
  }

  private substrings(attribute: string, parts: readonly Buffer[]): Filter {
    const optional = (part: Buffer | undefined) => (part && part.length > 0 ? part : undefined)
    const any = parts.slice(1, -1)
    if (any.some((part) => part.length === 0)) this.fail('empty part between two "*"')
    return { type: 'substrings', attribute, initial: optional(parts[0]), any, final: optional(parts.at(-1)) }
  }

  private extensible(left: string, value: Buffer, start: number): Filter {
    const match = extensibleItem.exec(left)
    if (!match) this.fail('malformed extensible match', start)
    const [, attribute, dn, rule] = match
    if (attribute !== '' && !attributeDescription.test(attribute ?? ''))
      this.fail(`"${attribute}" is not an attribute`, start)
    if (attribute === '' && rule === undefined) this.fail('extensible match without attribute and rule', start)
    return {
      type: 'extensible',
      rule,
      attribute: attribute === '' ? undefined : attribute,
      value,
      dnAttributes: dn !== '',
    }
  }

  private single(parts: readonly Buffer[]): Buffer {
    const [only] = parts
    if (only === undefined || parts.length > 1) this.fail('"*" is not allowed here; write \\2a')
    return only
  }

  /** The parts of a value between unescaped `*`, unescaped. */
  private value(): Buffer[] {
    const parts: Buffer[] = []
    let octets: Buffer[] = []
    let segment = this.at
    const endSegment = () => {
      if (this.at > segment) octets.push(Buffer.from(this.text.slice(segment, this.at)))
    }
    for (; this.at < this.text.length; this.at += 1) {
      const character = this.text[this.at]
      if (character === ')') break
      if (character === '(' || character === '\0') this.fail(`unescaped ${JSON.stringify(character)}`)
      if (character === '\\') {
        endSegment()
        const pair = this.text.slice(this.at + 1, this.at + 3)
        if (!/^[0-9A-Fa-f]{2}$/.test(pair)) this.fail('"\\" without two hex digits')
        octets.push(Buffer.from(pair, 'hex'))
        this.at += 2
        segment = this.at + 1
      } else if (character === '*') {
        endSegment()
        parts.push(Buffer.concat(octets))
        octets = []
        segment = this.at + 1
      }
    }
    endSegment()
    parts.push(Buffer.concat(octets))
    return parts
  }
}

/** The text form (RFC 4515); octets that are not printable ASCII or UTF-8 text are escaped. */
export function formatFilter(filter: Filter): string {
  switch (filter.type) {
    case 'and':
    case 'or':
      return `(${filter.type === 'and' ? '&' : '|'}${filter.filters.map(formatFilter).join('')})`
    case 'not':
      return `(!${formatFilter(filter.filter)})`
    case 'present':
      return `(${filter.attribute}=*)`
    case 'equality':
      return `(${filter.attribute}=${escapeFilterValue(filter.value)})`
    case 'greaterOrEqual':
      return `(${filter.attribute}>=${escapeFilterValue(filter.value)})`
    case 'lessOrEqual':
      return `(${filter.attribute}<=${escapeFilterValue(filter.value)})`
    case 'approx':
      return `(${filter.attribute}~=${escapeFilterValue(filter.value)})`
    case 'substrings': {
      const edge = (part: Uint8Array | undefined) => (part ? escapeFilterValue(part) : '')
      return `(${filter.attribute}=${[edge(filter.initial), ...filter.any.map(escapeFilterValue), edge(filter.final)].join('*')})`
    }
    case 'extensible':
      return `(${filter.attribute ?? ''}${filter.dnAttributes ? ':dn' : ''}${filter.rule === undefined ? '' : `:${filter.rule}`}:=${escapeFilterValue(filter.value)})`
    case 'unrecognized':
      return '(?)'
    default:
      return filter satisfies never
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function escapeFilterValue(value: Uint8Array): string {
  const hex = (octet: number) => `\\${octet.toString(16).padStart(2, '0')}`
  let text: string
  try {
    text = utf8.decode(value)
  } catch {
    return Array.from(value, hex).join('')
  }
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\0-\x1f\x7f()*\\]/g, (character) => hex(character.charCodeAt(0)))
}
