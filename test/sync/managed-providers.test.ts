import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import type { AdminActor } from '../../server/directory/administrators/admin-actions.ts'
import { adminActions } from '../../server/directory/administrators/admin-actions.ts'
import { fillSmallTenants } from './small-tenants.ts'
import { entraSettings, oktaSettings, openSync, type SyncFixture, startTrustedTenants } from './sync-fixture.ts'

const by: AdminActor = { name: 'root', address: '192.0.2.1' }

let tenants: SimulatedTenants
let sync: SyncFixture
beforeEach(async () => {
  tenants = await startTrustedTenants({ data: 'empty' })
  fillSmallTenants(tenants)
  sync = await openSync({ providers: [entraSettings(tenants)] })
  await run('contoso')
})
afterEach(async () => {
  await sync[Symbol.asyncDispose]()
  await tenants.close()
})

const run = (id: string) => sync.engine.run(id, { trigger: 'test' })
const people = (name: string) =>
  [...sync.directory.entries()].flatMap((entry) =>
    entry.dn.startsWith(`uid=${name}`) ? [[entry.dn, entry.attributes.get('uidNumber')?.[0]]] : [],
  )
const settingsOf = (id: string) => sync.config.providers.find((provider) => provider.id === id)

/** Added, read and accepted. */
async function connect(changes: object = {}): Promise<void> {
  await sync.managedProviders.add(oktaSettings(tenants, changes), by)
  await run('acme')
  await sync.engine.control.resume('acme', by.name)
}

async function stored(): Promise<string> {
  const records: unknown[] = []
  for (const collection of ['provider', 'sealed', 'audit', 'run'] as const)
    for await (const record of sync.directory.store.list(collection)) records.push(record)
  return JSON.stringify(records)
}

describe('a provider that is added', () => {
  test('is read at once, and applied only after its first plan was accepted', async () => {
    await sync.managedProviders.add(oktaSettings(tenants), by)
    expect(sync.config.providers.map(({ id }) => id)).toEqual(['contoso', 'acme'])
    expect(await run('acme')).toMatchObject({ error: null, read: { users: 5, groups: 2 } })
    expect(people('worker')).toEqual([])
    const { waiting, changes } = await sync.engine.preview(sync.config)
    expect(changes).toEqual([])
    expect(waiting.map(({ action, dn }) => `${action} ${dn}`)).toEqual(
      expect.arrayContaining([
        'add uid=worker1,ou=people,dc=example,dc=com',
        'add uid=worker5,ou=people,dc=example,dc=com',
      ]),
    )
    await sync.engine.control.resume('acme', by.name)
    expect(people('worker')).toHaveLength(5)
    expect(people('person')).toHaveLength(5)
  })

  test('is there after a restart, with its secret, which the store shows nowhere', async () => {
    await connect()
    const { store } = sync.directory
    expect(await stored()).not.toContain(tenants.okta.apiToken)
    expect(JSON.stringify(sync.logged)).not.toContain(tenants.okta.apiToken)
    sync = await openSync({ providers: [entraSettings(tenants)], store, clock: sync.clock })
    expect(await run('acme')).toMatchObject({ outcome: 'unchanged', error: null })
  })

  test('is recorded with who added it, and secrets as "set"', async () => {
    await connect()
    const [action] = await adminActions(sync.directory.store)
    expect(action).toMatchObject({ by: 'root', address: '192.0.2.1', event: 'provider added', subject: 'acme' })
    expect(action?.after).toMatchObject({ orgUrl: tenants.okta.orgUrl, apiToken: 'set' })
  })

  test.each([
    ['an id of the file', { id: 'contoso' }, 'id: "contoso" is the id of another provider'],
    ['a bad id', { id: 'Acme!' }, 'id: "Acme!" is not a provider id'],
    ['no secret', { apiToken: null }, 'apiToken: is missing'],
    ['a variable of this machine', { apiToken: { env: 'ROSTERD_MASTER_KEY' } }, 'apiToken: is missing'],
    ['a file of this machine', { apiToken: { file: '/etc/shadow' } }, 'apiToken: is missing'],
    ['a secret of another provider', { apiToken: { sealed: 'other/1' } }, 'apiToken: is missing'],
    ['a key on this machine', { oauth: { clientId: 'c', privateKeyFile: '/etc/key' } }, 'oauth.privateKeyFile:'],
    ['an unknown setting', { apiTokn: 'x' }, 'apiTokn: is not a known key; did you mean "apiToken"?'],
    ['an address in the clear', { orgUrl: 'http://acme.example' }, 'orgUrl: "http://acme.example" is not an https://'],
    ['a mapping that cannot be', { attributes: { uidNumber: 'x', nonsense: 'y' } }, 'attributes.nonsense:'],
  ])('is refused with %s, and nothing is kept', async (_, changes, message) => {
    const before = await stored()
    await expect(sync.managedProviders.add(oktaSettings(tenants, changes), by)).rejects.toThrow(message)
    expect(await stored()).toBe(before)
    expect(sync.config.providers).toHaveLength(1)
  })

  test('is refused when it is a file', async () => {
    const file = { id: 'seed', type: 'ldif', name: 'Seed', path: '/etc/passwd' }
    await expect(sync.managedProviders.add(file, by)).rejects.toThrow('type: a file on this machine is named')
  })
})

