/** Hands out turns to the long operations of all connections, so that together they leave room for short ones. */
export interface Turns {
  /** Runs `step` in one of the next turns of the event loop, after what asked before. It must not throw. */
  take(step: () => void): void
}

/** Between two looks at the sockets. */
const turnMs = 10

export function createTurns(): Turns {
  const waiting: (() => void)[] = []
  let isUnderWay = false

  function run(): void {
    const until = performance.now() + turnMs
    do waiting.shift()?.()
    while (waiting.length > 0 && performance.now() < until)
    isUnderWay = waiting.length > 0
    if (isUnderWay) setImmediate(run)
  }

  return {
    take(step) {
      waiting.push(step)
      if (isUnderWay) return
      isUnderWay = true
      setImmediate(run)
    },
  }
}
