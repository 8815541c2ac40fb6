import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { EntraUser } from '../../demo/entra/objects.ts'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { Secret, SecretError } from '../../server/runtime/secret.ts'
import { createProviders } from '../../sync/create-providers.ts'
import { configSchema } from '../../server/runtime/config-schema.ts'
import { applicationCertificate } from '../builders/application-certificate.ts'
import { fakeClock } from './fake-clock.ts'
import { entraGroupId, entraUserId, fillSmallTenants } from './small-tenants.ts'
import { entraSettings, openSync, servedEntries, startTrustedTenants, values } from './sync-fixture.ts'

let tenants: SimulatedTenants
beforeEach(async () => {
  tenants = await startTrustedTenants({ data: 'empty', pageSize: 2 })
  fillSmallTenants(tenants)
})
afterEach(() => tenants.close())

const tenant = () => tenants.entra.tenant

async function failure(changes: object = {}): Promise<string | null> {
  const sync = await openSync({ providers: [entraSettings(tenants, changes)] })
  return (await sync.engine.run('contoso', { trigger: 'test' })).error
}

describe('credentials', () => {
  const run = async (credentials: object[]) => {
    const sync = await openSync({ providers: [entraSettings(tenants, { credentials })] })
    return await sync.engine.run('contoso', { trigger: 'test' })
  }
  const secret = (clientSecret: string) => ({ kind: 'application', clientSecret })

  test('the next one is used when one is refused, and the run says so', async () => {
    const report = await run([secret('wrong'), secret(tenants.entra.clientSecret)])
    expect(report).toMatchObject({ outcome: 'applied', error: null })
    expect(report.notices).toEqual([
      expect.stringMatching(/the client secret is wrong .*AADSTS7000215.* Used credentials\[1\] in its place/),
    ])
  })

  test('a certificate proves the application as well as a secret', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'rosterd-entra-'))
    try {
      const { certificatePem, keyPem } = await applicationCertificate()
      tenant().application.certificates.push(certificatePem)
      const [certificateFile, privateKeyFile] = [join(directory, 'app.pem'), join(directory, 'app.key')]
      await writeFile(certificateFile, certificatePem)
      await writeFile(privateKeyFile, keyPem)
      const certificate = { kind: 'application', certificateFile, privateKeyFile }
      expect(await run([certificate])).toMatchObject({ outcome: 'applied', notices: [] })
      tenant().application.certificates.length = 0
      expect((await run([certificate])).error).toMatch(/the certificate is unknown .*AADSTS700027/)
      expect((await run([{ ...certificate, certificateFile: join(directory, 'none.pem') }])).error).toContain(
        'none.pem cannot be read',
      )
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  test('an authority that fails is not asked again with every credential', async () => {
    tenants.entra.tenant.faults.add({ kind: 'server-error', path: /token/, times: Number.POSITIVE_INFINITY })
    const report = await run([secret(tenants.entra.clientSecret), secret('other')])
    expect(report.outcome).toBe('failed')
    expect(report.error).not.toContain('secret is wrong')
  })
})

