import { expect, test } from 'vitest'
import { readNextLink } from '../../../sync/providers/okta/link-header.ts'

const next = 'https://acme.okta.com/api/v1/users?after=a,b;c&limit=200'
const self = '<https://acme.okta.com/api/v1/users?limit=200>; rel="self"'

test.each([
  ['as Okta writes it', `${self}, <${next}>; rel="next"`],
  ['without quotes', `${self},<${next}>;rel=next`],
  ['before the others', `<${next}>; rel=next, ${self}`],
  ['among other parameters', `<${next}>; title="a; rel=self, b \\"c\\""; rel="next"; type=x, ${self}`],
  ['one of several relations', `<${next}>; rel="last next"`],
  ['in capitals, with blanks', `${self} , <${next}> ; REL = "next" ; foo`],
])('the next link is found %s', (_how, header) => {
  expect(readNextLink(header)).toBe(next)
})

test.each([
  ['without a header', null],
  ['in a title', '<https://a.example/>; title="x; rel=next"; rel="self"'],
  ['in another relation', '<https://a.example/>; rel="next-archive"'],
  ['in a second rel, which does not count', '<https://a.example/>; rel="self"; rel="next"'],
])('there is none %s', (_where, header) => {
  expect(readNextLink(header)).toBeUndefined()
})
