import type { CallContext } from './identity-provider.ts'

/**
 * Starts the work for every item (the pacer caps what is in flight). The first failure aborts the rest and is thrown
 * once they have ended, so that no call outlives the run.
 */
export async function allOrFirstFailure<T, R>(
  items: readonly T[],
  context: CallContext,
  work: (item: T, context: CallContext) => Promise<R>,
): Promise<readonly R[]> {
  const stop = new AbortController()
  const signal = AbortSignal.any([context.signal, stop.signal])
  const failures: unknown[] = []
  const results = await Promise.allSettled(
    items.map(async (item) => {
      try {
        return await work(item, { ...context, signal })
      } catch (error) {
        failures.push(error)
        stop.abort(error)
        throw error
      }
    }),
  )
  if (failures.length > 0) throw failures[0]
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
}