describe('a set-up mistake is one clear sentence', () => {
  test('wrong secret', async () => {
    expect(await failure({ credentials: [{ kind: 'application', clientSecret: 'wrong' }] })).toMatch(
      /^contoso: token request: the client secret is wrong \(.*AADSTS7000215\)\. Copy the secret value/,
    )
  })

  test('expired secret', async () => {
    tenant().application.secretIsExpired = true
    expect(await failure()).toMatch(/the client secret has expired \(.*AADSTS7000222\)/)
  })

  test('disabled application', async () => {
    tenant().application.isDisabled = true
    expect(await failure()).toMatch(/the application is disabled \(.*AADSTS7000112\)/)
  })

  test('unknown application', async () => {
    expect(await failure({ clientId: 'a0000000-0000-4000-8000-00000000ffff' })).toMatch(/does not exist in this tenant/)
  })

  test('unknown tenant', async () => {
    expect(await failure({ tenantId: 'a0000000-0000-4000-8000-00000000eeee' })).toMatch(
      /^contoso: token request: .*(tenant|discovery)/,
    )
  })

  test.each(['common', 'contoso.example'])('a tenant that is not named by its GUID: %s', async (tenantId) => {
    expect(await failure({ tenantId })).toContain(`tenantId "${tenantId}" is not the GUID of a tenant`)
  })

  test('missing permission, named with the call', async () => {
    tenant().application.permissions.delete('User.Read.All')
    expect(await failure()).toMatch(
      /^contoso: GET \/users\/delta: permission missing \(403 .*\)\. Grant the application permission User\.Read\.All/,
    )
  })

  test('wrong path of Graph', async () => {
    expect(await failure({ graphUrl: `${tenants.entra.graphUrl}/v9.9` })).toMatch(
      /GET \/users\/delta: .*Check graphUrl/,
    )
  })

  test('a secret that is not there', async () => {
    const config = configSchema.parse({ providers: [entraSettings(tenants)] })
    const secret = () => Promise.reject(new SecretError('the environment variable X is not set'))
    const [provider] = createProviders(config, { clock: fakeClock(), secret, directory: '/' })
    const context = {
      signal: new AbortController().signal,
      traffic: { calls: 0, throttles: 0, repeats: 0, bytes: 0, notices: [] },
      onProgress() {},
    }
    await expect(provider?.fetchAll(context)).rejects.toThrow(
      'contoso: credentials[0].clientSecret: the environment variable X is not set',
    )
  })
})

describe('reading', () => {
  test('a listing of members that is gone (410) fails the run: only what is not found has vanished', async () => {
    const sync = await openSync({ providers: [entraSettings(tenants)] })
    await sync.engine.run('contoso', { trigger: 'test' })
    tenant().faults.add({ kind: 'expired-delta-token', path: '/members', times: Number.POSITIVE_INFINITY })
    const report = await sync.engine.run('contoso', { trigger: 'test', full: true })
    expect(report).toMatchObject({ outcome: 'failed', error: expect.stringMatching(/GET \/groups\/\S+\/members: /) })
  })

  test('follows every page, empty ones too', async () => {
    tenant().faults.add({ kind: 'empty-page', at: 1, times: 3, path: '/graph/' })
    const sync = await openSync({ providers: [entraSettings(tenants)] })
    expect(await sync.engine.run('contoso', { trigger: 'test' })).toMatchObject({
      outcome: 'applied',
      read: { users: 5, groups: 3 },
    })
  })

  test('begins a listing again when its page token has expired', async () => {
    tenant().faults.add({ kind: 'expired-page-token', path: 'skiptoken' })
    const sync = await openSync({ providers: [entraSettings(tenants)] })
    expect(await sync.engine.run('contoso', { trigger: 'test' })).toMatchObject({ error: null, read: { users: 5 } })
  })

  test('takes a group that is gone between two requests for removed', async () => {
    tenant().faults.add({ kind: 'not-found', path: `/groups/${entraGroupId(3)}/members` })
    const sync = await openSync({ providers: [entraSettings(tenants)] })
    expect(await sync.engine.run('contoso', { trigger: 'test' })).toMatchObject({ error: null, read: { groups: 2 } })
  })

  test('ignores members that are neither people nor groups', async () => {
    tenant().directory.addOther({ id: 'c0000000-0000-4000-8000-000000000001', type: 'device', displayName: 'NB' })
    tenant().directory.addMember(entraGroupId(1), 'c0000000-0000-4000-8000-000000000001')
    const sync = await openSync({ providers: [entraSettings(tenants)] })
    await sync.engine.run('contoso', { trigger: 'test' })
    const inner = sync.directory.entryByUuid(entraGroupId(1))
    expect(values(inner, 'memberUid')).toEqual(['person1', 'person2', 'person3'])
  })

  test('does not take hidden members for no members', async () => {
    tenant().directory.updateGroup(entraGroupId(1), { visibility: 'HiddenMembership' })
    const sync = await openSync({ providers: [entraSettings(tenants)] })
    await sync.engine.run('contoso', { trigger: 'test' })
    expect(sync.directory.entryByUuid(entraGroupId(1))).toBeUndefined()
    expect(await sync.engine.explain('inner')).toMatchObject([{ decision: { rule: 'membersReadable' } }])
    expect(await failure({ filters: { denyUsersInGroups: ['Inner'] } })).toContain('are hidden from the application')
    expect(await failure({ filters: { denyUsersInGroups: ['Outer'] } })).toContain(
      'the members of "Inner", which belongs to "Outer", are hidden from the application',
    )
  })

  test('reads nothing from silence: a person of whom Graph does not say whether sign-in is allowed fails the run', async () => {
    const { users } = tenant().directory
    const blocked = { ...users.get(entraUserId(1)), accountEnabled: false }
    users.set(entraUserId(1), blocked as EntraUser)
    const sync = await openSync({ providers: [entraSettings(tenants)] })
    await sync.engine.run('contoso', { trigger: 'test' })
    const before = servedEntries(sync.directory)
    const silent: unknown = { ...blocked, accountEnabled: null }
    users.set(entraUserId(1), silent as EntraUser)
    const { outcome, error } = await sync.engine.run('contoso', { trigger: 'test', full: true })
    expect([outcome, error]).toEqual(['failed', expect.stringContaining('does not say accountEnabled')])
    expect(servedEntries(sync.directory)).toEqual(before)
  })

  test('waits as long as Retry-After says, with the whole connection', async () => {
    tenant().faults.add({ kind: 'throttled', retryAfter: 17, path: '/graph/' })
    const sync = await openSync({ providers: [entraSettings(tenants)] })
    const report = await sync.engine.run('contoso', { trigger: 'test' })
    expect(report).toMatchObject({ outcome: 'applied', throttles: 1 })
    expect(Math.max(...sync.clock.sleeps)).toBeGreaterThanOrEqual(17_000)
  })

  test('keeps the token of the connection in memory, and renews a refused one once', async () => {
    const sync = await openSync({ providers: [entraSettings(tenants)] })
    await sync.engine.run('contoso', { trigger: 'first' })
    tenant().calls.length = 0
    await sync.engine.run('contoso', { trigger: 'second' })
    const tokenCalls = () => tenant().calls.filter((call) => call.path.includes('/token')).length
    expect(tokenCalls()).toBe(0)
    tenant().faults.add({ kind: 'unauthorized', path: '/graph/' })
    expect((await sync.engine.run('contoso', { trigger: 'third' })).outcome).toBe('unchanged')
    expect(tokenCalls()).toBe(1)
  })

  test('without user sync asks for no users, without group sync for no groups', async () => {
    const sync = await openSync({ providers: [entraSettings(tenants, { groups: false })] })
    tenant().calls.length = 0
    await sync.engine.run('contoso', { trigger: 'test' })
    expect(tenant().calls.some((call) => call.path.includes('/groups'))).toBe(false)
    expect(values(sync.directory.entryByUuid(entraUserId(1)), 'uid')).toEqual(['person1'])
  })
})

