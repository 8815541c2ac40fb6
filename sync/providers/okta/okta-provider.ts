import type { OktaProviderConfig } from '../../../server/runtime/config-schema.ts'
import { createCallPacer } from '../../call-pacer.ts'
import type { CredentialPurpose } from '../../credential-health.ts'
import type { CredentialIdentity } from '../../credential-recorder.ts'
import { type CallContext, type IdentityProvider, newTraffic, type ProbeResult } from '../../identity-provider.ts'
import type { ProviderParts } from '../../provider-parts.ts'
import { type ReadSecret, readProviderSecret } from '../../provider-secret.ts'
import { ProviderError } from '../../provider-error.ts'
import { createOktaSignIn } from './browser-sign-in.ts'
import { createEventHook } from './event-hook.ts'
import { createOktaClient, type Listing, type OktaAccess, type OktaClient } from './okta-client.ts'
import { groupsListing, needsGroups, usersListing } from './okta-listings.ts'
import { createOktaReader } from './okta-reader.ts'
import { createPasswordCheck } from './password-check.ts'
import { readServiceApp } from './service-app.ts'

/** 5 or fewer in parallel (contract §4). */
const maxConcurrentCalls = 5

/** An Okta org, read with an API token or as an OAuth service app. */
export function createOktaProvider(config: OktaProviderConfig, parts: ProviderParts): IdentityProvider {
  const org = orgOf(config)
  const { recorder } = parts
  const credential = credentialOf(config, [
    ...(config.users ? (['users'] as const) : []),
    ...(needsGroups(config) ? (['groups'] as const) : []),
  ])
  const okta = createOktaClient({
    provider: config.id,
    orgUrl: org.origin,
    access: () => readAccess(config, parts.secret),
    timeoutMs: config.requestTimeoutSeconds * 1000,
    pacer: createCallPacer({ clock: parts.clock, maxConcurrent: maxConcurrentCalls }),
    clock: parts.clock,
    rateLimitShare: config.rateLimitShare,
    async onTried(refusal) {
      if (refusal === undefined) await recorder?.succeeded(config.id, credential)
      else await recorder?.failed(config.id, credential, refusal)
    },
  })
  const reader = createOktaReader(config, okta)
  const { eventHook } = config
  const browserSignIn = createOktaSignIn(config, org, parts)
  return {
    id: config.id,
    type: config.type,
    tenant: org.host.toLowerCase(),
    fetchAll: (context) => reader.readAll(context),
    fetchChanges: (cursor, mirror, context) => reader.readChanges(cursor, mirror, context),
    fetchUser: (name, mirror, context) => reader.readUser(name, mirror, context),
    checkPassword: createPasswordCheck({ config, orgUrl: org.origin, secret: parts.secret, clock: parts.clock }),
    ...(browserSignIn === undefined ? {} : { browserSignIn }),
    async test(signal) {
      const context = { signal, traffic: newTraffic() }
      const results: ProbeResult[] = []
      if (config.users) results.push(await probe(okta, 'read users', firstUser, context))
      if (needsGroups(config)) results.push(await probe(okta, 'read groups', firstGroup, context))
      return results
    },
    ...(eventHook === null
      ? {}
      : {
          hook: createEventHook({
            secret: () => readProviderSecret(config.id, 'eventHook.secret', eventHook.secret, parts.secret),
            clock: parts.clock,
          }),
        }),
    async credentials() {
      const listing = config.users ? firstUser : firstGroup
      const test = async (signal: AbortSignal) => okta.probe(listing, { signal, traffic: newTraffic() })
      return [{ ...credential, test }]
    },
  }
}

function credentialOf(config: OktaProviderConfig, purposes: readonly CredentialPurpose[]): CredentialIdentity {
  const [name, kind] = config.oauth === null ? (['apiToken', 'apiToken'] as const) : (['oauth', 'serviceApp'] as const)
  return { name, kind, purposes, authorizedBy: null, expires: () => Promise.resolve(null) }
}

const firstUser: Listing = { ...usersListing, path: '/api/v1/users?limit=1' }
const firstGroup: Listing = { ...groupsListing, path: '/api/v1/groups?limit=1' }

async function probe(okta: OktaClient, name: string, listing: Listing, context: CallContext): Promise<ProbeResult> {
  try {
    await okta.probe(listing, context)
    return { name, ok: true, message: 'ok' }
  } catch (error) {
    return { name, ok: false, message: error instanceof Error ? error.message : String(error) }
  }
}

async function readAccess(config: OktaProviderConfig, secret: ReadSecret): Promise<OktaAccess> {
  const { id, apiToken, oauth } = config
  if (oauth !== null) return await readServiceApp(id, oauth)
  if (apiToken !== null) return { kind: 'apiToken', token: await readProviderSecret(id, 'apiToken', apiToken, secret) }
  throw new ProviderError({
    provider: id,
    call: 'sign-in',
    what: 'neither apiToken nor oauth is configured',
    advice: 'Configure one of them.',
  })
}

/** The SDK takes any text for a URL; people paste the admin host and paths (contract §1, §8.1). */
function orgOf(config: OktaProviderConfig): URL {
  const url = new URL(config.orgUrl)
  url.hostname = url.hostname.replace(/^([^.]+)-admin\./, '$1.')
  return new URL(url.origin)
}
