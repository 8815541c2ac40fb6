import { badRequest } from './graph-error.ts'

export interface Filter {
  readonly matches: (object: Readonly<Record<string, unknown>>) => boolean
  /** True when the service wants `ConsistencyLevel: eventual` and `$count=true` (contract §3.4). */
  readonly isAdvanced: boolean
  /** Properties that the expression names. */
  readonly properties: ReadonlySet<string>
}

type Predicate = Filter['matches']

const advancedProperties = new Set(['companyName', 'employeeId', 'mobilePhone', 'onPremisesSamAccountName'])
const tokenPattern = /\s*('(?:[^']|'')*'|[A-Za-z_@][\w./@]*|-?\d+|[(),:])/y

/** Parses the part of OData `$filter` that the contract names. Throws `GraphRefusal`. */
export function parseFilter(text: string, known: readonly string[]): Filter {
  return new FilterParser(text, known).parse()
}

class FilterParser {
  readonly #tokens: string[]
  readonly #known: readonly string[]
  readonly #properties = new Set<string>()
  #isAdvanced = false
  #next = 0

  constructor(text: string, known: readonly string[]) {
    this.#tokens = tokenize(text)
    this.#known = known
  }

  parse(): Filter {
    const matches = this.#or()
    if (this.#next < this.#tokens.length) throw invalidFilter()
    for (const property of this.#properties) if (advancedProperties.has(property)) this.#isAdvanced = true
    return { matches, isAdvanced: this.#isAdvanced, properties: this.#properties }
  }

  #or(): Predicate {
    const parts = [this.#and()]
    while (this.#accept('or')) parts.push(this.#and())
    return (object) => parts.some((part) => part(object))
  }

  #and(): Predicate {
    const parts = [this.#unary()]
    while (this.#accept('and')) parts.push(this.#unary())
    return (object) => parts.every((part) => part(object))
  }

  #unary(): Predicate {
    if (this.#accept('not')) {
      this.#isAdvanced = true
      const inner = this.#unary()
      return (object) => !inner(object)
    }
    if (this.#accept('(')) {
      const inner = this.#or()
      this.#expect(')')
      return inner
    }
    return this.#comparison()
  }

  #comparison(): Predicate {
    const word = this.#take()
    if (word === 'startsWith' || word === 'startswith') return this.#affix((value, part) => value.startsWith(part))
    if (word === 'endsWith' || word === 'endswith') {
      this.#isAdvanced = true
      return this.#affix((value, part) => value.endsWith(part))
    }
    if (word.endsWith('/any')) return this.#any(word.slice(0, -'/any'.length))
    if (word.endsWith('/$count')) this.#isAdvanced = true
    const property = this.#property(word)
    if (this.#accept('in')) {
      const values = this.#list()
      return (object) => values.some((value) => isEqual(object[property], value))
    }
    const operator = this.#take()
    const value = this.#literal()
    if (operator === 'eq') return (object) => isEqual(object[property], value)
    if (operator === 'ne') {
      this.#isAdvanced = true
      return (object) => !isEqual(object[property], value)
    }
    throw invalidFilter()
  }

  #affix(test: (value: string, part: string) => boolean): Predicate {
    this.#expect('(')
    const property = this.#property(this.#take())
    this.#expect(',')
    const part = String(this.#literal()).toLowerCase()
    this.#expect(')')
    return (object) => typeof object[property] === 'string' && test(object[property].toLowerCase(), part)
  }

  #any(name: string): Predicate {
    const property = this.#property(name)
    this.#expect('(')
    const variable = this.#take()
    this.#expect(':')
    this.#expect(variable)
    this.#expect('eq')
    const value = this.#literal()
    this.#expect(')')
    return (object) => {
      const values = object[property]
      return Array.isArray(values) && values.some((item) => isEqual(item, value))
    }
  }

  #list(): unknown[] {
    this.#expect('(')
    const values = [this.#literal()]
    while (this.#accept(',')) values.push(this.#literal())
    this.#expect(')')
    return values
  }

  #literal(): unknown {
    const token = this.#take()
    if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'")
    if (token === 'true' || token === 'false') return token === 'true'
    if (token === 'null') return null
    if (/^-?\d+$/.test(token)) return Number(token)
    throw invalidFilter()
  }

  #property(name: string): string {
    if (!this.#known.includes(name)) throw badRequest(`Could not find a property named '${name}'.`)
    this.#properties.add(name)
    return name
  }

  #accept(token: string): boolean {
    if (this.#tokens[this.#next] !== token) return false
    this.#next += 1
    return true
  }

  #expect(token: string): void {
    if (!this.#accept(token)) throw invalidFilter()
  }

  #take(): string {
    const token = this.#tokens[this.#next]
    if (token === undefined) throw invalidFilter()
    this.#next += 1
    return token
  }
}

function tokenize(text: string): string[] {
  const tokens: string[] = []
  tokenPattern.lastIndex = 0
  while (tokenPattern.lastIndex < text.trimEnd().length) {
    const token = tokenPattern.exec(text)?.[1]
    if (token === undefined) throw invalidFilter()
    tokens.push(token)
  }
  return tokens
}

function isEqual(value: unknown, literal: unknown): boolean {
  if (typeof value === 'string' && typeof literal === 'string') return value.toLowerCase() === literal.toLowerCase()
  return value === literal
}

function invalidFilter(): Error {
  return badRequest('Invalid filter clause: syntax error.')
}
