import type { EntraProviderConfig } from '../../../server/runtime/config-schema.ts'
import { createCallPacer } from '../../call-pacer.ts'
import type { CredentialPurpose } from '../../credential-health.ts'
import { type IdentityProvider, newTraffic, type ProbeResult } from '../../identity-provider.ts'
import type { ProviderParts } from '../../provider-parts.ts'
import { type AccessTokens, checkTenant, createTokenChains, permissionAdvice, tokensOf } from './access-token.ts'
import { createAccountAuthorization } from './account-authorization.ts'
import { createChangeSubscriptions } from './change-subscriptions.ts'
import { createCredentials } from './credentials.ts'
import { delegatedPermissions, delegatedScopes } from './delegated-scopes.ts'
import { createGraphClient, type Listing } from './graph-client.ts'
import { domainsListing, groupsListing, needsGroups, ruleReadsDomains, usersListing } from './graph-listings.ts'
import { createGraphReader } from './graph-reader.ts'
import { notificationHook } from './notification-hook.ts'
import type { CallContext } from './token-credential.ts'

/** 4 to 8 in parallel are plenty (contract §6.3). */
const maxConcurrentCalls = 5

/** Microsoft Entra ID and Office 365: one API under two names. */
export function createEntraProvider(
  config: EntraProviderConfig,
  parts: ProviderParts & {
    /** Whether linking people asks which domains are verified. */
    readonly linkingReadsDomains: boolean
  },
): IdentityProvider {
  const { clock } = parts
  const domainsAreRead = parts.linkingReadsDomains || ruleReadsDomains(config)
  const permissions = (purposes: readonly CredentialPurpose[]) => delegatedPermissions(purposes, domainsAreRead)
  const scopes = (purposes: readonly CredentialPurpose[]) => delegatedScopes(config, permissions(purposes))
  const credentials = createCredentials({ config, purposes: purposesOf(config), scopes, parts })
  const pacer = createCallPacer({ clock, maxConcurrent: maxConcurrentCalls })
  const graphWith = (tokens: Readonly<Record<CredentialPurpose, AccessTokens>>) =>
    createGraphClient({
      provider: config.id,
      graphUrl: config.graphUrl,
      timeoutMs: config.requestTimeoutSeconds * 1000,
      tokens,
      pacer,
      clock,
    })
  const chains = createTokenChains({ provider: config.id, credentials: credentials.all, recorder: parts.recorder })
  const graph = graphWith(chains)
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
      const context = newContext(signal)
      const found = await credentials.all()
      const results: ProbeResult[] = []
      for (const credential of found) {
        const client = graphWith(forBoth(tokensOf(credential)))
        for (const { name, listing } of probes(config, credential.purposes, domainsAreRead)) {
          const title = found.length === 1 ? name : `${name} with ${credential.label}`
          results.push(
            await probe(title, async () => {
              checkTenant(config.id, config.tenantId)
              await client.probe(listing, context)
            }),
          )
        }
      }
      if (credentials.takesAccounts && parts.authorizations === undefined)
        return [...results, accountsNotTried(config.id)]
      const covered = new Set(found.flatMap(({ purposes }) => purposes))
      for (const purpose of purposesOf(config)) {
        if (covered.has(purpose)) continue
        results.push(await probe(`read ${purpose}`, async () => void (await chains[purpose].get(context))))
      }
      return results
    },
    ...(config.changeNotifications ? { hook: notificationHook } : {}),
    subscriptions: createChangeSubscriptions(config, purposesOf(config), graph),
    async credentials() {
      return (await credentials.all()).map((credential) => ({
        ...credential,
        test: async (signal) => void (await tokensOf(credential).get(newContext(signal), true)),
      }))
    },
    ...(credentials.takesAccounts
      ? {
          accounts: createAccountAuthorization({
            config,
            applications: credentials.applications,
            permissions,
            scopes,
            async probe({ accessToken, authorizedBy, purposes }, signal) {
              const given = {
                get: () => Promise.resolve(accessToken),
                advice: (permission: string) => permissionAdvice(permission, { kind: 'delegated', authorizedBy }),
              }
              const client = graphWith(forBoth(given))
              for (const { listing } of probes(config, purposes, domainsAreRead))
                await client.probe(listing, newContext(signal))
            },
          }),
        }
      : {}),
  }
}

function forBoth(tokens: AccessTokens): Readonly<Record<CredentialPurpose, AccessTokens>> {
  return { users: tokens, groups: tokens }
}

function newContext(signal: AbortSignal): CallContext {
  return { signal, traffic: newTraffic() }
}

/** Authorized accounts are in the store, which belongs to the server. */
function accountsNotTried(provider: string): ProbeResult {
  return { name: 'authorized accounts', ok: true, message: `are tried by "rosterd provider test ${provider}"` }
}

/** What the provider is read for. Groups that a rule names are read although none are served. */
function purposesOf(config: EntraProviderConfig): readonly CredentialPurpose[] {
  return [...(config.users ? (['users'] as const) : []), ...(needsGroups(config) ? (['groups'] as const) : [])]
}

interface Probe {
  readonly name: string
  readonly listing: Listing
}

/** One cheap call for each permission that these purposes need. */
function probes(
  config: EntraProviderConfig,
  purposes: readonly CredentialPurpose[],
  domainsAreRead: boolean,
): readonly Probe[] {
  const users = { ...usersListing(config), path: '/users?$select=id,accountEnabled&$top=1' }
  const groups = { ...groupsListing(config), path: '/groups?$select=id&$top=1' }
  return [
    ...(purposes.includes('users') ? [{ name: 'read users', listing: users }] : []),
    ...(purposes.includes('groups') ? [{ name: 'read groups', listing: groups }] : []),
    ...(purposes.includes('users') && domainsAreRead ? [{ name: 'read domains', listing: domainsListing }] : []),
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
