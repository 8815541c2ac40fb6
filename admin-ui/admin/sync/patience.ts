import { setTimeout as delay } from 'node:timers/promises'

const patienceMs = 10_000

/** What work gives; undefined when a browser would wait for it too long. The work goes on, and whoever began it sees to how it ends. */
export async function inPatience<T>(work: Promise<T>): Promise<{ readonly result: T } | undefined> {
  const waiting = new AbortController()
  const tooLong = delay(patienceMs, undefined, { signal: waiting.signal, ref: false })
  try {
    return await Promise.race([work.then((result) => ({ result })), tooLong.then(() => undefined)])
  } finally {
    waiting.abort()
    tooLong.catch(() => undefined)
  }
}
