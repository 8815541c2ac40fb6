/** Hands out turns to the long operations of all connections, so that together they leave room for short ones. */
export interface Turns {
  /**
   * Runs `step` in one of the next turns of the event loop. Those who wait are served in rotation by `key`, who they are bound as: with a
   * hundred connections nobody gets more than with one. It must not throw.
   */
  take(key: string, step: () => void): void
}

/** Between two looks at the sockets. */
const turnMs = 1

export function createTurns(): Turns {
  /** Steps by key; the key whose turn is next comes first. */
  const waiting = new Map<string, (() => void)[]>()
  let isUnderWay = false

  function next(): (() => void) | undefined {
    for (const [key, steps] of waiting) {
      const step = steps.shift()
      waiting.delete(key)
      if (steps.length > 0) waiting.set(key, steps) // at the end of the line
      return step
    }
    return undefined
  }

  function run(): void {
    const until = performance.now() + turnMs
    do next()?.()
    while (waiting.size > 0 && performance.now() < until)
    isUnderWay = waiting.size > 0
    if (isUnderWay) setImmediate(run)
  }

  return {
    take(key, step) {
      const steps = waiting.get(key)
      if (steps) steps.push(step)
      else waiting.set(key, [step])
      if (isUnderWay) return
      isUnderWay = true
      setImmediate(run)
    },
  }
}
