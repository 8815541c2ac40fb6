import type { Ask } from './service.ts'

/** Calls that clients have in flight at once. */
const inParallel = 8

/** Access tokens that are good for so many calls; 0: any number. */
export class Tokens {
  readonly #uses: number
  /** Calls so far, by token. */
  readonly #used = new Map<string, number>()

  constructor(uses: number) {
    this.#uses = uses === 0 ? Number.POSITIVE_INFINITY : uses
  }

  give(token: string): string {
    this.#used.set(token, 0)
    return token
  }

  /** Whether the header has a token that is good for one more call. */
  take(authorization: string | undefined, scheme: string): boolean {
    const [given, token = ''] = (authorization ?? '').split(' ')
    const used = this.#used.get(token)
    if (given !== scheme || used === undefined || used >= this.#uses) return false
    this.#used.set(token, used + 1)
    return true
  }

  /** Whether a call that was given it in place of another may not have gone out yet. */
  isFresh({ headers }: Ask): boolean {
    return (this.#used.get((headers.authorization ?? '').split(' ')[1] ?? '') ?? inParallel) < inParallel
  }

  /** All but those that have just been given. */
  expire(): void {
    for (const [token, used] of this.#used) if (used >= inParallel) this.#used.delete(token)
  }
}
