import { expect, test } from 'vitest'
import { Lifecycle, LifecycleStopped } from '../../../server/runtime/lifecycle.ts'

function parts(lifecycle: Lifecycle) {
  const events: string[] = []
  const start = (name: string) =>
    lifecycle.start(
      name,
      () => {
        events.push(`start ${name}`)
        return name
      },
      (part) => void events.push(`stop ${part}`),
    )
  return { events, start }
}

test('starts in order and stops in reverse, once', async () => {
  const lifecycle = new Lifecycle()
  const { events, start } = parts(lifecycle)
  expect(await start('store')).toBe('store')
  await start('ldap')
  await Promise.all([lifecycle.stop(), lifecycle.stop()])
  await lifecycle.stopped
  expect(events).toEqual(['start store', 'start ldap', 'stop ldap', 'stop store'])
})

test('a part that fails to start stops those before it', async () => {
  const lifecycle = new Lifecycle()
  const { events, start } = parts(lifecycle)
  await start('store')
  const failed = lifecycle.start(
    'ldap',
    () => Promise.reject(new Error('address in use')),
    () => undefined,
  )
  await expect(failed).rejects.toThrow('address in use')
  expect(events).toEqual(['start store', 'stop store'])
  await expect(start('admin')).rejects.toThrow(LifecycleStopped)
})

test('an abort stops everything, a part that is just starting included', async () => {
  const abort = new AbortController()
  const lifecycle = new Lifecycle({ signal: abort.signal })
  const { events, start } = parts(lifecycle)
  await start('store')
  const opened = Promise.withResolvers<string>()
  const late = lifecycle.start(
    'ldap',
    () => opened.promise,
    (part) => void events.push(`stop ${part}`),
  )
  abort.abort()
  expect(lifecycle.stopping.aborted).toBe(true)
  opened.resolve('ldap')
  await expect(late).rejects.toThrow(LifecycleStopped)
  await lifecycle.stopped
  expect(events.toSorted()).toEqual(['start store', 'stop ldap', 'stop store'])
})

test('leaves behind a part that hangs or fails while stopping, and says so', async () => {
  const problems: string[] = []
  const lifecycle = new Lifecycle({
    stopTimeoutMs: 3000,
    clock: { sleep: async () => undefined },
    onStopProblem: (part, problem) => problems.push(`${part}: ${String(problem)}`),
  })
  const { events, start } = parts(lifecycle)
  await start('store')
  await lifecycle.start(
    'hanging',
    () => 1,
    () => new Promise<void>(() => undefined),
  )
  await lifecycle.start(
    'failing',
    () => 1,
    () => Promise.reject(new Error('broken')),
  )
  await lifecycle.stop()
  expect(problems).toContain('hanging: Error: hanging did not stop within 3 s')
  expect(problems).toContainEqual(expect.stringContaining('failing: Error'))
  expect(events).toContain('stop store')
})

test('work goes on until stopping begins, and is waited for', async () => {
  const lifecycle = new Lifecycle()
  const { events, start } = parts(lifecycle)
  const lastPiece = Promise.withResolvers<void>()
  await start('store')
  await lifecycle.run('watch', async (stopping) => {
    stopping.addEventListener('abort', () => events.push('watch told'))
    await lastPiece.promise
    events.push('watch ended')
  })
  const stopped = lifecycle.stop()
  await new Promise((resolve) => setImmediate(resolve))
  expect(events).toEqual(['start store', 'watch told'])
  lastPiece.resolve()
  await stopped
  expect(events).toEqual(['start store', 'watch told', 'watch ended', 'stop store'])
})
