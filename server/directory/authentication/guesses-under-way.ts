/**
 * Different passwords of one account that are looked at at once, from one network. Without a bound, whoever sends hundreds in
 * one moment has them all looked at before the first is known to be wrong and counts.
 */
export interface GuessesUnderWay {
  /** Ends what it began; undefined when there are too many. The same password again is no further one. */
  begin(account: string, network: string, fingerprint: string): (() => void) | undefined
}

const mostAtOnce = 8

export function createGuessesUnderWay(): GuessesUnderWay {
  const underWay = new Map<string, Map<string, number>>()
  return {
    begin(account, network, fingerprint) {
      const name = `${network}\0${account}`
      const guesses = underWay.get(name) ?? new Map<string, number>()
      const same = guesses.get(fingerprint) ?? 0
      if (same === 0 && guesses.size >= mostAtOnce) return undefined
      guesses.set(fingerprint, same + 1)
      underWay.set(name, guesses)
      return () => {
        const left = (guesses.get(fingerprint) ?? 1) - 1
        if (left > 0) guesses.set(fingerprint, left)
        else guesses.delete(fingerprint)
        if (guesses.size === 0) underWay.delete(name)
      }
    },
  }
}
