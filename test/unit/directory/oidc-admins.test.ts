import { expect, test } from 'vitest'
import type { OidcAdminsConfig } from '../../../server/runtime/config-schema.ts'
import { openMemoryStore } from '../../../server/storage/memory-store.ts'
import { openSync } from '../../sync/sync-fixture.ts'

const ada = { provider: 'staff', id: 'sub-of-ada', name: 'Ada', groups: ['admins', 'everybody'] }

/** The same store, as the configuration gives roles at one start and the next. */
async function startsWith(...configurations: readonly (readonly Partial<OidcAdminsConfig>[])[]) {
  const store = openMemoryStore()
  const starts = []
  for (const oidc of configurations) {
    const settings = { admin: { oidc: oidc.map((one) => ({ ...staff, ...one })) } }
    starts.push((await openSync({ providers: [], settings, store })).administrators)
  }
  return starts
}

const staff = { id: 'staff', name: 'Staff', issuer: 'https://login.example.com', clientId: 'rosterd' }
const inPerson: OidcAdminsConfig['admins'] = [{ user: 'sub-of-ada', role: 'owner' }]
const byGroup: OidcAdminsConfig['admins'] = [{ group: 'admins', role: 'owner' }]

test.each<[string, readonly Partial<OidcAdminsConfig>[], boolean]>([
  ['names the same', [{ admins: inPerson }], true],
  ['gives the same role by a group of the last sign-in', [{ admins: byGroup }], false],
  ['names others', [{ admins: [{ user: 'sub-of-eve', role: 'owner' }] }], false],
  ['gives another role', [{ admins: [{ user: 'sub-of-ada', role: 'auditor' }] }], false],
  ['gives more than before', [{ admins: [...inPerson, { group: 'everybody', role: 'auditor' }] }], true],
  ['has the provider no more', [], false],
  ['has the provider by another name', [{ id: 'other', admins: inPerson }], false],
])('of a session in person, when the configuration %s', async (_, then, goesOn) => {
  const [before, after] = await startsWith([{ admins: inPerson }], then)
  const session = await before?.oidc.admit(ada, '192.0.2.1')
  if (typeof session !== 'object') throw new Error('not admitted')
  const admin = await after?.signIn.signedIn(session.name, session.epoch)
  expect(admin?.role).toBe(goesOn ? 'owner' : undefined)
  expect(await after?.signIn.signedIn(session.name, 'another epoch')).toBeUndefined()
})

test('a session by a group ends when the configuration has the group no more', async () => {
  const [before, same, after] = await startsWith(
    [{ admins: byGroup }],
    [{ admins: byGroup }],
    [{ admins: [{ group: 'others', role: 'owner' }] }],
  )
  const session = await before?.oidc.admit(ada, '192.0.2.1')
  if (typeof session !== 'object') throw new Error('not admitted')
  expect(await same?.signIn.signedIn(session.name, session.epoch)).toMatchObject({ role: 'owner', isLocal: false })
  expect(await after?.signIn.signedIn(session.name, session.epoch)).toBeUndefined()
  expect(await after?.oidc.list()).toMatchObject([{ name: 'oidc:staff/sub-of-ada', role: undefined }])
})

test('whoever has lost the role is signed out in every browser at the next sign-in', async () => {
  const [administrators] = await startsWith([{ admins: byGroup }])
  const session = await administrators?.oidc.admit(ada, '192.0.2.1')
  if (typeof session !== 'object') throw new Error('not admitted')
  expect(await administrators?.oidc.admit({ ...ada, groups: ['everybody'] }, '192.0.2.1')).toBeTypeOf('string')
  expect(await administrators?.signIn.signedIn(session.name, session.epoch)).toBeUndefined()
})
