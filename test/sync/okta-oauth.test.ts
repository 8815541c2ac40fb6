import { createHash, generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ServiceAnswer, ServiceRequest } from '../../demo/https/exchange.ts'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { configChecks } from '../../server/runtime/config-checks.ts'
import { configSchema } from '../../server/runtime/config-schema.ts'
import { createProviders } from '../../sync/create-providers.ts'
import { Secret } from '../../server/runtime/secret.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'
import { fillSmallTenants } from './small-tenants.ts'
import { oktaSettings, openSync, type SyncFixture, servedEntries, startTrustedTenants } from './sync-fixture.ts'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const pkcs1 = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString()
const strangersKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString()
const jwk = (members: JsonWebKey = {}) => JSON.stringify({ ...privateKey.export({ format: 'jwk' }), ...members })

let tenants: SimulatedTenants
let clock: FakeClock
let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rosterd-okta-oauth-'))
  // The SDK dates its assertions by the clock of the machine.
  clock = fakeClock(new Date().toISOString())
  tenants = await startTrustedTenants({ data: 'empty', pageSize: 2, now: () => clock.now() })
  fillSmallTenants(tenants)
  tenant().serviceApp.keys.set('key-1', publicKey)
})
afterEach(async () => {
  await tenants.close()
  await rm(directory, { recursive: true })
})

const tenant = () => tenants.okta.tenant
const run = (sync: SyncFixture) => sync.engine.run('acme', { trigger: 'test' })
const keyFile = () => join(directory, 'app.key')
const tokenCalls = () => tenant().calls.filter(({ path }) => path === '/oauth2/v1/token')

async function open(changes: object = {}, key = pkcs8): Promise<SyncFixture> {
  await writeFile(keyFile(), key)
  const oauth = { clientId: tenant().serviceApp.clientId, privateKeyFile: keyFile(), keyId: 'key-1', ...changes }
  return await openSync({ providers: [oktaSettings(tenants, { apiToken: null, oauth })], clock })
}

const errorOf = async (changes: object, key?: string) => (await run(await open(changes, key))).error

test.each([
  ['PKCS#8', pkcs8, {}],
  ['PKCS#1', pkcs1, {}],
  ['a JWK with its own id', jwk({ kid: 'key-1' }), { keyId: undefined }],
  ['a JWK whose id is overridden by keyId', jwk({ kid: 'other' }), {}],
])('a run as a service app, with a key in %s, equals a run with an API token', async (_form, key, changes) => {
  const byToken = await openSync({ providers: [oktaSettings(tenants)], clock })
  const expected = await run(byToken)
  const byOAuth = await open(changes, key)
  const report = await run(byOAuth)
  expect(report).toMatchObject({ outcome: 'applied', error: null, read: expected.read })
  expect(servedEntries(byOAuth.directory)).toEqual(servedEntries(byToken.directory))
  expect(tokenCalls()).toHaveLength(1)
})

