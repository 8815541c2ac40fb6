import { invalidSearch } from './okta-error.ts'

type Operator = 'eq' | 'gt' | 'ge' | 'lt' | 'le' | 'sw' | 'co' | 'pr'

/** Tells whether an expression may compare `property` with `operator`. */
export type ExpressionRules = (property: string, operator: Operator) => boolean

type Predicate = (object: object) => boolean

const operators: readonly string[] = ['eq', 'gt', 'ge', 'lt', 'le', 'sw', 'co', 'pr']
const tokenPattern = /\s*("(?:[^"\\]|\\.)*"|[()]|[A-Za-z_][\w.]*|true|false|-?\d+)/y

/** Parses `filter` and `search` expressions: comparisons, `and`, `or`, parentheses (contract §2.3). Throws E0000031. */
export function parseExpression(text: string, rules: ExpressionRules): Predicate {
  const tokens = tokenize(text)
  const matches = parseOr(tokens, rules)
  if (tokens.length > 0) throw invalidSearch()
  return matches
}

function parseOr(tokens: string[], rules: ExpressionRules): Predicate {
  const parts = [parseAnd(tokens, rules)]
  while (accept(tokens, 'or')) parts.push(parseAnd(tokens, rules))
  return (object) => parts.some((part) => part(object))
}

function parseAnd(tokens: string[], rules: ExpressionRules): Predicate {
  const parts = [parseComparison(tokens, rules)]
  while (accept(tokens, 'and')) parts.push(parseComparison(tokens, rules))
  return (object) => parts.every((part) => part(object))
}

function parseComparison(tokens: string[], rules: ExpressionRules): Predicate {
  if (accept(tokens, '(')) {
    const inner = parseOr(tokens, rules)
    if (!accept(tokens, ')')) throw invalidSearch()
    return inner
  }
  const property = tokens.shift()
  const operator = tokens.shift()
  if (property === undefined || operator === undefined || !isOperator(operator) || !rules(property, operator)) {
    throw invalidSearch()
  }
  if (operator === 'pr')
    return (object) => valueAt(object, property) !== undefined && valueAt(object, property) !== null
  const literal = parseLiteral(tokens.shift())
  return (object) => isMatch(valueAt(object, property), operator, literal)
}

function isOperator(word: string): word is Operator {
  return operators.includes(word)
}

function parseLiteral(token: string | undefined): string {
  if (token?.startsWith('"') === true) return token.slice(1, -1).replaceAll(/\\(.)/g, '$1')
  if (token === 'true' || token === 'false' || (token !== undefined && /^-?\d+$/.test(token))) return token
  throw invalidSearch()
}

/** Values compare without regard to case, instants as instants. */
function isMatch(value: unknown, operator: Operator, literal: string): boolean {
  if (value === undefined || value === null) return false
  if (Array.isArray(value)) return value.some((item) => isMatch(item, operator, literal))
  const [left, right] = comparable(asText(value), literal)
  switch (operator) {
    case 'eq':
      return left === right
    case 'gt':
      return left > right
    case 'ge':
      return left >= right
    case 'lt':
      return left < right
    case 'le':
      return left <= right
    case 'sw':
      return String(left).startsWith(String(right))
    case 'co':
      return String(left).includes(String(right))
    case 'pr':
      return true
    default:
      return operator satisfies never
  }
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function comparable(value: string, literal: string): readonly [string | number, string | number] {
  const isInstant = /^\d{4}-\d\d-\d\dT/
  if (isInstant.test(value) && isInstant.test(literal)) return [Date.parse(value), Date.parse(literal)]
  return [value.toLowerCase(), literal.toLowerCase()]
}

function valueAt(object: object, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => {
    return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
  }, object)
}

function accept(tokens: string[], token: string): boolean {
  if (tokens[0] !== token) return false
  tokens.shift()
  return true
}

function tokenize(text: string): string[] {
  const tokens: string[] = []
  const end = text.trimEnd().length
  tokenPattern.lastIndex = 0
  while (tokenPattern.lastIndex < end) {
    const token = tokenPattern.exec(text)?.[1]
    if (token === undefined) throw invalidSearch()
    tokens.push(token)
  }
  return tokens
}
