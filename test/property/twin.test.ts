import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { normalizeDn } from '../../server/protocol/distinguished-name.ts'
import { bindOperation, compareOperation, type SearchOptions, searchOperation } from '../builders/client-requests.ts'
import { RawLdapClient, type ReceivedResult } from '../builders/raw-ldap-client.ts'
import { reader, type RunningLdapServer, startTestLdapServer, suffix } from '../builders/running-ldap-server.ts'

// The wire front and ldapjs's own parser and encoder over the same functions: what differs is a defect of one of the codecs.

let wire: RunningLdapServer
let twin: RunningLdapServer
beforeAll(async () => {
  wire = await startTestLdapServer()
  twin = await startTestLdapServer({ ldap: { front: 'ldapjs' } })
})
afterAll(async () => {
  await wire.close()
  await twin.close()
})

const attribute = fc.constantFrom(
  'uid',
  'UID',
  'cn',
  'sn',
  'mail',
  'uidNumber',
  'objectClass',
  'member',
  'memberOf',
  'memberUid',
  'noSuchAttribute',
  'entryUUID',
  'name',
)
// ldapjs refuses an empty assertion value and prints octets outside ASCII its own way: both have tests of their own.
const value = fc.oneof(
  fc.constantFrom(
    'ada',
    'GRACE',
    'Ada Lovelace',
    'person',
    '10002',
    'top',
    'Hopper',
    `uid=ada,ou=people,${suffix}`,
    `cn=engineering,ou=groups,${suffix}`,
    'a*b',
    '(x)',
    'back\\slash',
  ),
  fc
    .string({ unit: fc.constantFrom(...'adeglrst .,=+#1'), minLength: 1, maxLength: 6 })
    .filter((text) => text.trim() === text && text !== ''),
)
const escaped = value.map((text) =>
  text.replace(/[\\*()]/g, (character) => `\\${character.charCodeAt(0).toString(16)}`),
)
const item = fc.oneof(
  fc.tuple(attribute, escaped).map(([a, v]) => `(${a}=${v})`),
  attribute.map((a) => `(${a}=*)`),
  fc.tuple(attribute, escaped).map(([a, v]) => `(${a}>=${v})`),
  fc.tuple(attribute, escaped).map(([a, v]) => `(${a}<=${v})`),
  fc.tuple(attribute, escaped).map(([a, v]) => `(${a}=${v}*)`),
  fc.tuple(attribute, escaped, escaped).map(([a, v, w]) => `(${a}=*${v}*${w})`),
)
const { filter } = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    item,
    fc.array(tie('filter'), { minLength: 1, maxLength: 3 }).map((inner) => `(&${inner.join('')})`),
    fc.array(tie('filter'), { minLength: 1, maxLength: 3 }).map((inner) => `(|${inner.join('')})`),
    tie('filter').map((inner) => `(!${inner})`),
  ),
}))
const search: fc.Arbitrary<SearchOptions> = fc.record({
  base: fc.constantFrom(
    suffix,
    `ou=people,${suffix}`,
    `uid=ada,ou=people,${suffix}`,
    `ou=missing,${suffix}`,
    `cn=engineering,ou=groups,${suffix}`,
  ),
  scope: fc.constantFrom(0, 1, 2),
  sizeLimit: fc.constantFrom(0, 1, 100),
  typesOnly: fc.boolean(),
  filter,
  attributes: fc.subarray(['uid', 'cn', 'mail', '*', '+', 'memberOf', 'member', 'createTimestamp']),
})
// A refused bind costs a bcrypt check each time and has tests of its own.
const who = fc.constantFrom<[string, string]>(
  [reader.dn, reader.password],
  [`uid=ada,ou=people,${suffix}`, 'ada-secret'],
  ['', ''],
)

/** What both must agree on: ldapjs writes DNs its own way, and reads matchedDN's from a DN of its own. */
function comparable({ resultCode, entries }: ReceivedResult) {
  const plain = entries.map(({ dn, attributes }) => ({
    dn: normalizeDn(dn),
    attributes: [...attributes].map(([name, values]) => [name, values.toSorted()]),
  }))
  return { resultCode, entries: plain.toSorted((a, b) => (a.dn < b.dn ? -1 : 1)) }
}

async function answers(server: RunningLdapServer, [name, password]: [string, string], operation: Uint8Array) {
  await using client = await RawLdapClient.connect(server.port)
  const bound = await client.request(1, bindOperation(name, password))
  return { bind: bound.resultCode, ...comparable(await client.request(2, operation)) }
}

test('searches', async () => {
  let found = 0
  await fc.assert(
    fc.asyncProperty(who, search, async (identity, options) => {
      const operation = searchOperation(options)
      const answer = await answers(wire, identity, operation)
      if (answer.entries.length > 0) found += 1
      expect(answer).toEqual(await answers(twin, identity, operation))
    }),
    { numRuns: process.env['ROSTERD_LONG'] === '1' ? 20_000 : 400 },
  )
  expect([...wire.defects, ...twin.defects]).toEqual([])
  expect(found).toBeGreaterThan(20) // or the generated searches compare nothing with nothing
})

test('compares', async () => {
  const entry = fc.constantFrom(
    `uid=ada,ou=people,${suffix}`,
    `cn=engineering,ou=groups,${suffix}`,
    `uid=nobody,${suffix}`,
  )
  await fc.assert(
    fc.asyncProperty(who, entry, attribute, value, async (identity, dn, name, assertion) => {
      const operation = compareOperation(dn, name, assertion)
      expect(await answers(wire, identity, operation)).toEqual(await answers(twin, identity, operation))
    }),
    { numRuns: process.env['ROSTERD_LONG'] === '1' ? 5000 : 150 },
  )
})
