import { describe, expect, test } from 'vitest'
import { readProxyHeader } from '../../../server/ldap/proxy-protocol.ts'

const signature = '0d0a0d0a000d0a515549540a'
const v2 = (rest: string) => Buffer.from(signature + rest.replaceAll(' ', ''), 'hex')
const after = Buffer.from([0x30, 0x0c])

describe.each<[string, Buffer, string | undefined]>([
  ['TCP over IPv4', Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.1 56324 389\r\n'), '192.0.2.1'],
  ['TCP over IPv6', Buffer.from('PROXY TCP6 2001:db8::1 2001:db8::2 56324 389\r\n'), '2001:db8::1'],
  ['a proxy that does not know', Buffer.from('PROXY UNKNOWN\r\n'), undefined],
  ['a proxy that says more of what it does not know', Buffer.from('PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n'), undefined],
  ['TCP over IPv4, version 2', v2('21 11 000c c0000201 c6336401 dc04 0185'), '192.0.2.1'],
  [
    'TCP over IPv4 with further fields, version 2',
    v2('21 11 0011 c0000201 c6336401 dc04 0185 0400 02 aabb'),
    '192.0.2.1',
  ],
  [
    'TCP over IPv6, version 2',
    v2('21 21 0024 20010db8000000000000000000000001 20010db8000000000000000000000002 dc04 0185'),
    '2001:db8:0:0:0:0:0:1',
  ],
  [
    'IPv4 in IPv6, version 2',
    v2('21 21 0024 00000000000000000000ffffc0000201 00000000000000000000ffffc6336401 dc04 0185'),
    '192.0.2.1',
  ],
  ['the proxy for itself, version 2', v2('20 00 0000'), undefined],
  ['a Unix socket, version 2', v2(`21 31 00d8 ${'00'.repeat(216)}`), undefined],
])('%s', (_, header, source) => {
  test('is read, and what follows is left', () => {
    expect(readProxyHeader(Buffer.concat([header, after]))).toEqual({
      state: 'complete',
      octets: header.length,
      source,
    })
  })

  test('is read however it is cut', () => {
    for (let length = 0; length < header.length; length += 1)
      expect(readProxyHeader(header.subarray(0, length))).toEqual({ state: 'incomplete' })
    expect(readProxyHeader(header)).toEqual({ state: 'complete', octets: header.length, source })
  })
})

test.each<[string, Buffer]>([
  ['LDAP', Buffer.from('300c020101600702010304008000', 'hex')],
  ['a TLS handshake', Buffer.from('160301', 'hex')],
  ['another word', Buffer.from('PROXX TCP4')],
  ['a line without an end', Buffer.from(`PROXY UNKNOWN ${'x'.repeat(100)}`)],
  ['an address of the other family', Buffer.from('PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n')],
  ['no address', Buffer.from('PROXY TCP4 somewhere 192.0.2.1 1 2\r\n')],
  ['too few fields', Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2\r\n')],
  ['another protocol', Buffer.from('PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n')],
  ['version 3', v2('31 11 000c c0000201 c6336401 dc04 0185')],
  ['a command that nobody has defined', v2('22 11 000c c0000201 c6336401 dc04 0185')],
  ['fewer octets than addresses have', v2('21 11 0008 c0000201 c6336401')],
  ['more octets than anybody needs', v2('21 11 ffff')],
])('%s is not a header', (_, octets) => {
  expect(readProxyHeader(octets)).toEqual({ state: 'invalid' })
})
