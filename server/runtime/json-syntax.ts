export interface JsonSyntaxProblem {
  /** Both from 1. */
  readonly line: number
  readonly column: number
  /** What is wrong, without quoting the text, which may hold secrets. */
  readonly problem: string
}

/**
 * Where and why a text is not JSON (RFC 8259), or names a key twice in one object, which `JSON.parse` lets pass.
 * undefined when all is well.
 */
export function findJsonProblem(text: string): JsonSyntaxProblem | undefined {
  try {
    new JsonScanner(text).document()
    return undefined
  } catch (error) {
    if (!(error instanceof Found)) throw error
    const before = text.slice(0, error.offset).split('\n')
    return { line: before.length, column: (before.at(-1) ?? '').length + 1, problem: error.message }
  }
}

class Found extends Error {
  readonly offset: number

  constructor(offset: number, problem: string) {
    super(problem)
    this.offset = offset
  }
}

const space = /[ \t\n\r]*/y
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y
const maxDepth = 100

class JsonScanner {
  readonly #text: string
  #offset = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): void {
    this.#value(0)
    if (this.#peek() !== '') this.#fail('nothing may follow the closing brace')
  }

  #value(depth: number): void {
    if (depth > maxDepth) this.#fail('too deeply nested')
    const first = this.#peek()
    if (first === '{') return this.#object(depth)
    if (first === '[') return this.#array(depth)
    if (first === '"') return void this.#string()
    if (this.#match(scalar) === '') this.#fail('expected a value')
  }

  #object(depth: number): void {
    this.#offset++
    const names = new Set<string>()
    if (this.#take('}')) return
    do {
      if (this.#peek() !== '"') this.#fail('expected a key in double quotes')
      const start = this.#offset
      // The scanner has just checked that it is a JSON string.
      const name = JSON.parse(this.#string()) as string
      if (names.has(name)) throw new Found(start, `the key "${name}" stands twice in one object`)
      names.add(name)
      if (!this.#take(':')) this.#fail('expected ":" after the key')
      this.#value(depth + 1)
    } while (this.#take(','))
    if (!this.#take('}')) this.#fail('expected "," or "}"')
  }

  #array(depth: number): void {
    this.#offset++
    if (this.#take(']')) return
    do this.#value(depth + 1)
    while (this.#take(','))
    if (!this.#take(']')) this.#fail('expected "," or "]"')
  }

  #string(): string {
    const found = this.#match(string)
    if (found === '') this.#fail('this text is not closed, or holds a line break or an unknown escape')
    return found
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false
    this.#offset++
    return true
  }

  #peek(): string {
    this.#match(space)
    return this.#text.charAt(this.#offset)
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#offset
    const found = pattern.exec(this.#text)?.[0] ?? ''
    this.#offset += found.length
    return found
  }

  #fail(expected: string): never {
    const next = this.#text.charAt(this.#offset)
    if (next === '') throw new Found(this.#offset, `the file ends here, ${expected}`)
    if (next === '/' || next === '#') throw new Found(this.#offset, 'JSON has no comments')
    throw new Found(this.#offset, expected)
  }
}
