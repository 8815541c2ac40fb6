import type { EntraProviderConfig } from '../../../server/runtime/config-schema.ts'
import { createCallPacer } from '../../call-pacer.ts'
import type { CredentialPurpose } from '../../credential-health.ts'
import { type FetchContext, type IdentityProvider, newTraffic, type ProbeResult } from '../../identity-provider.ts'
import type { ProviderParts } from '../../provider-parts.ts'
import { type AccessTokens, checkTenant, createTokenChain } from './access-token.ts'
import { createAccountAuthorization, type ProbedToken } from './account-authorization.ts'
import { createEntraSignIn } from './browser-sign-in.ts'
import { createChangeSubscriptions } from './change-subscriptions.ts'
import { createCredentials } from './credentials.ts'
import { delegatedPermissions, delegatedScopes } from './delegated-scopes.ts'
import { createGraphClient, type GraphClient, type Listing } from './graph-client.ts'
import { domainsListing, groupsListing, needsGroups, ruleReadsDomains, usersListing } from './graph-listings.ts'
import { createGraphReader } from './graph-reader.ts'
import { notificationHook } from './notification-hook.ts'
import { createPasswordCheck } from './password-check.ts'
import type { CallContext } from '../../identity-provider.ts'
import type { TokenCredential } from './token-credential.ts'

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
  const { clock, recorder } = parts
  const neededBy = domainsNeededBy(config, parts.linkingReadsDomains)
  const domains = neededBy === undefined ? undefined : domainsListing(neededBy)
  const permissions = (purposes: readonly CredentialPurpose[]) => delegatedPermissions(purposes, domains !== undefined)
  const scopes = (names: readonly string[]) => delegatedScopes(config, names)
  const credentials = createCredentials({ config, purposes: purposesOf(config), scopes, parts })
  const pacer = createCallPacer({ clock, maxConcurrent: maxConcurrentCalls })
  const graphWith = (tokens: AccessTokens) =>
    createGraphClient({
      provider: config.id,
      graphUrl: config.graphUrl,
      timeoutMs: config.requestTimeoutSeconds * 1000,
      tokens,
      pacer,
      clock,
    })
  const tokens = createTokenChain({ provider: config.id, credentials: credentials.all, recorder })
  const graph = graphWith(tokens)
  const reader = createGraphReader(config, graph, domains, clock)

  async function read<T>(context: FetchContext, work: () => Promise<T>): Promise<T> {
    checkTenant(config.id, config.tenantId)
    let found: T
    try {
      found = await work()
    } catch (failure) {
      await tokens.ended(context, failure)
      throw failure
    }
    await tokens.ended(context)
    return found
  }

  /** One credential alone, also a broken one. */
  function only(credential: TokenCredential): GraphClient {
    const all = () => Promise.resolve([{ ...credential, broken: undefined }])
    return graphWith(createTokenChain({ provider: config.id, credentials: all }))
  }

  const browserSignIn = createEntraSignIn(config, parts)
  return {
    id: config.id,
    type: config.type,
    tenant: config.tenantId.toLowerCase(),
    fetchAll: (context) => read(context, () => reader.readAll(context)),
    fetchChanges: (cursor, mirror, context) => read(context, () => reader.readChanges(cursor, mirror, context)),
    fetchUser: (name, mirror, context) => read(context, () => reader.readUser(name, mirror, context)),
    checkPassword: createPasswordCheck({ config, applications: credentials.applications }),
    ...(browserSignIn === undefined ? {} : { browserSignIn }),
    async test(signal) {
      const context = newContext(signal)
      const found = await credentials.all()
      const results: ProbeResult[] = []
      const tryOut = async (name: string, client: GraphClient, listing: Listing) =>
        results.push(
          await probe(name, async () => {
            checkTenant(config.id, config.tenantId)
            await client.probe(listing, context)
          }),
        )
      for (const credential of found) {
        const client = only(credential)
        for (const { name, listing } of probes(config, credential.purposes, domains))
          await tryOut(found.length === 1 ? name : `${name} with ${credential.label}`, client, listing)
      }
      if (credentials.takesAccounts && parts.authorizations === undefined)
        return [...results, accountsNotTried(config.id)]
      const covered = new Set(found.flatMap(({ purposes }) => purposes))
      for (const purpose of purposesOf(config).filter((one) => !covered.has(one)))
        for (const { name, listing } of probes(config, [purpose], undefined)) await tryOut(name, graph, listing)
      return results
    },
    ...(config.changeNotifications ? { hook: notificationHook } : {}),
    subscriptions: createChangeSubscriptions(config, purposesOf(config), graph),
    async credentials() {
      return (await credentials.all()).map((credential) => ({
        ...credential,
        async test(signal) {
          const context = newContext(signal)
          await credential.acquire(context, () => false)
          const client = only(credential)
          for (const { listing } of probes(config, credential.purposes, domains)) await client.probe(listing, context)
          await credential.worked()
        },
      }))
    },
    ...(credentials.takesAccounts
      ? {
          accounts: createAccountAuthorization({
            config,
            applications: credentials.applications,
            permissions,
            scopes,
            async probe(account, signal) {
              const client = only(newAccount(account))
              for (const { listing } of probes(config, account.purposes, domains))
                await client.probe(listing, newContext(signal))
            },
          }),
        }
      : {}),
  }
}

/** The setting that reads the domains of the tenant; undefined when none does. */
function domainsNeededBy(config: EntraProviderConfig, linkingReadsDomains: boolean): string | undefined {
  if (ruleReadsDomains(config)) return 'filters.domainRestriction'
  return linkingReadsDomains ? 'linking people of several tenants (linkDomains)' : undefined
}

/** An account that has just been authorized and is not kept yet. */
function newAccount({ accessToken, authorizedBy, purposes }: ProbedToken): TokenCredential {
  return {
    name: authorizedBy,
    kind: 'delegated',
    purposes,
    permissions: undefined,
    authorizedBy,
    label: `the account ${authorizedBy}`,
    expires: () => Promise.resolve(null),
    broken: undefined,
    acquire: () => Promise.resolve(accessToken),
    worked: async () => {},
    refused: async () => {},
  }
}

function newContext(signal: AbortSignal): CallContext {
  return { signal, traffic: newTraffic() }
}

/** Authorized accounts are in the store, which another process has. */
function accountsNotTried(provider: string): ProbeResult {
  const message = `not tried, the store is in use: "rosterd provider test ${provider}" tries them in the server`
  return { name: 'authorized accounts', ok: true, message }
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
  domains: Listing | undefined,
): readonly Probe[] {
  const users = { ...usersListing(config), path: '/users?$select=id,accountEnabled&$top=1' }
  const groups = { ...groupsListing(config), path: '/groups?$select=id&$top=1' }
  return [
    ...(purposes.includes('users') ? [{ name: 'read users', listing: users }] : []),
    ...(purposes.includes('groups') ? [{ name: 'read groups', listing: groups }] : []),
    ...(purposes.includes('users') && domains ? [{ name: 'read domains', listing: domains }] : []),
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
