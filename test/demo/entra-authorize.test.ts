import { ConfidentialClientApplication, CryptoProvider } from '@azure/msal-node'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { startTrustedTenants } from './trusted-tenants.ts'

const redirectUri = 'https://rosterd.example/oauth/callback'

let tenants: SimulatedTenants
let application: ConfidentialClientApplication

beforeEach(async () => {
  tenants = await startTrustedTenants()
  const { authorityHost, tenantId, clientId, clientSecret, tenant } = tenants.entra
  tenant.application.redirectUris.add(redirectUri)
  tenant.application.approvesAs = 'zoe.lindqvist@contoso.example'
  application = new ConfidentialClientApplication({
    auth: {
      clientId,
      clientSecret,
      authority: `${authorityHost}/${tenantId}`,
      knownAuthorities: [new URL(authorityHost).host],
    },
  })
})

afterEach(() => tenants.close())

async function authorize(pkce: { challenge: string; verifier: string }, form?: Record<string, string>) {
  const url = await application.getAuthCodeUrl({
    scopes: scopes(),
    redirectUri,
    state: 'state-1',
    codeChallenge: pkce.challenge,
    codeChallengeMethod: 'S256',
  })
  const method = form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }
  const answer = await fetch(url, { redirect: 'manual', ...method })
  const location = answer.headers.get('location')
  return { answer, back: location === null ? undefined : new URL(location).searchParams }
}

function scopes(): string[] {
  return ['User.Read.All', 'GroupMember.Read.All'].map((name) => `${tenants.entra.graphUrl}/${name}`)
}

function redeem(code: string, verifier: string) {
  return application.acquireTokenByCode({ code, redirectUri, scopes: scopes(), codeVerifier: verifier })
}

function makePkce() {
  return new CryptoProvider().generatePkceCodes()
}

describe('Authorize account', () => {
  test('gives a token that acts as the administrator, refreshable once per refresh token', async () => {
    const pkce = await makePkce()
    const { back } = await authorize(pkce)
    expect(back?.get('state')).toBe('state-1')
    const first = await redeem(back?.get('code') ?? '', pkce.verifier)
    const headers = { authorization: `Bearer ${first.accessToken}` }
    const me = await fetch(`${tenants.entra.graphUrl}/v1.0/me`, { headers })
    expect(await me.json()).toMatchObject({ userPrincipalName: 'zoe.lindqvist@contoso.example' })
    const refreshTokens = () => /"secret":"(0\.[^"]+)"/.exec(application.getTokenCache().serialize())?.[1]
    const before = refreshTokens()
    if (first.account === null) throw new Error('no account')
    await application.acquireTokenSilent({ account: first.account, scopes: scopes(), forceRefresh: true })
    expect(refreshTokens()).not.toBe(before)
  })

  test('takes a code once and only with its verifier', async () => {
    const pkce = await makePkce()
    const wrong = (await authorize(pkce)).back?.get('code') ?? ''
    await expect(redeem(wrong, (await makePkce()).verifier)).rejects.toThrow(/501481/)
    const code = (await authorize(pkce)).back?.get('code') ?? ''
    await redeem(code, pkce.verifier)
    await expect(redeem(code, pkce.verifier)).rejects.toThrow(/54005/)
  })

  test.each([
    ['disabled', 50057],
    ['revoked', 50173],
    ['expired', 700082],
    ['mfa', 50076],
    ['deleted', 50034],
  ])('refuses to refresh when %s', async (event, code) => {
    const pkce = await makePkce()
    const { account } = await redeem((await authorize(pkce)).back?.get('code') ?? '', pkce.verifier)
    const { directory, authorizations } = tenants.entra.tenant
    const userId = account?.localAccountId ?? ''
    if (event === 'disabled') directory.updateUser(userId, { accountEnabled: false })
    if (event === 'revoked') authorizations.revoke(userId)
    if (event === 'expired') authorizations.expireAll()
    if (event === 'mfa') directory.credentials(userId).signIn = 'mfa'
    if (event === 'deleted') directory.removeUser(userId)
    if (account === null) throw new Error('no account')
    const attempt = application.acquireTokenSilent({ account, scopes: scopes(), forceRefresh: true })
    await expect(attempt).rejects.toMatchObject({ errorNo: code })
  })

  test('sends an ordinary person back with access_denied', async () => {
    tenants.entra.tenant.application.approvesAs = 'sam@contoso.example'
    const { back } = await authorize(await makePkce())
    expect(back?.get('error')).toBe('access_denied')
    expect(back?.get('error_description')).toContain('AADSTS90094')
  })

  test('ends on an error page for an unregistered redirect URI', async () => {
    tenants.entra.tenant.application.redirectUris.clear()
    const { answer, back } = await authorize(await makePkce())
    expect([answer.status, back]).toEqual([400, undefined])
  })

  test('asks for name and password when nobody approves at once', async () => {
    tenants.entra.tenant.application.approvesAs = undefined
    const pkce = await makePkce()
    expect(await (await authorize(pkce)).answer.text()).toContain('name="password"')
    const person = { username: 'zoe.lindqvist@contoso.example' }
    expect(await (await authorize(pkce, { ...person, password: 'wrong' })).answer.text()).toContain('AADSTS50126')
    const { back } = await authorize(pkce, { ...person, password: 'demo-zoe.lindqvist' })
    expect(back?.get('code')).toMatch(/^1\./)
  })
})