describe('a provider that is edited', () => {
  const edited = (changes: object) => ({ ...settingsOf('acme'), ...changes })

  test('keeps its secret, and the next run obeys the new rules', async () => {
    await connect()
    await sync.managedProviders.edit('acme', edited({ filters: { denyUsersInGroups: ['Board'] } }), by)
    expect(await run('acme')).toMatchObject({ outcome: 'applied', counts: { user: { deactivated: 1 } } })
    expect(people('worker5')).toEqual([])
    expect(await stored()).not.toContain(tenants.okta.apiToken)
  })

  test('shows before what a rule would do', async () => {
    await connect()
    const { changes } = await sync.managedProviders.preview(edited({ filters: { denyUsersInGroups: ['Board'] } }))
    expect(changes.map(({ dn }) => dn)).toContain('uid=worker5,ou=people,dc=example,dc=com')
    expect(people('worker5')).toHaveLength(1)
  })

  test('sends no kept secret to another address', async () => {
    await connect()
    const elsewhere = edited({ orgUrl: 'https://evil.example' })
    await expect(sync.managedProviders.edit('acme', elsewhere, by)).rejects.toThrow(
      'apiToken: was for another address; type it in again',
    )
    expect(settingsOf('acme')).toMatchObject({ orgUrl: tenants.okta.orgUrl })
  })

  test('forgets a secret that is replaced', async () => {
    await connect()
    await sync.managedProviders.edit('acme', edited({ apiToken: 'wrong' }), by)
    expect(await run('acme')).toMatchObject({ outcome: 'failed' })
    await sync.managedProviders.edit('acme', edited({ apiToken: tenants.okta.apiToken }), by)
    expect(await run('acme')).toMatchObject({ outcome: 'unchanged' })
    const secrets = []
    for await (const { key } of sync.directory.store.list('sealed', ['provider-secret'])) secrets.push(key)
    expect(secrets).toHaveLength(1)
    expect(people('worker')).toHaveLength(5)
  })

  test('cancels a run that is under way, and the engine before it does nothing more', async () => {
    await connect()
    const former = sync.engine
    const running = former.run('acme', { trigger: 'test', full: true })
    await sync.managedProviders.edit('acme', edited({ name: 'Acme Inc' }), by)
    expect(['cancelled', 'unchanged', 'applied']).toContain((await running).outcome)
    await expect(former.run('acme', { trigger: 'test' })).rejects.toThrow('The providers are being replaced')
    expect(await run('acme')).toMatchObject({ outcome: 'unchanged' })
  })

  test('stays what it is', async () => {
    await connect()
    await expect(sync.managedProviders.edit('acme', edited({ id: 'other' }), by)).rejects.toThrow(
      'id: "other" cannot take',
    )
    await expect(sync.managedProviders.edit('contoso', entraSettings(tenants), by)).rejects.toThrow(
      'contoso is managed by the configuration file. Change it there.',
    )
    await expect(sync.managedProviders.edit('nobody', edited({ id: 'nobody' }), by)).rejects.toThrow(
      'There is no provider "nobody"',
    )
  })

  test('of a person who may not any more changes nothing', async () => {
    await connect()
    const former = { ...by, mayStill: () => Promise.resolve(false) }
    await expect(sync.managedProviders.edit('acme', edited({ name: 'Other' }), former)).rejects.toThrow('signed out')
    expect(settingsOf('acme')).toMatchObject({ name: 'Acme' })
  })
})

