import { expect, test } from 'vitest'
import { networkProblem, networkTest } from '../../../server/runtime/networks.ts'

test.each<[readonly string[], string, boolean]>([
  [[], '192.0.2.1', true],
  [[], '2001:db8::1', true],
  [['192.0.2.0/24'], '192.0.2.255', true],
  [['192.0.2.0/24'], '192.0.3.0', false],
  [['192.0.2.77/24'], '192.0.2.1', true],
  [['192.0.2.1'], '192.0.2.1', true],
  [['192.0.2.1'], '192.0.2.2', false],
  [['192.0.2.1/32'], '192.0.2.2', false],
  [['0.0.0.0/0'], '203.0.113.9', true],
  [['0.0.0.0/0'], '2001:db8::1', false],
  [['10.0.0.0/8', '192.0.2.0/24'], '192.0.2.1', true],
  [['2001:db8::/32'], '2001:db8:ffff::1', true],
  [['2001:db8::/32'], '2001:db9::1', false],
  [['2001:DB8::1'], '2001:db8:0:0:0:0:0:1', true],
  [['::1'], '127.0.0.1', false],
])('%j holds %s: %j', (networks, address, expected) => {
  expect(networkTest(networks)(address)).toBe(expected)
})

test.each(['::ffff:10.1.2.3', '::FFFF:10.1.2.3', '::ffff:a01:203', '0:0:0:0:0:ffff:10.1.2.3'])(
  'the IPv4-mapped address %s is in the IPv4 network, and in no other',
  (address) => {
    expect(networkTest(['10.0.0.0/8'])(address)).toBe(true)
    expect(networkTest(['10.2.0.0/16', '2001:db8::/32'])(address)).toBe(false)
  },
)

test.each(['::ffff:10.0.0.0/104', '::ffff:10.1.2.3'])('%s is the IPv4 network too', (network) => {
  expect(networkTest([network])('10.1.2.3')).toBe(true)
  expect(networkTest([network])('::ffff:10.1.2.3')).toBe(true)
  expect(networkTest([network])('11.1.2.3')).toBe(false)
})

test('the zone of a link-local address does not count', () => {
  expect(networkTest(['fe80::/10'])('fe80::1%eth0')).toBe(true)
  expect(networkTest(['2001:db8::/32'])('fe80::1%eth0')).toBe(false)
})

test.each(['', 'internal', '10.0.0', '10.0.0.0/8'])('"%s" is no address, and in no network', (address) => {
  expect(networkTest(['0.0.0.0/0', '::/0'])(address)).toBe(false)
})

const notANetwork = 'is not an address or network such as "192.0.2.0/24" or "2001:db8::/32"'

test.each([
  ['192.0.2.0/33', 'has a prefix that is not 0 to 32'],
  ['192.0.2.0/', 'has a prefix that is not 0 to 32'],
  ['192.0.2.0/-1', 'has a prefix that is not 0 to 32'],
  ['192.0.2.0/8 ', 'has a prefix that is not 0 to 32'],
  ['192.0.2.0/255.255.255.0', 'has a prefix that is not 0 to 32'],
  ['2001:db8::/129', 'has a prefix that is not 0 to 128'],
  ['', notANetwork],
  ['/8', notANetwork],
  ['192.0.2/24', notANetwork],
  ['192.0.2.010', notANetwork],
  ['192.0.2.0/8/8', notANetwork],
  ['office.example.com', notANetwork],
  ['*', notANetwork],
])('"%s" %s', (text, problem) => {
  expect(networkProblem(text)).toBe(problem)
  expect(() => networkTest(['10.0.0.0/8', text])).toThrow(`"${text}" ${problem}`)
})

test.each(['192.0.2.0/24', '192.0.2.1', '0.0.0.0/0', '2001:db8::/32', '::1', '::ffff:192.0.2.0/120'])(
  '"%s" is a network',
  (text) => {
    expect(networkProblem(text)).toBeUndefined()
  },
)
