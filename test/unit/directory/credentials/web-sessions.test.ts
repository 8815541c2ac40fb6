import { expect, test } from 'vitest'
import { createWebSessions, runSessionSweep } from '../../../../server/directory/credentials/web-sessions.ts'
import { openTestAccounts } from '../../../builders/sign-in-accounts.ts'
import { manualClock } from '../../../sync/fake-clock.ts'

const hour = 3_600_000

async function open() {
  const accounts = await openTestAccounts()
  const clock = manualClock()
  const sessions = createWebSessions({ directory: accounts.directory, clock })
  const kept = async () => {
    const keys: (string | undefined)[] = []
    for await (const { key } of accounts.directory.store.list('session')) keys.push(key.at(-1))
    return keys
  }
  const begin = (key: string, ms: number) => sessions.set(key, { expiresAt: clock.now().getTime() + ms, session: {} })
  return { sessions, clock, kept, begin, [Symbol.asyncDispose]: () => accounts[Symbol.asyncDispose]() }
}

test('sessions that have expired are removed while the server runs, also after a look that failed', async () => {
  await using opened = await open()
  const { sessions, clock, kept, begin } = opened
  await begin('short', hour / 2)
  await begin('long', 3 * hour)
  const problems: unknown[] = []
  const stop = new AbortController()
  let isBroken = true
  const sweep = () => (isBroken ? Promise.reject(new Error('disk full')) : sessions.sweep())
  const ended = runSessionSweep({ sweep }, { clock, onProblem: (error) => problems.push(error) }, stop.signal)
  await clock.pass(hour / 2)
  expect([await kept(), problems.length]).toEqual([['long', 'short'], 1])
  isBroken = false
  await clock.pass(hour)
  expect(await kept()).toEqual(['long'])
  stop.abort()
  await ended
})

test('a session that has ended is not written anew', async () => {
  await using opened = await open()
  const { sessions, kept, begin } = opened
  await begin('one', hour)
  await sessions.update('one', { expiresAt: 1, session: { notice: 'done' } })
  expect(await sessions.get('one')).toMatchObject({ session: { notice: 'done' } })
  await sessions.delete('one')
  await sessions.update('one', { expiresAt: 2, session: {} })
  expect(await kept()).toEqual([])
})