test('one tenant as Azure and as Office 365 is one: nobody is there twice', async () => {
  const providers = [
    entraSettings(tenants),
    entraSettings(tenants, { id: 'office', type: 'office365', name: 'Office' }),
  ]
  const sync = await openSync({ providers })
  for (const id of ['contoso', 'office']) await sync.engine.run(id, { trigger: 'test' })
  expect(values(sync.directory.entryByUuid(entraUserId(1)), 'rosterdSource')).toEqual([
    `contoso:${entraUserId(1)}`,
    `office:${entraUserId(1)}`,
  ])
  expect([...sync.directory.entries()].filter((entry) => entry.dn.startsWith('uid='))).toHaveLength(5)
})

test('a test of the connection names the missing permission', async () => {
  const config = configSchema.parse({
    providers: [entraSettings(tenants, { filters: { domainRestriction: true } })],
  })
  const secret = async (source: unknown) => new Secret(String(source))
  const [provider] = createProviders(config, { clock: fakeClock(), secret, directory: '/' })
  tenant().application.permissions.delete('GroupMember.Read.All')
  expect(await provider?.test(new AbortController().signal)).toEqual([
    { name: 'read users', ok: true, message: 'ok' },
    { name: 'read groups', ok: false, message: expect.stringContaining('GroupMember.Read.All') },
    { name: 'read domains', ok: true, message: 'ok' },
  ])
})
