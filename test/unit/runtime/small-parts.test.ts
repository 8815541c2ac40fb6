import { expect, test } from 'vitest'
import { systemClock } from '../../../server/runtime/clock.ts'
import { didYouMean } from '../../../server/runtime/did-you-mean.ts'
import { isLoopbackAddress, isLoopbackHost } from '../../../server/runtime/loopback.ts'
import { createLdapMetrics } from '../../../server/runtime/metrics.ts'

test.each(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', '0:0:0:0:0:0:0:1'])('%s is loopback', (address) => {
  expect(isLoopbackAddress(address)).toBe(true)
})

test.each(['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', '::ffff:10.0.0.1', '', 'localhost', undefined])(
  '%s is not a loopback address',
  (address) => {
    expect(isLoopbackAddress(address)).toBe(false)
  },
)

test('localhost and bracketed addresses are loopback hosts, other names are not', () => {
  expect(['localhost', 'LOCALHOST', '[::1]', 'a.localhost', '127.0.0.1'].every(isLoopbackHost)).toBe(true)
  expect(['ldap.example.com', '0.0.0.0', 'localhost.example.com'].some(isLoopbackHost)).toBe(false)
})

test('suggests the nearest word, and none where none is near', () => {
  const words = ['port', 'publicUrls', 'passwordModify', 'tls']
  expect(['prot', 'publicURL', 'passwordmodifi', 'xyz', 'limits'].map((word) => didYouMean(word, words))).toEqual([
    'port',
    'publicUrls',
    'passwordModify',
    undefined,
    undefined,
  ])
})

test('metrics print in the exposition format, and two sets do not mix', async () => {
  const metrics = createLdapMetrics(String)
  const others = createLdapMetrics(String)
  metrics.operations.record('search', 0, 0.003)
  expect(await metrics.text()).toContain('rosterd_ldap_operations_total{operation="search",result="0"} 1')
  expect(await others.text()).not.toContain('operation="search"')
})

test('the system clock sleeps, and rejects with the reason of an abort', async () => {
  await systemClock.sleep(0)
  const reason = new Error('stopping')
  await expect(systemClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason)
  expect(Math.abs(systemClock.now().getTime() - Date.now())).toBeLessThan(60_000)
})
