import { expect, test } from 'vitest'
import { type CpuProfile, selfTimes, selfTimeTable, threadOf } from '../../bench/cpu-profile.ts'

const frame = (id: number, functionName: string, url = '', lineNumber = -1) => ({
  id,
  callFrame: { functionName, url, lineNumber },
})
const profile: CpuProfile = {
  nodes: [
    frame(1, '(root)'),
    frame(2, '(idle)'),
    frame(3, '(garbage collector)'),
    frame(4, 'writev'),
    frame(5, 'search', 'file:///srv/rosterd/server/directory/search.ts', 61),
    frame(6, '', 'file:///srv/rosterd/server/ldap-worker.ts', 9),
    frame(7, 'search', 'file:///srv/rosterd/server/directory/search.ts', 61),
  ],
  startTime: 1_000,
  samples: [5, 2, 5, 7, 6, 4, 3, 5],
  timeDeltas: [100, 500, 30, 20, 10, 30, 10, 900],
}
const window = { from: 1_150, to: 1_750 }

test('self time is summed by function, from inside the window only, the idle time left out', () => {
  expect(selfTimes(profile, window)).toEqual({
    busySeconds: 0.0001,
    garbageCollection: 0.1,
    native: 0.3,
    nativeFunctions: [{ name: 'writev', place: '', share: 0.3 }],
    functions: [
      { name: 'search', place: 'server/directory/search.ts:62', share: 0.5 },
      { name: '(anonymous)', place: 'server/ldap-worker.ts:10', share: 0.1 },
    ],
  })
})

test('the table shows as many functions as asked for', () => {
  expect(selfTimeTable(selfTimes(profile, window), 1)).toBe(
    [
      'busy 0.00 s',
      ' 10.0 %  garbage collection',
      ' 30.0 %  native: writev 30.0 %',
      ' 50.0 %  search  server/directory/search.ts:62',
    ].join('\n'),
  )
})

test('a thread that did nothing has no shares', () => {
  const times = selfTimes(profile, { from: 5_000, to: 6_000 })
  expect([times.busySeconds, times.native, times.functions]).toEqual([0, 0, []])
})

test('a profile says which thread it is of', () => {
  const withOnly = (url: string) => ({ ...profile, nodes: [frame(1, 'x', url)] })
  expect(threadOf(profile)).toBe('LDAP thread')
  expect(threadOf(withOnly('file:///srv/rosterd/server/main.ts'))).toBe('main thread')
  expect(threadOf(withOnly('file:///srv/rosterd/server/bcrypt-worker.ts'))).toBe('another thread')
})
