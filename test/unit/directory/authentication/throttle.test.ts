import { describe, expect, test } from 'vitest'
import { type BindMonitor, createBindMonitor } from '../../../../server/directory/authentication/bind-monitor.ts'
import type { BindAccount } from '../../../../server/directory/authentication/bind-watch.ts'

const minute = 60_000
const day = 24 * 60 * minute
const ada: BindAccount = { kind: 'person', id: 'uuid-of-ada' }
const person = (n: number): BindAccount => ({ kind: 'person', id: `uuid-${n}` })
const radius: BindAccount = { kind: 'binder', id: 'radius' }
const host = '192.0.2.10'
const radiusServer = '192.0.2.20'
const attacker = '203.0.113.5'

function start(before?: BindMonitor) {
  const clock = { nowMs: Date.parse('2026-03-01T12:00:00Z') }
  const alarms: string[] = []
  const monitor = createBindMonitor({
    nowMs: () => clock.nowMs,
    isExempt: (address) => address === '127.0.0.1',
    alarm: (address, accounts) => alarms.push(`${address} ${accounts}`),
  })
  for (const record of before?.changes() ?? []) monitor.apply(record)
  let made = 0
  const attempt = (account: BindAccount, address: string) => ({ account, address, binder: undefined })
  /** Whether the wrong password was looked at; each is another one unless it is given. */
  const fail = (account: BindAccount, address: string, fingerprint = `wrong ${(made += 1)}`) => {
    const refusal = monitor.admit(attempt(account, address))
    if (refusal === undefined) monitor.ended(attempt(account, address), { outcome: 'refused', fingerprint })
    return refusal
  }
  const succeed = (account: BindAccount, address: string) => {
    const refusal = monitor.admit(attempt(account, address))
    if (refusal === undefined)
      monitor.ended(attempt(account, address), { outcome: 'signed-in', credential: 'directory' })
    return refusal
  }
  const failTimes = (times: number, account: BindAccount, address: string) =>
    Array.from({ length: times }, () => fail(account, address)).filter((refusal) => refusal !== undefined).length
  return { clock, alarms, monitor, attempt, fail, failTimes, succeed }
}

describe('guessing one password from one address', () => {
  test('costs nothing ten times, and then twice the time of the guess before, up to a quarter of an hour', () => {
    const { clock, fail, failTimes } = start()
    expect(failTimes(11, ada, attacker)).toBe(0)
    for (const seconds of [5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900]) {
      clock.nowMs += seconds * 1000 - 1
      expect(fail(ada, attacker)).toMatch(/^too many wrong passwords from this address, next try 2026-03-01T/)
      clock.nowMs += 1
      expect(fail(ada, attacker)).toBeUndefined()
    }
  })

  test('refuses the right one as well, and nobody else, nor the same person elsewhere', () => {
    const { failTimes, succeed } = start()
    failTimes(11, ada, attacker)
    expect(succeed(ada, attacker)).toBeDefined()
    expect(succeed(person(1), attacker)).toBeUndefined()
    expect(succeed(ada, host)).toBeUndefined()
  })

  test('is over with the right one, which gives ten free again', () => {
    const { failTimes, succeed } = start()
    failTimes(10, ada, attacker)
    expect(succeed(ada, attacker)).toBeUndefined()
    expect(failTimes(11, ada, attacker)).toBe(0)
  })

  test('is forgotten after a day', () => {
    const { clock, failTimes } = start()
    expect(failTimes(11, ada, attacker)).toBe(0)
    clock.nowMs += day + 1
    expect(failTimes(11, ada, attacker)).toBe(0)
  })

  test('over many connections at once gains nothing: only one is looked at where none is free', () => {
    const { clock, monitor, attempt, failTimes } = start()
    failTimes(11, ada, attacker)
    clock.nowMs += minute
    expect(monitor.admit(attempt(ada, attacker))).toBeUndefined()
    expect(monitor.admit(attempt(ada, attacker))).toContain('one at a time')
    monitor.ended(attempt(ada, attacker), { outcome: 'undecided' })
    expect(monitor.admit(attempt(ada, attacker))).toBeUndefined()
  })

  test('goes by the /64 of an IPv6 address, and by the IPv4 address inside one', () => {
    const { fail, failTimes, succeed } = start()
    failTimes(11, ada, '2001:db8:0:1::1')
    expect(fail(ada, '2001:db8::1:ffff:0:0:2')).toBeDefined()
    expect(succeed(ada, '2001:db8:0:2::1')).toBeUndefined()
    failTimes(11, person(1), '::ffff:203.0.113.9')
    expect(fail(person(1), '203.0.113.9')).toBeDefined()
  })

  test('is slowed down alike where nobody has the name', () => {
    const { failTimes, monitor } = start()
    expect(failTimes(20, { kind: 'unknown', id: 'nobody' }, attacker)).toBe(9)
    expect(JSON.stringify(monitor.changes())).not.toContain('nobody')
  })

  test('does not count from an address that is exempt', () => {
    const { failTimes, monitor } = start()
    expect(failTimes(500, ada, '127.0.0.1')).toBe(0)
    expect(monitor.changes()).toEqual([])
  })
})

