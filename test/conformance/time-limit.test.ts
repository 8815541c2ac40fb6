import { expect, test } from 'vitest'
import { ResultCode } from '../../server/protocol/result-code.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { reader, startTestLdapServer, suffix } from '../builders/running-ldap-server.ts'

// RFC 4511 §4.5.1.5. The work below is many times what a second is enough for, on any machine.
test('a search that its time limit is not enough for ends with timeLimitExceeded', async () => {
  const entries = Array.from(
    { length: 20_000 },
    (_, i) =>
      `dn: cn=e${i},${suffix}\nobjectClass: organizationalRole\ncn: e${i}\ndescription: ${'lorem ipsum dolor '.repeat(8)}${i}\n\n`,
  )
  await using server = await startTestLdapServer({
    ldif: `dn: ${suffix}\nobjectClass: domain\ndc: example\n\n${entries.join('')}`,
  })
  await using client = await RawLdapClient.connect(server.port)
  await client.bind(reader.dn, reader.password)
  const never = Array.from({ length: 4000 }, (_, i) => `(description=*amet ${i}*)`).join('')
  const answer = await client.search({ filter: `(|${never})`, timeLimit: 1 })
  expect(answer).toMatchObject({ resultCode: ResultCode.timeLimitExceeded, entries: [] })
  expect((await client.search({ filter: '(cn=e7)', timeLimit: 1 })).entries).toHaveLength(1)
})
