import tls from 'node:tls'
import {
  type SimulatedTenants,
  type SimulatedTenantsOptions,
  startSimulatedTenants,
} from '../../demo/simulated-tenants.ts'

/** Starts both tenants and makes this process trust their authority. */
export async function startTrustedTenants(options?: SimulatedTenantsOptions): Promise<SimulatedTenants> {
  const tenants = await startSimulatedTenants(options)
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), tenants.caPem])
  return tenants
}

/** An application token of the Entra tenant, asked for without an SDK. */
export async function entraToken({ entra }: SimulatedTenants, form: Record<string, string> = {}): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: entra.clientId,
    client_secret: entra.clientSecret,
    scope: entra.scope,
    ...form,
  })
  const answer = await fetch(`${entra.authorityHost}/${entra.tenantId}/oauth2/v2.0/token`, { method: 'POST', body })
  return String(((await answer.json()) as { access_token?: unknown }).access_token)
}

interface GraphBody {
  readonly [key: string]: unknown
  readonly value: Record<string, unknown>[]
  readonly '@odata.nextLink'?: string
  readonly '@odata.deltaLink'?: string
  readonly error: { readonly code: string; readonly message: string }
}

export interface GraphResult {
  readonly status: number
  readonly headers: Headers
  readonly body: GraphBody
}

export type GraphGet = (pathOrUrl: string, headers?: Record<string, string>) => Promise<GraphResult>

/** `get('/users?$top=5')` with a fresh application token. */
export async function graphGetter(tenants: SimulatedTenants): Promise<GraphGet> {
  const token = await entraToken(tenants)
  return async (pathOrUrl, headers = {}) => {
    const url = pathOrUrl.startsWith('https:') ? pathOrUrl : `${tenants.entra.graphUrl}/v1.0${pathOrUrl}`
    const answer = await fetch(url, { headers: { authorization: `Bearer ${token}`, ...headers } })
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as GraphBody }
  }
}

interface OktaResult {
  readonly status: number
  readonly headers: Headers
  // Tests look into answers of many shapes.
  readonly body: Record<string, unknown>[] & { readonly errorCode?: string; readonly status?: string }
  readonly next: string | undefined
}

export type OktaGet = (pathOrUrl: string, headers?: Record<string, string>) => Promise<OktaResult>

/** `get('/api/v1/users')` with the demo's API token. */
export function oktaGetter({ okta }: SimulatedTenants): OktaGet {
  return async (pathOrUrl, headers = {}) => {
    const url = pathOrUrl.startsWith('https:') ? pathOrUrl : `${okta.orgUrl}${pathOrUrl}`
    const answer = await fetch(url, { headers: { authorization: `SSWS ${okta.apiToken}`, ...headers } })
    const next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1]
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as OktaResult['body'], next }
  }
}