test('a phone that goes on with an old password counts once', () => {
  const { fail, succeed } = start()
  for (let i = 0; i < 1000; i += 1) expect(fail(ada, radiusServer, 'the old one')).toBeUndefined()
  expect(succeed(ada, radiusServer)).toBeUndefined()
})

describe('one robot behind the address of the RADIUS server', () => {
  test('stops nobody but whom it guesses, and raises one alarm an hour', () => {
    const { alarms, clock, fail, succeed } = start()
    succeed(radius, radiusServer)
    for (let n = 0; n < 200; n += 1) for (let i = 0; i < 3; i += 1) fail(person(n), radiusServer)
    expect(alarms).toEqual([`${radiusServer} 51`])
    expect(succeed(person(500), radiusServer)).toBeUndefined()
    expect(succeed(person(3), radiusServer)).toBeUndefined()
    expect(succeed(radius, radiusServer)).toBeUndefined()
    clock.nowMs += 61 * minute
    for (let n = 0; n < 60; n += 1) fail(person(n), radiusServer)
    expect(alarms).toHaveLength(2)
  })

  test('does not stop its victim, who signs in from a host of their own', () => {
    const { failTimes, succeed } = start()
    succeed(radius, radiusServer)
    failTimes(50, ada, radiusServer)
    expect(succeed(ada, radiusServer)).toBeDefined()
    expect(succeed(ada, host)).toBeUndefined()
  })
})

describe('an address that no binder uses', () => {
  test('is stopped as a whole when many accounts fail from it, but for those who signed in from it before', () => {
    const { alarms, clock, fail, succeed } = start()
    succeed(ada, attacker)
    for (let n = 0; n < 51; n += 1) expect(fail(person(n), attacker)).toBeUndefined()
    expect(fail(person(60), attacker)).toMatch(/^too many accounts failed from this address/)
    expect(succeed(person(70), attacker)).toBeDefined()
    expect(succeed(ada, attacker)).toBeUndefined()
    expect(succeed(person(60), host)).toBeUndefined()
    expect(alarms).toEqual([])
    clock.nowMs += 61 * minute
    expect(succeed(person(70), attacker)).toBeUndefined()
  })

  test('is let in again when a binder signs in from it', () => {
    const { fail, succeed } = start()
    succeed(radius, attacker)
    for (let n = 0; n < 60; n += 1) fail(person(n), attacker)
    expect(succeed(person(70), attacker)).toBeUndefined()
  })
})

test('guesses from everywhere stop an account where it is not known, and never where it signed in before', () => {
  const { fail, succeed, clock } = start()
  succeed(ada, host)
  let refusedUnread = 0
  for (let n = 0; n < 300; n += 1) if (fail(ada, `198.51.100.${n % 250}`)) refusedUnread += 1
  expect(refusedUnread).toBeGreaterThan(150)
  expect(fail(ada, '203.0.113.200')).toMatch(/^too many wrong passwords from many addresses/)
  expect(succeed(ada, host)).toBeUndefined()
  expect(succeed(person(1), '198.51.100.1')).toBeUndefined()
  clock.nowMs += 31 * day
  for (let n = 0; n < 300; n += 1) fail(ada, `198.51.100.${n % 250}`)
  expect(succeed(ada, host)).toBeDefined() // not used for a month, so it is like any other
})

