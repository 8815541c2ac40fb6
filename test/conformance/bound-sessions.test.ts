import { describe, expect, test } from 'vitest'
import { credentialChange } from '../../server/directory/credentials/credential-records.ts'
import type { EntryChange, RecordChange } from '../../server/directory/directory-store.ts'
import { Oid } from '../../server/protocol/oids.ts'
import { ResultCode } from '../../server/protocol/result-code.ts'
import { abandonOperation, extendedOperation, message, searchOperation } from '../builders/client-requests.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { type RunningLdapServer, startTestLdapServer } from '../builders/running-ldap-server.ts'

const zoe = 'uid=zoë,ou=people,dc=example,dc=com'
const zoeUuid = '00000000-0000-4000-8000-000000000005'
const admin = { kind: 'admin', id: 'root' } as const
const password = 'plum harbour 47 window'
const notice = { messageId: 0, operation: 0x78, resultCode: ResultCode.strongerAuthRequired, entries: [] }

async function bound() {
  const server = await startTestLdapServer()
  await server.accounts.passwords.set(zoeUuid, password, {}, admin)
  const client = await RawLdapClient.connect(server.port)
  expect((await client.bind(zoe, password)).resultCode).toBe(ResultCode.success)
  expect((await client.search({ base: zoe, scope: 0 })).entries).toHaveLength(1)
  return { server, client }
}

const commit = (
  { directory }: RunningLdapServer,
  entries: readonly EntryChange[],
  records: readonly RecordChange[] = [],
) => directory.commit({ cause: { kind: 'server', id: 'test' }, entries, records })

/** Zoë's entry with one attribute more. */
async function withAttribute(server: RunningLdapServer, name: string, value: string): Promise<void> {
  const entry = server.directory.entryByUuid(zoeUuid)
  if (entry === undefined) throw new Error('Zoë is gone')
  const attributes = new Map([...entry.attributes, [name, [value]]])
  await commit(server, [{ type: 'put', entry: { ...entry, attributes } }])
}

type Ending = readonly [name: string, reason: string, end: (server: RunningLdapServer) => Promise<unknown>]
const endings: readonly Ending[] = [
  [
    'blocked here',
    'sign-in is blocked here',
    ({ accounts }) => accounts.incidents.block(zoeUuid, { reason: 'laptop stolen' }, admin),
  ],
  ['disabled', 'the account is disabled', (server) => withAttribute(server, 'userAccountControl', '514')],
  ['expired', 'the account has expired', (server) => withAttribute(server, 'shadowExpire', '1')],
  ['removed', 'the entry is gone', (server) => commit(server, [{ type: 'delete', entryUUID: zoeUuid }])],
  [
    'whose credentials are revoked',
    'what was signed in with has been taken away',
    ({ accounts }) => accounts.incidents.revoke(zoeUuid, { secondFactor: false }, admin),
  ],
  [
    'whose password was reset',
    'the password has to be changed first',
    ({ accounts }) => accounts.passwords.reset(zoeUuid, admin),
  ],
]

describe('a connection that is bound as somebody who is since then', () => {
  test.each(endings)('%s reads nothing more: it is told to bind again, and closed', async (_name, reason, end) => {
    const { server, client } = await bound()
    await using _ = server
    await using __ = client
    await end(server)
    expect(await client.search({ base: zoe, scope: 0 })).toMatchObject(notice)
    await client.closed()
    expect(server.accessLines.at(-1)).toContain(`"reason":"${reason}"`)
    expect(server.defects).toEqual([])
  })

  test('blocked may bind anew on it, as somebody else', async () => {
    const { server, client } = await bound()
    await using _ = server
    await using __ = client
    await server.accounts.incidents.block(zoeUuid, { reason: 'laptop stolen' }, admin)
    client.send(message(7, abandonOperation(2)))
    expect((await client.bind(zoe, password)).resultCode).toBe(ResultCode.invalidCredentials)
    expect((await client.bind('uid=ada,ou=people,dc=example,dc=com', 'ada-secret')).resultCode).toBe(ResultCode.success)
    expect((await client.search({ filter: '(uid=ada)' })).entries).toHaveLength(1)
  })

  test('blocked is not told who it was, and nothing that was sent with it is answered', async () => {
    const { server, client } = await bound()
    await using _ = server
    await using __ = client
    await server.accounts.incidents.block(zoeUuid, { reason: 'laptop stolen' }, admin)
    client.send(message(2, extendedOperation(Oid.whoAmI)), message(3, searchOperation({ base: zoe, scope: 0 })))
    expect(await client.next()).toMatchObject({ ...notice, responseValue: undefined })
    expect(await client.next()).toBeUndefined()
  })
})

test('a change that takes nothing away leaves connections as they are', async () => {
  const { server, client } = await bound()
  await using _ = server
  await using __ = client
  await withAttribute(server, 'title', 'Keeper')
  await server.accounts.appPasswords.add(zoeUuid, { name: 'phone' }, admin)
  await commit(server, [], [credentialChange(zoeUuid, 'provider', undefined)])
  expect((await client.search({ base: zoe, scope: 0 })).entries[0]?.attributes.get('title')).toEqual(['Keeper'])
})
