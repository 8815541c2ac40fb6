import { generateKeyPairSync } from 'node:crypto'
import { ConfidentialClientApplication, PublicClientApplication } from '@azure/msal-node'
import { Client } from '@microsoft/microsoft-graph-client'
import okta from '@okta/okta-sdk-nodejs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import { startTrustedTenants } from './trusted-tenants.ts'

let tenants: SimulatedTenants

beforeAll(async () => {
  tenants = await startTrustedTenants()
})

afterAll(() => tenants.close())

function msalOptions(clientSecret?: string) {
  const { authorityHost, tenantId, clientId } = tenants.entra
  return {
    auth: {
      clientId,
      authority: `${authorityHost}/${tenantId}`,
      knownAuthorities: [new URL(authorityHost).host],
      ...(clientSecret === undefined ? {} : { clientSecret }),
    },
  }
}

function graphClient(): Client {
  const { entra } = tenants
  const application = new ConfidentialClientApplication(msalOptions(entra.clientSecret))
  return Client.initWithMiddleware({
    authProvider: {
      getAccessToken: async () => {
        const result = await application.acquireTokenByClientCredential({ scopes: [entra.scope] })
        return result?.accessToken ?? ''
      },
    },
    baseUrl: entra.graphUrl,
    customHosts: new Set(['localhost']),
  })
}

describe('MSAL and the Graph client', () => {
  test('read all 200 people over several pages', async () => {
    const client = graphClient()
    const ids = new Set<string>()
    let page = await client.api('/users').select(['id', 'userPrincipalName']).top(60).get()
    let pages = 1
    for (; ; pages += 1) {
      for (const user of page.value) ids.add(user.id)
      const nextLink: string | undefined = page['@odata.nextLink']
      if (nextLink === undefined) break
      page = await client.api(nextLink).get()
    }
    expect(ids.size).toBe(200)
    expect(pages).toBe(4)
  })

  test('report a wrong secret as AADSTS7000215', async () => {
    const application = new ConfidentialClientApplication(msalOptions('wrong'))
    const attempt = application.acquireTokenByClientCredential({ scopes: [tenants.entra.scope] })
    await expect(attempt).rejects.toThrow(/7000215/)
  })

  test('get a token with a client assertion signed by a registered certificate', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const { auth } = msalOptions()
    const application = () =>
      new ConfidentialClientApplication({
        auth: {
          ...auth,
          clientCertificate: {
            thumbprintSha256: 'a'.repeat(64),
            privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
          },
        },
      })
    const scopes = [tenants.entra.scope]
    await expect(application().acquireTokenByClientCredential({ scopes })).rejects.toThrow(/700027/)
    const { certificates } = tenants.entra.tenant.application
    certificates.push(publicKey.export({ type: 'spki', format: 'pem' }).toString())
    expect((await application().acquireTokenByClientCredential({ scopes }))?.accessToken).toBeTypeOf('string')
    certificates.length = 0
  })

  test('refuse a scope that is not exactly the default one', async () => {
    const application = new ConfidentialClientApplication(msalOptions(tenants.entra.clientSecret))
    const scopes = [`${tenants.entra.graphUrl}/User.Read.All`]
    await expect(application.acquireTokenByClientCredential({ scopes })).rejects.toThrow(/1002012/)
  })

  test.each([
    ['zoe.lindqvist@contoso.example', 'demo-zoe.lindqvist', undefined],
    ['ZOE.LINDQVIST@contoso.example', 'demo-zoe.lindqvist', undefined],
    ['zoe.lindqvist@contoso.example', 'wrong', 50126],
    ['nobody@contoso.example', 'any', 50034],
    ['tom_partner.example#EXT#@contoso.onmicrosoft.example', 'any', 50034],
    ['hank.leaver@contoso.example', 'demo-hank.leaver', 50057],
    ['mia.factor@contoso.example', 'demo-mia.factor', 50076],
    ['max.register@contoso.example', 'demo-max.register', 50079],
    ['eve.expired@contoso.example', 'demo-eve.expired', 50055],
    ['lou.locked@contoso.example', 'demo-lou.locked', 50053],
    ['cam.access@contoso.example', 'demo-cam.access', 53003],
    ['paula.keyless@contoso.example', 'any', 50056],
    ['fed.erica@legacy.fabrikam.example', 'demo-fed.erica', 50126],
  ])('check the password of %s (%s): %s', async (username, password, code) => {
    const application = new PublicClientApplication(msalOptions())
    const attempt = application.acquireTokenByUsernamePassword({ scopes: ['User.Read'], username, password })
    if (code === undefined) {
      expect((await attempt)?.account?.username).toBe('zoe.lindqvist@contoso.example')
    } else {
      await expect(attempt).rejects.toMatchObject({ errorNo: code })
    }
  })
})

describe('the Okta SDK', () => {
  function oktaClient(token: string) {
    return new okta.Client({
      orgUrl: tenants.okta.orgUrl,
      token,
      cacheMiddleware: null,
      requestExecutor: new okta.DefaultRequestExecutor({ maxRetries: 0, requestTimeout: 0 }),
    })
  }

  test('reads everybody, deactivated people too, over several pages', async () => {
    const logins = new Set<string>()
    const users = await oktaClient(tenants.okta.apiToken).userApi.listUsers({ search: 'status pr', limit: 30 })
    for await (const user of users) if (user !== null) logins.add(String(user.profile?.login))
    expect(logins.size).toBe(100)
    expect(logins).toContain('left.company@acme.example')
  })

  test('reports an unknown token as E0000011', async () => {
    const users = await oktaClient('wrong').userApi.listUsers({ limit: 1 })
    await expect(users.next()).rejects.toMatchObject({ status: 401, errorCode: 'E0000011' })
  })
})
