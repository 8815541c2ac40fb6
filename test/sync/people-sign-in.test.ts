import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeServerCertificate } from '../../demo/https/certificate.ts'
import { signToken } from '../../demo/https/json-web-token.ts'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { peopleSignIn } from '../../server/self-service.ts'
import { configSchema } from '../../server/runtime/config-schema.ts'
import { Secret } from '../../server/runtime/secret.ts'
import { createProviders } from '../../sync/create-providers.ts'
import type { BrowserSignInRequest } from '../../sync/oidc/browser-sign-in.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'
import { fillSmallTenants, oktaUserId } from './small-tenants.ts'
import { entraSettings, oktaSettings, openSync, startTrustedTenants } from './sync-fixture.ts'

const publicUrl = 'https://directory.example.com/'
/** As the server is to be registered with. */
const redirectUri = 'https://directory.example.com/me/callback'
const minute = 60_000
const hour = 60 * minute

let tenants: SimulatedTenants
let clock: FakeClock
let sync: Awaited<ReturnType<typeof openSync>>
let people: ReturnType<typeof peopleSignIn>

beforeEach(async () => {
  tenants = await startTrustedTenants({ data: 'empty' })
  fillSmallTenants(tenants)
  const { entra, okta } = tenants
  entra.tenant.application.redirectUris.add(redirectUri)
  okta.tenant.webApp.redirectUris.add(redirectUri)
  entra.tenant.application.approvesAs = 'person1@contoso.example'
  okta.tenant.webApp.signedInAs = 'worker1@acme.example'
  clock = fakeClock(new Date().toISOString())
  await open({ clientId: okta.clientId, clientSecret: okta.clientSecret })
})
afterEach(() => tenants.close())

async function open(okta: object) {
  const { clientId, clientSecret } = tenants.entra
  sync = await openSync({
    providers: [
      entraSettings(tenants, { signIn: { clientId, clientSecret } }),
      oktaSettings(tenants, { signIn: okta }),
    ],
    settings: { admin: { publicUrl } },
    clock,
  })
  for (const id of ['contoso', 'acme']) await sync.engine.run(id, { trigger: 'test' })
  people = peopleSignIn(sync, sync.logger)
}

async function begin(provider: string, isFresh = false) {
  const place = people.places.find(({ id }) => id === provider)
  if (place === undefined) throw new Error(`nobody signs in at ${provider}`)
  const begun = await people.begin(place, isFresh)
  if (typeof begun === 'string') throw new Error(begun)
  return { ticket: begun.ticket, address: new URL(begun.address), place }
}

/** What a provider where the person is signed in sends the browser back with. */
async function answerOf(address: URL): Promise<URLSearchParams> {
  const response = await fetch(address, { redirect: 'manual' })
  return new URL(response.headers.get('location') ?? '').searchParams
}

async function signIn(provider: string) {
  const { ticket, address } = await begin(provider)
  return await people.complete({ ticket, query: await answerOf(address), address: '192.0.2.1' })
}

const lastLogged = () => sync.logged.at(-1)

test('people are sent to the provider with PKCE, state and nonce, and for no more than the scopes that name them', async () => {
  const { address } = await begin('contoso')
  expect(address.origin).toBe(tenants.entra.authorityHost)
  expect(Object.fromEntries(address.searchParams)).toEqual({
    client_id: tenants.entra.clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid profile',
    state: expect.stringMatching(/^[\w-]{43}$/) as string,
    nonce: expect.stringMatching(/^[\w-]{43}$/) as string,
    code_challenge: expect.stringMatching(/^[\w-]{43}$/) as string,
    code_challenge_method: 'S256',
  })
  const okta = (await begin('acme', true)).address.searchParams
  expect([okta.get('scope'), okta.get('prompt'), okta.get('max_age')]).toEqual(['openid', 'login', '0'])
})

test('people are found by tenant and immutable id', async () => {
  const worker = sync.directory.entryByDn('uid=worker1,ou=people,dc=example,dc=com')
  expect(await signIn('acme')).toMatchObject({ entryUUID: worker?.entryUUID, provider: 'acme' })
  const person = sync.directory.entryByDn('uid=person1,ou=people,dc=example,dc=com')
  expect(await signIn('contoso')).toMatchObject({ entryUUID: person?.entryUUID, provider: 'contoso' })
})

test('an answer is worth something for ten minutes', async () => {
  const late = await begin('acme')
  const lateAnswer = await answerOf(late.address)
  clock.advance(10 * minute)
  expect(await people.complete({ ticket: late.ticket, query: lateAnswer, address: '192.0.2.1' })).toBeUndefined()
  const { ticket, address } = await begin('acme')
  const query = await answerOf(address)
  clock.advance(10 * minute - 1)
  expect(await people.complete({ ticket, query, address: '192.0.2.1' })).toMatchObject({ provider: 'acme' })
})

