import type { EntraProviderConfig } from '../../../server/runtime/config-schema.ts'
import { createCallPacer } from '../../call-pacer.ts'
import type { Clock } from '../../../server/runtime/clock.ts'
import { type IdentityProvider, newTraffic, type ProbeResult } from '../../identity-provider.ts'
import type { ReadSecret } from '../../provider-secret.ts'
import { applicationCredentials } from './application-credentials.ts'
import { checkTenant, createAccessTokens } from './access-token.ts'
import { createGraphClient, type Listing } from './graph-client.ts'
import { domainsListing, groupsListing, ruleReadsDomains, usersListing } from './graph-listings.ts'
import { createGraphReader } from './graph-reader.ts'

/** 4 to 8 in parallel are plenty (contract §6.3). */
const maxConcurrentCalls = 5

/** Microsoft Entra ID and Office 365: one API under two names. */
export function createEntraProvider(
  config: EntraProviderConfig,
  parts: {
    readonly clock: Clock
    readonly secret: ReadSecret
    /** Whether linking people asks which domains are verified. */
    readonly linkingReadsDomains: boolean
  },
): IdentityProvider {
  const domainsAreRead = parts.linkingReadsDomains || ruleReadsDomains(config)
  const timeoutMs = config.requestTimeoutSeconds * 1000
  const tokens = createAccessTokens({
    provider: config.id,
    tenantId: config.tenantId,
    clientId: config.clientId,
    credentials: applicationCredentials(config, parts.secret),
    authorityHost: config.authorityHost,
    scope: config.scope,
    timeoutMs,
    clock: parts.clock,
  })
  const graph = createGraphClient({
    provider: config.id,
    graphUrl: config.graphUrl,
    timeoutMs,
    tokens,
    pacer: createCallPacer({ clock: parts.clock, maxConcurrent: maxConcurrentCalls }),
    clock: parts.clock,
  })
  const reader = createGraphReader(config, graph, domainsAreRead)
  return {
    id: config.id,
    type: config.type,
    tenant: config.tenantId.toLowerCase(),
    fetchAll(context) {
      checkTenant(config.id, config.tenantId)
      return reader.readAll(context)
    },
    fetchChanges(cursor, mirror, context) {
      checkTenant(config.id, config.tenantId)
      return reader.readChanges(cursor, mirror, context)
    },
    fetchUser(name, mirror, context) {
      checkTenant(config.id, config.tenantId)
      return reader.readUser(name, mirror, context)
    },
    async test(signal) {
      const context = { signal, traffic: newTraffic() }
      const results: ProbeResult[] = []
      const probeListing = async (listing: Listing) => {
        checkTenant(config.id, config.tenantId)
        await graph.probe(listing, context)
      }
      for (const [name, listing] of probes(config, domainsAreRead))
        results.push(await probe(name, () => probeListing(listing)))
      return results
    },
  }
}

function probes(config: EntraProviderConfig, domainsAreRead: boolean): readonly (readonly [string, Listing])[] {
  const one = (path: string, listing: Listing): Listing => ({ ...listing, path })
  return [
    ...(config.users
      ? ([['read users', one('/users?$select=id,accountEnabled&$top=1', usersListing(config))]] as const)
      : []),
    ...(config.groups ? ([['read groups', one('/groups?$select=id&$top=1', groupsListing)]] as const) : []),
    ...(domainsAreRead ? ([['read domains', domainsListing]] as const) : []),
  ]
}

async function probe(name: string, call: () => Promise<void>): Promise<ProbeResult> {
  try {
    await call()
    return { name, ok: true, message: 'ok' }
  } catch (error) {
    return { name, ok: false, message: error instanceof Error ? error.message : String(error) }
  }
}
