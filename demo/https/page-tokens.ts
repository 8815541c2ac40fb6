import { randomBytes } from 'node:crypto'

const maxTokens = 20_000

/** Opaque tokens for server-side state. A token can be used any number of times until it is dropped. */
export class PageTokens<State> {
  readonly #states = new Map<string, State>()
  readonly #prefix: string

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  issue(state: State): string {
    const token = this.#prefix + randomBytes(18).toString('base64url')
    this.#states.set(token, state)
    const oldest = this.#states.keys().next()
    if (this.#states.size > maxTokens && !oldest.done) this.#states.delete(oldest.value)
    return token
  }

  /** Undefined for a token that was never issued or was dropped. */
  read(token: string): State | undefined {
    return this.#states.get(token)
  }

  dropAll(): void {
    this.#states.clear()
  }
}