test('an answer is of use once, also when the browser keeps its ticket', async () => {
  const { ticket, address } = await begin('acme')
  const query = await answerOf(address)
  expect(await people.complete({ ticket, query, address: '192.0.2.1' })).toMatchObject({ provider: 'acme' })
  expect(await people.complete({ ticket, query, address: '192.0.2.1' })).toBeUndefined()
})

test('a guessed state does not end what the person began', async () => {
  const { ticket, address } = await begin('acme')
  const guess = new URLSearchParams({ code: 'x', state: 'x' })
  expect(await people.complete({ ticket, query: guess, address: '192.0.2.1' })).toBeUndefined()
  const query = await answerOf(address)
  expect(await people.complete({ ticket, query, address: '192.0.2.1' })).toMatchObject({ provider: 'acme' })
})

test.each([
  ['of another provider', (ticket: string) => ticket.replace('.acme.', '.contoso.')],
  ['that asks for less', (ticket: string) => ticket.replace('.fresh.', '.any.')],
  ['of a later time', (ticket: string) => ticket.replace(/\d+$/, (began) => String(Number(began) + 1))],
  ['of nobody', () => ''],
])('a ticket %s cannot be made of another one', async (_which, forge) => {
  const { ticket, address } = await begin('acme', true)
  const query = new URLSearchParams({ code: 'x', state: address.searchParams.get('state') ?? '' })
  expect(forge(ticket)).not.toBe(ticket)
  expect(await people.complete({ ticket: forge(ticket), query, address: '192.0.2.1' })).toBeUndefined()
})

test('answers are looked at so often a minute for each address, and others are not held up', async () => {
  const declined = async (address: string) => {
    const { ticket, address: url } = await begin('acme')
    const query = new URLSearchParams({ error: 'access_denied', state: url.searchParams.get('state') ?? '' })
    return await people.complete({ ticket, query, address })
  }
  for (let n = 0; n < 300; n++) expect(await declined('2001:db8::1')).toMatchObject({ problem: 'declined' })
  expect(await declined('2001:db8::2')).toBe('busy')
  expect(await declined('2001:db8:0:1::1')).toMatchObject({ problem: 'declined' })
  clock.advance(minute)
  expect(await declined('2001:db8::1')).toMatchObject({ problem: 'declined' })
})

test('a public client signs people in without a secret', async () => {
  tenants.okta.tenant.webApp.secret = null
  await open({ clientId: tenants.okta.clientId })
  expect(await signIn('acme')).toMatchObject({ provider: 'acme' })
})

test('a wrong secret is a mistake of the set-up, and is not in the log', async () => {
  tenants.okta.tenant.webApp.secret = 'another'
  expect(await signIn('acme')).toMatchObject({ problem: 'failed' })
  expect(lastLogged()).toMatchObject({
    error:
      'acme: sign-in: the client is unknown there or its secret is wrong (401 invalid_client). Check signIn.clientId and signIn.clientSecret.',
  })
  expect(JSON.stringify(sync.logged)).not.toContain(tenants.okta.clientSecret)
})

test.each(['reset', 'server-error', 'html', 'throttled'] as const)(
  'a provider that answers discovery with %s is unavailable, and asked again at the next beginning',
  async (kind) => {
    tenants.okta.tenant.faults.add({ kind, path: '/.well-known/' })
    const [, place] = people.places
    expect(place && (await people.begin(place, false))).toBe('unavailable')
    expect(await signIn('acme')).toMatchObject({ provider: 'acme' })
  },
)

test.each(['reset', 'server-error', 'reset-in-body'] as const)(
  'a provider whose token endpoint answers with %s is unavailable',
  async (kind) => {
    const { ticket, address } = await begin('acme')
    const query = await answerOf(address)
    tenants.okta.tenant.faults.add({ kind, path: '/oauth2/v1/token' })
    expect(await people.complete({ ticket, query, address: '192.0.2.1' })).toMatchObject({ problem: 'unavailable' })
  },
)

test('the discovery document is read once an hour, and an old one does while the provider is down for a day', async () => {
  const asked = () => tenants.okta.tenant.calls.filter(({ path }) => path.includes('/.well-known/')).length
  await Promise.all([begin('acme'), begin('acme')])
  clock.advance(hour - 1)
  await begin('acme')
  expect(asked()).toBe(1)
  clock.advance(1)
  await begin('acme')
  expect(asked()).toBe(2)
  tenants.okta.tenant.faults.add({ kind: 'reset', path: '/.well-known/', times: Number.POSITIVE_INFINITY })
  clock.advance(23 * hour)
  await begin('acme')
  clock.advance(hour)
  await expect(begin('acme')).rejects.toThrow('unavailable')
})

test('a tenant that the authority does not know is a mistake of the set-up', async () => {
  const { clientId } = tenants.entra
  const tenantId = 'a0000000-0000-4000-8000-00000000beef'
  sync = await openSync({ providers: [entraSettings(tenants, { tenantId, signIn: { clientId } })], clock })
  people = peopleSignIn(sync, sync.logger)
  await expect(begin('contoso')).rejects.toThrow('failed')
  expect(lastLogged()).toMatchObject({ error: expect.stringContaining('contoso: discovery: ') as string })
})

