import type { Clock } from '../server/runtime/clock.ts'

/** Sleep that can be cut short. */
export interface Alarm {
  /** Resolves after so long, when the signal aborts, or when it is woken; at once when it was woken since the last sleep. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  wake(): void
}

export function createAlarm(clock: Pick<Clock, 'sleep'>): Alarm {
  let bell = new AbortController()
  return {
    async sleep(ms, signal) {
      const ended = AbortSignal.any([signal, bell.signal])
      try {
        if (!ended.aborted) await clock.sleep(ms, ended)
      } catch (error) {
        if (!ended.aborted) throw error
      } finally {
        bell = new AbortController()
      }
    },
    wake: () => bell.abort(),
  }
}
