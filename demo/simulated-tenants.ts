import { guidOf } from './data/seeded-random.ts'
import { sampleDomains } from './entra/sample-people.ts'
import { fillEntraDirectory } from './entra/sample-tenant.ts'
import { EntraTenant } from './entra/tenant.ts'
import { makeServerCertificate } from './https/certificate.ts'
import { startServer } from './https/server.ts'
import { fillOktaDirectory } from './okta/sample-groups.ts'
import { OktaTenant } from './okta/tenant.ts'

export interface SimulatedTenantsOptions {
  /** Ports on 127.0.0.1; 0 (default) lets the system choose. */
  readonly entraPort?: number
  readonly oktaPort?: number
  /** `sample` (default): 300 people and 40 groups. `empty`: only Entra's domains. */
  readonly data?: 'sample' | 'empty'
  /** Largest page of every listing, so that few objects need many pages. */
  readonly pageSize?: number
  /** Clock of both services: token expiry, lockouts, `lastUpdated`. */
  readonly now?: () => Date
}

export interface SimulatedTenants extends AsyncDisposable {
  readonly entra: {
    /** `https://localhost:PORT`; MSAL wants `knownAuthorities: ['localhost:PORT']`. */
    readonly authorityHost: string
    /** Graph without version, `https://localhost:PORT/graph`; the client wants `customHosts: new Set(['localhost'])`. */
    readonly graphUrl: string
    /** `https://localhost:PORT/graph/.default` */
    readonly scope: string
    readonly tenantId: string
    readonly clientId: string
    readonly clientSecret: string
    readonly tenant: EntraTenant
  }
  readonly okta: {
    readonly orgUrl: string
    readonly apiToken: string
    /** Of the app that people sign in to. */
    readonly clientId: string
    readonly clientSecret: string
    readonly tenant: OktaTenant
  }
  /** Trust it with `tls.setDefaultCACertificates([...tls.getCACertificates('default'), caPem])`. */
  readonly caPem: string
  close(): Promise<void>
}

const tenantId = guidOf('entra tenant contoso.example')
const clientId = guidOf('entra application rosterd')
const clientSecret = 'demo-client-secret'
const apiToken = '00demoOktaApiToken_for_acme_example_00000'
const serviceAppClientId = '0oa7demoServiceApp01'
const webAppClientId = '0oa7demoWebAppForMe1'
const webAppClientSecret = 'demo-okta-client-secret'

/** Starts a simulated Entra tenant and a simulated Okta org, each on its own HTTPS port of 127.0.0.1. */
export async function startSimulatedTenants(options: SimulatedTenantsOptions = {}): Promise<SimulatedTenants> {
  const { entraPort = 0, oktaPort = 0, data = 'sample', pageSize, now = () => new Date() } = options
  const certificate = await makeServerCertificate()
  await using started = new AsyncDisposableStack()
  const entra = await startServer(certificate, entraPort, (origin) => makeEntraTenant(origin, { now, pageSize }))
  started.defer(() => entra.close())
  const okta = await startServer(certificate, oktaPort, (origin) => makeOktaTenant(origin, { now, pageSize }))
  started.defer(() => okta.close())
  entra.service.directory.domains.push(...sampleDomains)
  if (data === 'sample') {
    fillEntraDirectory(entra.service.directory)
    fillOktaDirectory(okta.service.directory)
  }
  const servers = started.move()
  const close = () => servers.disposeAsync()
  return {
    entra: {
      authorityHost: entra.origin,
      graphUrl: `${entra.origin}/graph`,
      scope: `${entra.origin}/graph/.default`,
      tenantId,
      clientId,
      clientSecret,
      tenant: entra.service,
    },
    okta: {
      orgUrl: okta.origin,
      apiToken,
      clientId: webAppClientId,
      clientSecret: webAppClientSecret,
      tenant: okta.service,
    },
    caPem: certificate.caPem,
    close,
    [Symbol.asyncDispose]: close,
  }
}

interface TenantOptions {
  readonly now: () => Date
  readonly pageSize: number | undefined
}

function makeEntraTenant(origin: string, options: TenantOptions): Promise<EntraTenant> {
  const application = {
    clientId,
    secret: clientSecret,
    secretIsExpired: false,
    isDisabled: false,
    allowsPublicClient: true,
    permissions: new Set(['User.Read.All', 'GroupMember.Read.All', 'Domain.Read.All', 'Organization.Read.All']),
    consentedScopes: new Set(['User.Read']),
    redirectUris: new Set<string>(),
    approvesAs: undefined,
    tenantOfPeople: undefined,
    idTokenClaims: {},
    certificates: [],
  }
  return EntraTenant.create(origin, tenantId, application, options)
}

async function makeOktaTenant(origin: string, options: TenantOptions): Promise<OktaTenant> {
  const serviceApp = {
    clientId: serviceAppClientId,
    keys: new Map(),
    grantedScopes: new Set([
      'okta.users.read',
      'okta.groups.read',
      'okta.apps.read',
      'okta.orgs.read',
      'okta.logs.read',
    ]),
  }
  const webApp = {
    clientId: webAppClientId,
    secret: webAppClientSecret,
    redirectUris: new Set<string>(),
    unassigned: new Set<string>(),
    signedInAs: undefined,
    idTokenClaims: {},
  }
  const tenant = await OktaTenant.create(origin, { serviceApp, webApp }, options)
  tenant.apiTokens.add(apiToken)
  return tenant
}
