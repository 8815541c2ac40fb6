import { afterAll, beforeAll, expect, test } from 'vitest'
import { Tag } from '../../server/protocol/ber-reader.ts'
import { element, textElement } from '../../server/protocol/ber-writer.ts'
import { Oid } from '../../server/protocol/oids.ts'
import { ResultCode } from '../../server/protocol/result-code.ts'
import {
  abandonOperation,
  control,
  message,
  pagedResultsValue,
  type SearchOptions,
  searchOperation,
} from '../builders/client-requests.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import {
  peopleLdif,
  reader,
  type RunningLdapServer,
  startTestLdapServer,
  suffix,
} from '../builders/running-ldap-server.ts'

/* Whatever other clients ask for, one that asks for a single entry is answered before they are done. How fast: npm run bench:fairness. */

const other = { name: 'other', password: 'other-Secret-1', dn: `cn=other,ou=services,${suffix}` }
const people = 5_000
const asked = 40
const neighboursFirst = 10_000
let server: RunningLdapServer
beforeAll(async () => {
  const person = (i: number) =>
    `dn: uid=p${i},ou=people,${suffix}\nobjectClass: inetOrgPerson\nuid: p${i}\ncn: Person ${i}\nsn: ${(i * 7919) % people}\nmail: p${i}@example.com\n\n`
  const members = Array.from({ length: people }, (_, i) => `member: uid=p${i},ou=people,${suffix}\n`).join('')
  const everybody = `dn: cn=everybody,ou=groups,${suffix}\nobjectClass: groupOfNames\ncn: everybody\n${members}\n`
  server = await startTestLdapServer({
    binders: [reader, other].map(({ name, password }) => ({ name, password })),
    ldif: peopleLdif + Array.from({ length: people }, (_, i) => person(i)).join('') + everybody,
  })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

const sortedBySn = control(
  Oid.sortRequest,
  true,
  element(Tag.sequence, element(Tag.sequence, textElement(Tag.octetString, 'sn'))),
)
const bigPage = control(Oid.pagedResults, true, pagedResultsValue(1_000))

test.each<[string, SearchOptions, readonly Buffer[]]>([
  ['enumerates', {}, []],
  ['enumerates in pages', {}, [bigPage]],
  ['asks unindexed filters', { filter: '(description=*nobody*)' }, []],
  ['asks for what is not there', { filter: '(!(objectClass=*))' }, []],
  ['asks substrings of indexed attributes', { filter: '(|(uid=*9*)(cn=*9*)(mail=*9*))', attributes: ['1.1'] }, []],
  ['asks for values of any attribute', { filter: '(:caseIgnoreMatch:=nobody)' }, []],
  [
    'asks who is in a group of everybody',
    { filter: `(memberOf=cn=everybody,ou=groups,${suffix})`, attributes: ['1.1'] },
    [],
  ],
  [
    'follows chains of groups',
    { filter: `(memberOf:1.2.840.113556.1.4.1941:=cn=everybody,ou=groups,${suffix})`, attributes: ['memberOf'] },
    [],
  ],
  ['sorts', { attributes: ['1.1'] }, [sortedBySn]],
])('an indexed search is answered while another client %s', async (_name, options, controls) => {
  await using neighbour = await RawLdapClient.connect(server.port)
  await neighbour.bind(reader.dn, reader.password)
  await using client = await RawLdapClient.connect(server.port)
  await client.bind(reader.dn, reader.password)
  const before = server.operations.length
  neighbour.send(...Array.from({ length: asked }, (_, i) => message(10 + i, searchOperation(options), ...controls)))
  const { resultCode, entries } = await client.search({ filter: '(&(objectClass=person)(uid=p42))' })
  expect([resultCode, entries.length]).toEqual([ResultCode.success, 1])
  const doneBefore = server.operations.length - before - 1
  expect(doneBefore).toBeLessThan(asked)
  for (let i = 0; i < asked; i += 1) neighbour.send(message(100 + i, abandonOperation(10 + i)))
  expect(server.defects).toEqual([])
})

test('binders take turns: one long search is answered before any of the many that another binder sent before', async () => {
  await using neighbour = await RawLdapClient.connect(server.port)
  await neighbour.bind(reader.dn, reader.password)
  await using client = await RawLdapClient.connect(server.port)
  await client.bind(other.dn, other.password)
  const unindexed = { filter: '(:caseIgnoreMatch:=nobody)' }
  neighbour.send(...Array.from({ length: asked }, (_, i) => message(neighboursFirst + i, searchOperation(unindexed))))
  expect((await client.search(unindexed)).resultCode).toBe(ResultCode.success)
  // By its message ids: what earlier clients had asked for may still be on its way into the log.
  const done = server.accessLines.map((line) => JSON.parse(line) as { messageId: number })
  expect(done.filter(({ messageId }) => messageId >= neighboursFirst)).toEqual([])
})

test('searches of one client take turns: a short one is answered before the long ones that it was sent behind', async () => {
  await using client = await RawLdapClient.connect(server.port)
  await client.bind(reader.dn, reader.password)
  client.send(
    message(2, searchOperation({ filter: '(:caseIgnoreMatch:=somebody)' })),
    message(3, searchOperation({ filter: '(:caseIgnoreMatch:=nobody)' })),
    message(4, searchOperation({ filter: '(uid=p42)' })),
  )
  expect((await client.next())?.messageId).toBe(4)
})
