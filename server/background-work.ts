import type { Logger } from '../sync/logger.ts'

/** Work that was asked for by somebody who may not wait for its end. */
export interface BackgroundWork {
  /** Begins it, and settles as it does; what fails is logged, whoever waits or not. */
  start<T>(what: string, work: (stopping: AbortSignal) => Promise<T>): Promise<T>
  /** Cancels what can be cancelled. Resolves when nothing goes on any more. */
  close(): Promise<void>
}

export function createBackgroundWork(logger: Pick<Logger, 'warn'>): BackgroundWork {
  const stopping = new AbortController()
  const underWay = new Set<Promise<unknown>>()
  return {
    start(what, work) {
      const result = work(stopping.signal)
      const ended = result.then(
        () => undefined,
        (error: unknown) =>
          logger.warn(
            { what, error: error instanceof Error ? error.message : String(error) },
            'work that was asked for failed',
          ),
      )
      underWay.add(ended)
      void ended.then(() => underWay.delete(ended))
      return result
    },
    async close() {
      stopping.abort()
      await Promise.all(underWay)
    },
  }
}