test('somebody whom sync has not seen yet is nobody, and is found after the next run', async () => {
  const { directory, webApp } = tenants.okta.tenant
  const profile = { login: 'new@acme.example', email: 'new@acme.example', firstName: 'New', lastName: 'Comer' }
  directory.addUser({ id: oktaUserId(77), profile })
  webApp.signedInAs = 'new@acme.example'
  expect(await signIn('acme')).toMatchObject({ problem: 'nobody' })
  expect(lastLogged()).toMatchObject({ provider: 'acme', id: oktaUserId(77), reason: 'nobody here has this identity' })
  await sync.engine.run('acme', { trigger: 'test' })
  expect(await signIn('acme')).toMatchObject({ provider: 'acme' })
})

/** A provider that says whatever a test wants. */
async function lyingProvider(lie: {
  readonly discovery?: (origin: string) => object
  readonly token?: (claims: object, key: KeyObject) => string | undefined
}) {
  const { keyPem, certificatePem, caPem } = await makeServerCertificate()
  setDefaultCACertificates([...getCACertificates('default'), caPem])
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const server = createServer({ key: keyPem, cert: certificatePem })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `https://localhost:${(server.address() as AddressInfo).port}`
  const request: BrowserSignInRequest = {
    redirectUri,
    state: 'of-a-test',
    nonce: 'n',
    verifier: 'v'.repeat(43),
    isFresh: false,
    began: new Date(),
  }
  server.on('request', ({ url = '' }, response) => {
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: origin, aud: 'rosterd', sub: 'somebody', nonce: 'n', iat: now, exp: now + 300 }
    const token = lie.token ? lie.token(claims, privateKey) : signToken(claims, privateKey, 'k')
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k', use: 'sig', alg: 'RS256' }
    const answers: Record<string, object> = {
      '/.well-known/openid-configuration': {
        issuer: origin,
        authorization_endpoint: `${origin}/authorize`,
        token_endpoint: `${origin}/token`,
        jwks_uri: `${origin}/keys`,
        ...lie.discovery?.(origin),
      },
      '/keys': { keys: [jwk] },
      '/token': { access_token: 'a', token_type: 'Bearer', ...(token === undefined ? {} : { id_token: token }) },
    }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(answers[url] ?? {}))
  })
  const config = configSchema.parse({
    baseDn: 'dc=example,dc=com',
    providers: [
      {
        id: 'liar',
        type: 'okta',
        name: 'Liar',
        orgUrl: origin,
        signIn: { clientId: 'rosterd', clientSecret: 'known' },
      },
    ],
  })
  const secret = async (source: unknown) => new Secret(String(source))
  const [provider] = createProviders(config, { clock, secret, directory: '/nowhere' })
  const query = new URLSearchParams({ state: 'of-a-test', code: 'c' })
  return {
    sub: async () => (await provider?.browserSignIn?.complete(request, query))?.id,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

test('a provider that tells the truth is believed', async () => {
  await using provider = await lyingProvider({})
  expect(await provider.sub()).toBe('somebody')
})

test.each([
  [
    'signed with a key that the provider does not publish',
    (claims: object) => signToken({ ...claims }, generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, 'k'),
    'the answer is not valid: JWT signature verification failed',
  ],
  ['without a signature', (claims: object) => `${part({ alg: 'none' })}.${part(claims)}.`, 'liar: sign-in: '],
  [
    'signed with the secret of the client',
    (claims: object) => {
      const input = `${part({ alg: 'HS256' })}.${part(claims)}`
      return `${input}.${createHmac('sha256', 'known').update(input).digest('base64url')}`
    },
    'liar: sign-in: ',
  ],
  [
    'for several clients, and for the other one in the first place',
    (claims: object, key: KeyObject) => signToken({ ...claims, aud: ['rosterd', 'other'], azp: 'other' }, key, 'k'),
    'the identity token is not for this sign-in',
  ],
  [
    'without a nonce',
    (claims: object, key: KeyObject) => signToken({ ...claims, nonce: undefined }, key, 'k'),
    'liar: sign-in: ',
  ],
  ['that is missing', () => undefined, 'liar: sign-in: '],
])('an identity token %s is refused', async (_which, token, expected) => {
  await using provider = await lyingProvider({ token })
  await expect(provider.sub()).rejects.toThrow(expected)
})

test.each([
  ['calls itself another issuer', () => ({ issuer: 'https://login.example' }), 'liar: discovery: '],
  [
    'sends people elsewhere',
    () => ({ authorization_endpoint: 'https://phish.example/authorize' }),
    'people would sign in at "https://phish.example/authorize"',
  ],
  [
    'has its tokens given out in the clear',
    (origin: string) => ({ token_endpoint: `${origin.replace('https', 'http')}/token` }),
    'liar: sign-in: ',
  ],
])('a discovery document that %s is refused', async (_what, discovery, expected) => {
  await using provider = await lyingProvider({ discovery })
  await expect(provider.sub()).rejects.toThrow(expected)
})