describe('an access token', () => {
  test('refused in the middle of a run is renewed once, and the call repeated', async () => {
    tenant().faults.add({ kind: 'unauthorized', path: 'after=' })
    expect(await run(await open())).toMatchObject({ outcome: 'applied', error: null, repeats: 0, read: { users: 5 } })
    expect(tokenCalls()).toHaveLength(2)
  })

  test('that ran out between two runs is renewed once for all calls', async () => {
    const sync = await open()
    await run(sync)
    tenant().serviceAppTokens.revokeAll()
    expect(await run(sync)).toMatchObject({ error: null })
    expect(tokenCalls()).toHaveLength(2)
  })

  test('refused to several calls at once is renewed once for all of them', async () => {
    let revoked: string | undefined
    intercept(async (request, answer) => {
      const { authorization } = request.headers
      if (!/\/groups\/.*\/users/.test(request.path)) return await answer(request)
      revoked ??= authorization
      if (authorization !== revoked) return await answer(request)
      return await answer({ ...request, headers: { ...request.headers, authorization: 'Bearer revoked' } })
    })
    expect(await run(await open())).toMatchObject({ outcome: 'applied', error: null })
    expect(tokenCalls()).toHaveLength(2)
  })

  test('refused again after the renewal fails the run; the next run begins anew', async () => {
    tenant().faults.add({ kind: 'unauthorized', path: '/api/', times: 2 })
    const sync = await open()
    expect((await run(sync)).error).toBe(
      'acme: GET /api/v1/users: a new access token is refused too (401 E0000011). Check that the service app is active.',
    )
    expect(await run(sync)).toMatchObject({ outcome: 'applied', error: null })
  })

  test('is in no report and no log', async () => {
    const tokens: string[] = []
    intercept(async (request, answer) => {
      const given = await answer(request)
      if (request.path === '/oauth2/v1/token') tokens.push((given.body as { access_token: string }).access_token)
      return given
    })
    tenant().faults.add({ kind: 'forbidden', path: '/groups' })
    const sync = await open()
    const report = await run(sync)
    expect(report.error).toContain('permission missing')
    expect(tokens).toHaveLength(1)
    expect(JSON.stringify([report, sync.logged])).not.toContain(tokens[0])
  })

  test.each([
    ['throttled', { throttles: 1 }],
    ['server-error', { repeats: 1 }],
    ['html', { repeats: 1 }],
    ['reset', { repeats: 1 }],
  ] as const)('is asked for again when the token endpoint answers with %s', async (kind, counted) => {
    tenant().faults.add({ kind, path: '/oauth2/v1/token' })
    expect(await run(await open())).toMatchObject({ outcome: 'applied', error: null, ...counted })
  })

  test('is bound to proofs of possession when the app requires DPoP', async () => {
    const proofs: { htm: unknown; htu: unknown; ath: unknown; nonce: unknown }[] = []
    intercept(async (request, answer) => {
      const { authorization, dpop = '' } = request.headers
      const claims = JSON.parse(Buffer.from(dpop.split('.')[1] ?? '', 'base64url').toString())
      proofs.push(claims)
      if (request.path !== '/oauth2/v1/token')
        return await answer({
          ...request,
          headers: { ...request.headers, authorization: authorization?.replace(/^DPoP /, 'Bearer ') },
        })
      if (claims.nonce === 'n-1') return await answer(request)
      const headers = { 'content-type': 'application/json', 'dpop-nonce': 'n-1' }
      return { status: 400, headers, body: { error: 'use_dpop_nonce', error_description: 'Nonce required.' } }
    })
    const tokens: unknown[] = []
    intercept(async (request, answer) => {
      tokens.push(request.headers.authorization?.replace('DPoP ', ''))
      return await answer(request)
    })
    expect(await run(await open())).toMatchObject({ outcome: 'applied', error: null, read: { users: 5 } })
    expect(tokenCalls()).toHaveLength(2)
    expect(proofs.slice(0, 2).map(({ nonce }) => nonce)).toEqual([undefined, 'n-1'])
    expect(proofs[2]).toMatchObject({
      htm: 'GET',
      htu: `${tenants.okta.orgUrl}/api/v1/users`,
      ath: createHash('sha256').update(String(tokens[2])).digest('base64url'),
    })
  })

  test('is not asked for without end when no nonce is good enough', async () => {
    intercept(async () => {
      const headers = { 'content-type': 'application/json', 'dpop-nonce': 'never-right' }
      return { status: 400, headers, body: { error: 'use_dpop_nonce', error_description: 'Nonce required.' } }
    })
    expect(await errorOf({})).toBe(
      'acme: token request: Okta gives no access token: Nonce required (400 use_dpop_nonce). Check orgUrl and the service app.',
    )
  })
})

