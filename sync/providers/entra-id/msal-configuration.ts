import type { Configuration, ICachePlugin, INetworkModule } from '@azure/msal-node'
import { ConfidentialClientApplication, PublicClientApplication } from '@azure/msal-node'
import type { EntraProviderConfig } from '../../../server/runtime/config-schema.ts'
import type { ApplicationProof } from './application-credentials.ts'
import { createNetworkClient } from './network-client.ts'

/** Hosts MSAL trusts by itself; any other is named in knownAuthorities, with its port (contract §2.3). */
const wellKnownHosts = new Set([
  'login.microsoftonline.com',
  'login.microsoftonline.us',
  'login.partner.microsoftonline.cn',
  'login.windows.net',
  'login.chinacloudapi.cn',
  'login.usgovcloudapi.net',
])

export interface RequestHooks {
  /** Ends requests; without one only the time-out does. */
  readonly signal?: () => AbortSignal | undefined
  readonly onRequest?: () => void
  readonly cachePlugin?: ICachePlugin
  /** The discovery document as text; without it MSAL asks for it, of hosts it does not know. */
  readonly authorityMetadata?: string | undefined
  /** Changes what is sent, or looks at what comes. */
  readonly wrapNetwork?: (network: INetworkModule) => INetworkModule
}

type Connection = Pick<EntraProviderConfig, 'tenantId' | 'clientId' | 'authorityHost' | 'requestTimeoutSeconds'>

export function confidentialClient(
  connection: Connection,
  proof: ApplicationProof,
  hooks: RequestHooks,
): ConfidentialClientApplication {
  const { auth, ...configuration } = configurationOf(connection, hooks)
  return new ConfidentialClientApplication({ ...configuration, auth: { ...auth, ...proof } })
}

/** Without a proof the application speaks for itself as a public client. */
export function accountClient(
  connection: Connection,
  proof: ApplicationProof | undefined,
  hooks: RequestHooks,
): ConfidentialClientApplication | PublicClientApplication {
  return proof === undefined
    ? new PublicClientApplication(configurationOf(connection, hooks))
    : confidentialClient(connection, proof, hooks)
}

function configurationOf(
  { tenantId, clientId, authorityHost, requestTimeoutSeconds }: Connection,
  { signal = () => undefined, onRequest = () => undefined, cachePlugin, authorityMetadata, wrapNetwork }: RequestHooks,
): Configuration {
  const { host } = new URL(authorityHost)
  const network = createNetworkClient({ timeoutMs: requestTimeoutSeconds * 1000, signal, onRequest })
  return {
    auth: {
      clientId,
      authority: `${authorityHost.replace(/\/+$/, '')}/${tenantId}`,
      ...(wellKnownHosts.has(host) ? {} : { knownAuthorities: [host] }),
      ...(authorityMetadata === undefined ? {} : { authorityMetadata }),
    },
    ...(cachePlugin === undefined ? {} : { cache: { cachePlugin } }),
    system: {
      disableInternalRetries: true,
      networkClient: wrapNetwork?.(network) ?? network,
    },
  }
}
