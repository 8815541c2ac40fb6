/** So many at a time, and so many more that wait for a place. */
export interface Places {
  /** Works when there is a place; undefined, without working, when too many wait already. Throws the signal's reason. */
  use<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T | undefined>
}

export function createPlaces(count: number, waitingAtMost: number): Places {
  const waiting = new Set<() => void>()
  let taken = 0

  async function take(signal: AbortSignal): Promise<void> {
    if (taken < count) {
      taken++
      return
    }
    const turn = Promise.withResolvers<void>()
    const giveUp = () => {
      if (waiting.delete(turn.resolve)) turn.reject(signal.reason as Error)
    }
    waiting.add(turn.resolve)
    signal.addEventListener('abort', giveUp, { once: true })
    try {
      await turn.promise
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  function leave(): void {
    const [next] = waiting
    if (next === undefined) taken--
    else {
      waiting.delete(next)
      next()
    }
  }

  return {
    async use(signal, work) {
      signal.throwIfAborted()
      if (taken >= count && waiting.size >= waitingAtMost) return undefined
      await take(signal)
      try {
        return await work()
      } finally {
        leave()
      }
    },
  }
}