describe('a provider that is removed', () => {
  test('goes with its people, without asking again, and takes nobody else along', async () => {
    await connect()
    const before = people('worker')
    const { held } = await sync.managedProviders.previewRemoval('acme')
    expect(held.flatMap(({ changes }) => changes)).toHaveLength(7)
    await sync.managedProviders.remove('acme', by)
    expect(people('worker')).toEqual([])
    expect(people('person')).toHaveLength(5)
    expect(await sync.engine.plan.show()).toEqual([])
    expect(await stored()).not.toContain('"settings"')
    for (const collection of ['mirror', 'decision', 'cursor', 'held'] as const)
      for await (const { key } of sync.directory.store.list(collection)) expect(key[0]).not.toBe('acme')
    for await (const { key } of sync.directory.store.list('sealed')) expect(key).not.toContain('acme')
    await connect()
    expect(people('worker')).toEqual(before)
  })

  test('goes with its people when it is the only one', async () => {
    sync = await openSync({ providers: [] })
    await connect()
    expect(people('worker')).toHaveLength(5)
    await sync.managedProviders.remove('acme', by)
    expect([people('worker'), sync.config.providers]).toEqual([[], []])
    await connect()
    expect(people('worker')).toHaveLength(5)
  })

  test('goes although a rule of another provider cannot be evaluated', async () => {
    await connect()
    await sync.managedProviders.add(oktaSettings(tenants, { id: 'second' }), by)
    await sync.managedProviders.edit(
      'second',
      { ...settingsOf('second'), filters: { denyUsersInGroups: ['Nobody'] } },
      by,
    )
    await sync.managedProviders.remove('acme', by)
    expect(people('worker')).toEqual([])
    expect(settingsOf('acme')).toBeUndefined()
  })

  test('is there as before when whoever removes it may not any more', async () => {
    await connect()
    const former = { ...by, mayStill: () => Promise.resolve(false) }
    await expect(sync.managedProviders.remove('acme', former)).rejects.toThrow('signed out')
    expect(people('worker')).toHaveLength(5)
    expect(await run('acme')).toMatchObject({ error: null })
  })

  test('that is in the file is refused', async () => {
    await expect(sync.managedProviders.remove('contoso', by)).rejects.toThrow('managed by the configuration file')
  })
})

test('providers that are managed here change places among each other', async () => {
  await connect()
  await sync.managedProviders.add(oktaSettings(tenants, { id: 'second' }), by)
  await sync.managedProviders.move('second', 'earlier', by)
  expect(sync.config.providers.map(({ id }) => id)).toEqual(['contoso', 'second', 'acme'])
  await expect(sync.managedProviders.move('second', 'earlier', by)).rejects.toThrow('second is the first one.')
})

describe('a provider of the file', () => {
  test('that is adopted is used from here once the file has it no more', async () => {
    await sync.managedProviders.adopt('contoso', by)
    expect(await sync.managedProviders.shadowed()).toEqual(['contoso'])
    expect(await stored()).not.toContain(tenants.entra.clientSecret)
    const { store } = sync.directory
    sync = await openSync({ providers: [], store, clock: sync.clock })
    expect(sync.managedProviders.isManaged('contoso')).toBe(true)
    expect(await run('contoso')).toMatchObject({ outcome: 'unchanged' })
    expect(people('person')).toHaveLength(5)
  })

  test('is used where one that is managed here has its id', async () => {
    await connect()
    const { store } = sync.directory
    const file = oktaSettings(tenants, { name: 'Of the file' })
    sync = await openSync({ providers: [entraSettings(tenants), file], store, clock: sync.clock })
    expect(settingsOf('acme')).toMatchObject({ name: 'Of the file' })
    await sync.managedProviders.remove('acme', by)
    expect(people('worker')).toHaveLength(5)
    expect(await sync.managedProviders.shadowed()).toEqual([])
  })
})

test('a provider whose secret cannot be read fails, and its people stay', async () => {
  await connect()
  const { store } = sync.directory
  for await (const { key } of store.list('sealed', ['provider-secret', 'acme']))
    await store.commit({
      cause: { kind: 'server', id: 'test' },
      entries: [],
      records: [{ collection: 'sealed', key, value: undefined }],
    })
  sync = await openSync({ providers: [entraSettings(tenants)], store, clock: sync.clock })
  const { error } = await run('acme')
  expect(error).toBe(
    'acme: apiToken: it is not in the store any more; set it anew on the page of the provider. Provide the secret.',
  )
  expect(people('worker')).toHaveLength(5)
})

test('settings of a newer version stop the start, in one sentence', async () => {
  await connect()
  const { store } = sync.directory
  await store.commit({
    cause: { kind: 'server', id: 'test' },
    entries: [],
    records: [{ collection: 'provider', key: ['acme', 'settings'], value: { format: 2, position: 1, settings: {} } }],
  })
  await expect(openSync({ providers: [entraSettings(tenants)], store, clock: sync.clock })).rejects.toThrow(
    'the settings of the provider "acme" in the store cannot be read: they are of format 2; a newer rosterd wrote them',
  )
})
