import { describe, expect, test } from 'vitest'
import { formatLdifLine, formatLdifRecord, LdifSyntaxError, parseLdif } from '../../../server/protocol/ldif.ts'

const plain = (text: string) =>
  parseLdif(text).map(({ dn, attributes }) => ({ dn, attributes: Object.fromEntries(attributes) }))

describe('the examples of RFC 2849', () => {
  test('1: two entries', () => {
    const text = `version: 1
dn: cn=Barbara Jensen, ou=Product Development, dc=airius, dc=com
objectclass: top
objectclass: person
cn: Barbara Jensen
cn: Babs Jensen
sn: Jensen
telephonenumber: +1 408 555 1212
description: A big sailing fan.

dn: cn=Bjorn Jensen, ou=Accounting, dc=airius, dc=com
objectclass: top
sn: Jensen
`
    expect(plain(text)).toEqual([
      {
        dn: 'cn=Barbara Jensen, ou=Product Development, dc=airius, dc=com',
        attributes: {
          objectclass: ['top', 'person'],
          cn: ['Barbara Jensen', 'Babs Jensen'],
          sn: ['Jensen'],
          telephonenumber: ['+1 408 555 1212'],
          description: ['A big sailing fan.'],
        },
      },
      {
        dn: 'cn=Bjorn Jensen, ou=Accounting, dc=airius, dc=com',
        attributes: { objectclass: ['top'], sn: ['Jensen'] },
      },
    ])
  })

  test('2: a folded value', () => {
    const text = `version: 1
dn:cn=Barbara Jensen, ou=Product Development, dc=airius, dc=com
description:Babs is a big sailing fan, and travels extensively in sea
 rch of perfect sailing conditions.
title:Product Manager, Rod and Reel Division
`
    expect(plain(text)[0]?.attributes).toEqual({
      description: ['Babs is a big sailing fan, and travels extensively in search of perfect sailing conditions.'],
      title: ['Product Manager, Rod and Reel Division'],
    })
  })

  test('3: a value in base64', () => {
    const text = `version: 1
dn: cn=Gern Jensen, ou=Product Testing, dc=airius, dc=com
description:: V2hhdCBhIGNhcmVmdWwgcmVhZGVyIHlvdSBhcmUhICBUaGlzIHZhbHVl
 IGlzIGJhc2UtNjQtZW5jb2RlZCBiZWNhdXNlIGl0IGhhcyBhIGNvbnRyb2wgY2hhcmFjdG
 VyIGluIGl0IChhIENSKS4NICBCeSB0aGUgd2F5LCB5b3Ugc2hvdWxkIHJlYWxseSBnZXQg
 b3V0IG1vcmUu
`
    expect(plain(text)[0]?.attributes['description']).toEqual([
      'What a careful reader you are!  This value is base-64-encoded because it has a control character in it (a CR).\r  By the way, you should really get out more.',
    ])
  })

  test('4: names in UTF-8, languages as options', () => {
    const text = `version: 1
dn:: b3U95Za25qWt6YOoLG89QWlyaXVz
# dn:: ou=<JapaneseOU>,o=Airius
objectclass: organizationalUnit
ou:: 5Za25qWt6YOo
# ou:: <JapaneseOU>
ou;lang-ja:: 5Za25qWt6YOo
ou;lang-ja;phonetic:: 44GI44GE44GO44KH44GG44G2
ou;lang-en: Sales
`
    expect(plain(text)).toEqual([
      {
        dn: 'ou=営業部,o=Airius',
        attributes: {
          objectclass: ['organizationalUnit'],
          ou: ['営業部'],
          'ou;lang-ja': ['営業部'],
          'ou;lang-ja;phonetic': ['えいぎょうぶ'],
          'ou;lang-en': ['Sales'],
        },
      },
    ])
  })

  test('5: a value by URL is refused', () => {
    const text = 'dn: cn=a\njpegphoto:< file:///usr/local/directory/photos/fiona.jpg\n'
    expect(() => parseLdif(text)).toThrow('line 2: values by URL')
  })

  test('6: change records are refused', () => {
    expect(() => parseLdif('version: 1\ndn: cn=Fiona\nchangetype: add\ncn: Fiona\n')).toThrow('line 3: change records')
  })
})

