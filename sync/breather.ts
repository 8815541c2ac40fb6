import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * Lets the event loop run in the middle of long work, so that searches are answered meanwhile. The function it gives
 * is called often; it resolves at once but for every `maxHoldMs` milliseconds, when it waits for the next turn.
 */
export function createBreather(maxHoldMs = 8): () => Promise<void> {
  let since = performance.now()
  return async () => {
    if (performance.now() - since < maxHoldMs) return
    await nextTurn()
    since = performance.now()
  }
}