describe('after a restart', () => {
  test('who was stopped still is, and who is known still gets in', () => {
    const first = start()
    first.succeed(ada, host)
    first.succeed(radius, radiusServer)
    first.failTimes(15, person(1), attacker)
    for (let n = 0; n < 300; n += 1) first.fail(ada, `198.51.100.${n % 250}`)
    const second = start(first.monitor)
    expect(second.fail(person(1), attacker)).toMatch(/^too many wrong passwords from this address/)
    expect(second.fail(ada, '203.0.113.200')).toMatch(/^too many wrong passwords from many addresses/)
    expect(second.succeed(ada, host)).toBeUndefined()
    for (let n = 0; n < 60; n += 1) second.fail(person(100 + n), radiusServer)
    expect(second.succeed(person(500), radiusServer)).toBeUndefined()
    expect(second.alarms).toHaveLength(1)
  })

  test('what was cleared is forgotten for good', () => {
    const { monitor, fail, failTimes } = start()
    failTimes(15, ada, attacker)
    const records = monitor.changes()
    expect(records).not.toEqual([])
    expect(fail(ada, attacker)).toBeDefined()
    for (const { collection, key } of records) monitor.apply({ collection, key, value: undefined })
    expect(fail(ada, attacker)).toBeUndefined()
  })
})

test('what the store is told is what has changed, once, and what has ended is removed', () => {
  const { monitor, clock, fail, failTimes, succeed } = start()
  fail(ada, attacker)
  expect(monitor.changes().map(({ key }) => key.join(' '))).toEqual([
    'pair person uuid-of-ada 203.0.113.5',
    'account person uuid-of-ada',
    'address 203.0.113.5',
  ])
  expect(monitor.changes()).toEqual([])
  failTimes(3, ada, host)
  monitor.changes()
  succeed(ada, host)
  expect(monitor.changes()).toEqual([
    { collection: 'throttle', key: ['pair', 'person', ada.id, host], value: undefined },
    {
      collection: 'activity',
      key: ['person', ada.id],
      value: { uses: [{ credential: 'directory', address: host, binder: null, at: '2026-03-01T12:00:00.000Z' }] },
    },
  ])
  clock.nowMs += day + 1
  expect(monitor.changes().every(({ value }) => value === undefined)).toBe(true)
})

test('a use is written again after a quarter of an hour, and the latest of each way are kept', () => {
  const { monitor, clock, succeed } = start()
  const uses = () =>
    monitor.changes().map(({ value }) => (value as { uses: { at: string }[] }).uses.map(({ at }) => at))
  succeed(ada, host)
  expect(uses()).toEqual([['2026-03-01T12:00:00.000Z']])
  clock.nowMs += 14 * minute
  succeed(ada, host)
  expect(uses()).toEqual([])
  clock.nowMs += minute
  succeed(ada, host)
  expect(uses()).toEqual([['2026-03-01T12:15:00.000Z']])
  for (let n = 0; n < 30; n += 1) succeed(ada, `198.51.100.${n}`)
  expect(uses()[0]).toHaveLength(20)
})

describe('a clock that was a year ahead and is set back', () => {
  const year = 365 * day

  test('refuses nobody for a year, and what was counted then is forgotten', () => {
    const { clock, failTimes, succeed, monitor } = start()
    clock.nowMs += year
    succeed(radius, radiusServer)
    failTimes(13, ada, attacker)
    expect(succeed(ada, attacker)).toBeDefined()
    clock.nowMs -= year
    const after = start(monitor)
    expect(after.succeed(ada, attacker)).toBeUndefined()
    expect(succeed(ada, attacker)).toBeUndefined()
    expect(failTimes(11, ada, attacker)).toBe(0)
  })

  test('leaves nobody known for a year longer', () => {
    const { clock, failTimes, succeed } = start()
    clock.nowMs += year
    succeed(radius, radiusServer)
    clock.nowMs -= year
    for (let n = 0; n < 60; n += 1) failTimes(1, person(n), radiusServer)
    expect(succeed(person(99), radiusServer)).toMatch(/^too many accounts failed from this address/)
  })
})

test('what could not be stored is given again, as it is then, until it is', () => {
  const { monitor, failTimes, succeed } = start()
  failTimes(3, ada, attacker)
  succeed(ada, host)
  const first = monitor.changes()
  expect(first).toHaveLength(4)
  expect(monitor.changes()).toEqual([])
  monitor.notKept(first)
  failTimes(1, ada, attacker)
  const again = monitor.changes()
  expect(again.map(({ key }) => key).sort()).toEqual(first.map(({ key }) => key).sort())
  expect(again.find(({ key }) => key[0] === 'pair')?.value).toMatchObject({ count: 4 })
})