describe('reads', () => {
  test('nothing as no records', () => {
    expect(parseLdif('')).toEqual([])
    expect(parseLdif('\n\n# only a comment\n\n')).toEqual([])
    expect(parseLdif('version: 1\n')).toEqual([])
  })

  test('lines that end in CR LF', () => {
    expect(plain('dn: cn=a\r\ncn: a\r\n b\r\n\r\ndn: cn=c\r\n')).toEqual([
      { dn: 'cn=a', attributes: { cn: ['ab'] } },
      { dn: 'cn=c', attributes: {} },
    ])
  })

  test('a last line without an end', () => {
    expect(plain('dn: cn=a\ncn: a')).toEqual([{ dn: 'cn=a', attributes: { cn: ['a'] } }])
  })

  test('comments, folded ones too, anywhere', () => {
    expect(plain('# one\n  cn: no\ndn: cn=a\n# two\ncn: a\n# three\n\n# four\n')).toEqual([
      { dn: 'cn=a', attributes: { cn: ['a'] } },
    ])
  })

  test('a number sign that is folded as part of a value', () => {
    expect(plain('dn: cn=a\ncn: a\n #b\n')).toEqual([{ dn: 'cn=a', attributes: { cn: ['a#b'] } }])
  })

  test('an empty value, and space at the end of one', () => {
    expect(plain('dn:\ncn:\nsn: a \ngn::\n')).toEqual([{ dn: '', attributes: { cn: [''], sn: ['a '], gn: [''] } }])
  })

  test('one attribute in several spellings as one', () => {
    expect(plain('dn: cn=a\nMail: a\nmail: b\nMAIL: c\n')).toEqual([
      { dn: 'cn=a', attributes: { Mail: ['a', 'b', 'c'] } },
    ])
  })

  test('octets that are not UTF-8 as octets', () => {
    expect(parseLdif('dn: cn=a\nphoto:: /9j/\n')[0]?.attributes.get('photo')).toEqual([Buffer.from('ffd8ff', 'hex')])
  })

  test('the line of each record', () => {
    expect(parseLdif('version: 1\n\n# x\ndn: cn=a\ncn: a\n\n\ndn: cn=b\n').map(({ line }) => line)).toEqual([4, 8])
  })

  test('several empty lines between records', () => {
    expect(plain('\n\ndn: cn=a\n\n\n\ndn: cn=b\n\n')).toHaveLength(2)
  })
})

describe('refuses', () => {
  test.each([
    ['a record that does not begin with its DN', 'cn: a\n', 1, 'a record begins with "dn:", not "cn:"'],
    ['a DN that is not text', 'dn:: /w==\n', 1, 'the DN is not UTF-8 text'],
    ['a line without a colon', 'dn: cn=a\ncn\n', 2, 'expected "attribute: value", found "cn"'],
    ['a name that is none', 'dn: cn=a\nc n: a\n', 2, 'expected "attribute: value"'],
    ['a name with an empty option', 'dn: cn=a\ncn;: a\n', 2, 'expected "attribute: value"'],
    ['base64 that is none', 'dn: cn=a\ncn:: a*b=\n', 2, 'the value of "cn" is not base64'],
    ['base64 that is cut off', 'dn: cn=a\ncn:: YWI\n', 2, 'the value of "cn" is not base64'],
    ['a continuation of nothing', ' cn: a\n', 1, 'continuation line without a line before it'],
    ['a continuation of an empty line', 'dn: cn=a\n\n cn: a\n', 3, 'continuation line without a line before it'],
    ['a second DN in one record', 'dn: cn=a\ncn: a\ndn: cn=b\n', 3, 'a second "dn:" in one record'],
    ['a version after the first record', 'dn: cn=a\n\nversion: 1\n', 3, 'a record begins with "dn:"'],
  ])('%s', (_, text, line, problem) => {
    expect(() => parseLdif(text)).toThrow(LdifSyntaxError)
    expect(() => parseLdif(text)).toThrow(`line ${line}: ${problem}`)
  })

  test('a folded line at the line where it begins', () => {
    expect(() => parseLdif('dn: cn=a\n# c\ncn:: a\n b\n c\n')).toThrow(expect.objectContaining({ line: 3 }))
  })
})

describe('writes', () => {
  test.each([
    ['text as it is', 'Ada', 'cn: Ada\n'],
    ['an empty value', '', 'cn: \n'],
    ['space first in base64', ' a', 'cn:: IGE=\n'],
    ['space last in base64', 'a ', 'cn:: YSA=\n'],
    ['a colon first in base64', ':a', 'cn:: OmE=\n'],
    ['a less-than sign first in base64', '<a', 'cn:: PGE=\n'],
    ['a number sign first as it is', '#a', 'cn: #a\n'],
    ['what is not ASCII in base64', 'é', 'cn:: w6k=\n'],
    ['line ends in base64', 'a\nb', 'cn:: YQpi\n'],
    ['NUL in base64', 'a\0', 'cn:: YQA=\n'],
    ['octets in base64', Uint8Array.of(0xff), 'cn:: /w==\n'],
  ])('%s', (_, value, line) => {
    expect(formatLdifLine('cn', value)).toBe(line)
  })

  test('lines of 76 columns at most', () => {
    const text = formatLdifLine('description', 'x'.repeat(300))
    expect(text.split('\n').every((line) => line.length <= 76)).toBe(true)
    expect(plain(`dn: cn=a\n${text}`)[0]?.attributes['description']).toEqual(['x'.repeat(300)])
  })

  test('records that can be put one after the other', () => {
    const one = formatLdifRecord('cn=a', [['cn', ['a', 'b']]])
    expect(plain(one + one)).toHaveLength(2)
  })
})
