/** Long enough to look through a list, short enough not to keep memory for nobody. */
const forgottenAfterMs = 10 * 60_000

/**
 * What `make` makes, as long as `stateOf` gives the same text; made anew otherwise, one at a time, and forgotten when nobody
 * asks for a while.
 */
export function keptWhile<Result>(stateOf: () => string, make: () => Promise<Result>): () => Promise<Result> {
  let kept: { readonly state: string; readonly result: Result } | undefined
  let last: Promise<unknown> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined

  async function present(): Promise<Result> {
    const state = stateOf()
    if (kept?.state !== state) kept = { state, result: await make() }
    clearTimeout(timer)
    timer = setTimeout(() => (kept = undefined), forgottenAfterMs).unref()
    return kept.result
  }

  return () => {
    const result = last.then(present)
    last = result.catch(() => undefined)
    return result
  }
}