describe('a set-up mistake is one clear sentence', () => {
  const refused =
    'acme: token request: Okta gives no access token: The client_assertion signature is invalid (401 invalid_client). Check oauth.clientId, that the service app is active and has the public key of oauth.privateKeyFile under oauth.keyId, and the clock of this machine.'

  test.each([
    ['wrong client', { clientId: '0oaUnknown' }, pkcs8],
    ['unknown key id', { keyId: 'key-2' }, pkcs8],
    ['a key of somebody else', {}, strangersKey],
  ])('%s', async (_mistake, changes, key) => {
    expect(await errorOf(changes, key)).toBe(refused)
    // Neither the API nor the token endpoint is asked in vain.
    expect(tenant().calls).toHaveLength(1)
  })

  test('a key that is replaced after the refusal is read at the next run', async () => {
    const sync = await open({}, strangersKey)
    expect((await run(sync)).error).toBe(refused)
    await writeFile(keyFile(), pkcs8)
    expect(await run(sync)).toMatchObject({ outcome: 'applied', error: null })
  })

  test('a scope that is not granted', async () => {
    tenant().serviceApp.grantedScopes.delete('okta.groups.read')
    expect(await errorOf({})).toBe(
      'acme: token request: Okta gives no access token: One or more scopes are not configured for the authorization server resource (400 invalid_scope). Grant the service app every scope asked for (okta.users.read, okta.groups.read), or ask for fewer in oauth.scopes.',
    )
  })

  test('a scope that is not asked for', async () => {
    const sync = await open({ scopes: ['okta.users.read'] })
    expect((await run(sync)).error).toBe(
      'acme: GET /api/v1/groups: the scope okta.groups.read is missing (403 E0000006). Grant it to the service app and name it in oauth.scopes, to read groups.',
    )
  })

  test('no scope at all', async () => {
    expect(await errorOf({ scopes: [] })).toMatch(/^acme: oauth\.scopes: no scope is asked for\. Name/)
  })

  test('a role that is missing', async () => {
    tenant().faults.add({ kind: 'forbidden', path: '/api/v1/users' })
    expect(await errorOf({})).toBe(
      'acme: GET /api/v1/users: permission missing (403 E0000006). Give the service app, by an admin role, the right to read users.',
    )
  })

  test('an org without the token endpoint', async () => {
    tenant().faults.add({ kind: 'html', status: 404, path: '/oauth2/v1/token' })
    expect(await errorOf({})).toBe(
      'acme: token request: Okta gives no access token (404). Check orgUrl and the service app.',
    )
  })

  test('a key file that is not there', async () => {
    expect(await errorOf({ privateKeyFile: join(directory, 'none.key') })).toBe(
      `acme: oauth.privateKeyFile: ${join(directory, 'none.key')} cannot be read. Check the path and its rights.`,
    )
  })

  test.each([
    ['no key', 'hush-hush'],
    ['a public key', publicKey.export({ type: 'spki', format: 'pem' }).toString()],
    ['a public JWK', JSON.stringify(publicKey.export({ format: 'jwk' }))],
    ['cut JSON', jwk().slice(0, -20)],
    [
      'a key with a passphrase',
      privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString(),
    ],
  ])('a key file that holds %s', async (_content, key) => {
    const error = await errorOf({}, key)
    expect(error).toMatch(/^acme: oauth\.privateKeyFile: .*app\.key is not a private key in PEM or JWK form/)
    expect(error).not.toContain(key.slice(0, 9))
  })

  test('an EC key, which the SDK cannot use', async () => {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' })
    expect(await errorOf({}, key.toString())).toMatch(/app\.key is not an RSA key\. Make an RSA key/)
  })

  test('is named by the test of the connection', async () => {
    tenant().serviceApp.keys.clear()
    const { config } = await open()
    const secret = async (source: unknown) => new Secret(String(source))
    const [provider] = createProviders(config, { clock, secret, directory })
    expect(await provider?.test(new AbortController().signal)).toMatchObject([
      { name: 'read users', ok: false, message: refused },
      { name: 'read groups', ok: false, message: refused },
    ])
  })
})

test.each([
  ['both', { apiToken: { env: 'OKTA' }, oauth: { clientId: 'c', privateKeyFile: '/k' } }, ['providers[0].oauth']],
  ['neither', {}, ['providers[0].apiToken']],
  ['OAuth alone', { oauth: { clientId: 'c', privateKeyFile: '/k' } }, []],
])('exactly one of apiToken and oauth is configured: %s', (_case, access, paths) => {
  const provider = { id: 'a', type: 'okta', name: 'A', orgUrl: 'https://a.okta.com', ...access }
  const config = configSchema.parse({ baseDn: 'dc=example,dc=com', providers: [provider] })
  const problems = configChecks.flatMap((check) => check(config)).map(({ path }) => path)
  expect(problems.filter((path) => /apiToken|oauth/.test(path))).toEqual(paths)
})

type Answer = (request: ServiceRequest) => Promise<ServiceAnswer>

/** Stands before the simulated org, for what it does not do itself. */
function intercept(handle: (request: ServiceRequest, answer: Answer) => Promise<ServiceAnswer>): void {
  const service = tenant()
  const original = service.answer.bind(service)
  service.answer = (request) => handle(request, original)
}
