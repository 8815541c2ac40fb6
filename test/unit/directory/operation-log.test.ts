import { expect, test } from 'vitest'
import { openDirectory } from '../../../server/directory/directory.ts'
import { isWanted, operationOfLine } from '../../../server/directory/operation-log/logged-operation.ts'
import { openOperationLog } from '../../../server/directory/operation-log/operation-log.ts'
import { openMemoryStore } from '../../../server/storage/memory-store.ts'
import { collect } from '../../contract/entry-builder.ts'
import { fakeClock } from '../../sync/fake-clock.ts'

const dayMs = 86_400_000

async function opened({ days = 30 } = {}) {
  const clock = fakeClock()
  const store = openMemoryStore({ clock })
  const directory = await openDirectory(store, 'dc=example,dc=com')
  const problems: unknown[] = []
  const open = () =>
    openOperationLog({ directory, clock, days: () => days, onProblem: (error) => void problems.push(error) })
  const line = (name: string, more: object = {}) =>
    `${JSON.stringify({
      event: 'operation',
      time: clock.now().toISOString(),
      connectionId: 7,
      remoteAddress: '192.0.2.7',
      messageId: 1,
      operation: 'bind',
      dn: name,
      identity: 'anonymous',
      result: 'invalidCredentials',
      durationMs: 1.5,
      ...more,
    })}\n`
  const blocks = async () => (await collect(store.list('operation', ['block']))).length
  return { clock, store, directory, problems, open, line, blocks, log: await open() }
}

const names = async (log: Awaited<ReturnType<typeof opened>>['log'], before?: number) =>
  (await collect(log.read(before))).map(({ name }) => name)

test('what was taken in is read at once, latest first, and after a restart', async () => {
  const { log, line, open } = await opened()
  log.take(Buffer.from(line('ada') + line('bob')))
  log.take(Buffer.from(line('eve')))
  expect(await names(log)).toEqual(['eve', 'bob', 'ada'])
  await log.flush()
  log.take(Buffer.from(line('zoe')))
  await log.flush()
  expect(await names(log)).toEqual(['zoe', 'eve', 'bob', 'ada'])
  const later = await open()
  later.take(Buffer.from(line('max')))
  expect(await names(later)).toEqual(['max', 'zoe', 'eve', 'bob', 'ada'])
})

test('a page goes on where the one before ended, also over blocks and while more comes', async () => {
  const { log, line, blocks } = await opened()
  for (let number = 0; number < 450; number += 1) log.take(Buffer.from(line(`p${number}`)))
  await log.flush()
  expect(await blocks()).toBe(3)
  const [last] = (await collect(log.read())).slice(249)
  log.take(Buffer.from(line('later')))
  expect(last?.name).toBe('p200')
  expect((await names(log, last?.number)).slice(0, 2)).toEqual(['p199', 'p198'])
})

test('is forgotten after so many days, whatever else the block holds', async () => {
  const { log, line, clock, blocks } = await opened({ days: 2 })
  log.take(Buffer.from(line('old')))
  clock.advance(1.5 * dayMs)
  log.take(Buffer.from(line('young')))
  await log.flush()
  clock.advance(dayMs)
  expect(await names(log)).toEqual(['young'])
  await log.flush()
  expect(await blocks()).toBe(1)
})

test('holds no more than 200,000 operations', async () => {
  const { log, line, store, blocks } = await opened()
  for (let batch = 0; batch < 41; batch += 1) {
    log.take(Buffer.from(line('x').repeat(5000)))
    await log.flush()
  }
  expect(await blocks()).toBeLessThanOrEqual(1001)
  await log.flush()
  expect((await collect(store.list('operation', ['span']))).length).toBe(await blocks())
})

test('what comes too fast is counted, and the rest kept', async () => {
  const { log, line, problems } = await opened()
  log.take(Buffer.from(line('x').repeat(6000)))
  await log.flush()
  expect((await names(log)).length).toBe(5000)
  expect(String(problems[0])).toContain('1000 operations came too fast to be kept')
})

test('what a store does not take is written the next time', async () => {
  const { log, line, store, directory, problems, clock } = await opened()
  const full = openOperationLog({
    directory: { store, commit: () => Promise.reject(new Error('disk full')) },
    clock,
    days: () => 30,
    onProblem: (error) => void problems.push(error),
  })
  const failing = await full
  failing.take(Buffer.from(line('ada')))
  await failing.flush()
  expect([String(problems[0]), await names(failing)]).toEqual(['Error: disk full', ['ada']])
  expect(directory.store).toBe(store)
  expect(await names(log)).toEqual([])
})

test.each([
  [{ operation: 'search', result: 'success' }, false],
  [{ operation: 'search', result: 'success', durationMs: 300 }, true],
  [{ operation: 'search', result: 'success', isUnindexed: true }, true],
  [{ operation: 'search', result: 'sizeLimitExceeded' }, true],
  [{ operation: 'compare', result: 'compareFalse' }, false],
  [{ operation: 'unbind', result: 'success' }, false],
  [{ operation: 'bind', result: 'success' }, true],
  [{ event: 'access log lines dropped', count: 3 }, false],
])('of %j it keeps: %s', async (more, isKept) => {
  const { line } = await opened()
  expect(operationOfLine(line('ada', more).trim()) !== undefined).toBe(isKept)
})

test('a name is cut, and found by any part of it', async () => {
  const { log, line } = await opened()
  log.take(Buffer.from(line(`uid=Ada,${'x'.repeat(500)}`, { reason: 'wrong password' })))
  const [one] = await collect(log.read())
  expect(one?.name.length).toBe(300)
  const wanted = (filter: object) => one !== undefined && isWanted(one, { search: '', ...filter })
  expect([{ search: 'uid=ada' }, { search: 'WRONG' }, { address: '192.0' }, { result: 'failure' }].map(wanted)).toEqual(
    Array.from({ length: 4 }, () => true),
  )
  expect([{ search: 'bob' }, { address: '10.' }, { result: 'success' }, { operation: 'search' }].map(wanted)).toEqual(
    Array.from({ length: 4 }, () => false),
  )
})
