import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { ConfidentialClientApplication } from '@azure/msal-node'
import type { EntraProviderConfig } from '../../../server/runtime/config-schema.ts'
import type { CallPacer } from '../../call-pacer.ts'
import type { CredentialPurpose } from '../../credential-health.ts'
import { ProviderError } from '../../provider-error.ts'
import { type ReadSecret, readProviderSecret } from '../../provider-secret.ts'
import { confidentialClient } from './msal-configuration.ts'
import type { CallContext } from '../../identity-provider.ts'
import type { TokenCredential } from './token-credential.ts'
import { describeTokenFailure } from './token-errors.ts'

/** How MSAL proves that it speaks for the application. */
export type ApplicationProof =
  | { readonly clientSecret: string }
  | { readonly clientCertificate: { readonly thumbprintSha256: string; readonly privateKey: string } }

export interface ApplicationCredential {
  /** As the configuration names it: `credentials[0]`. */
  readonly name: string
  /** Reads secret or key anew. Throws {@link ProviderError} when it cannot be had. */
  proof(): Promise<ApplicationProof>
  /** ISO 8601: the end of a certificate; null for a secret, and for a certificate that cannot be read. */
  readonly expires: () => Promise<string | null>
}

/** The application credential at this place of the configuration; undefined where another kind stands there. */
export function applicationCredential(
  config: EntraProviderConfig,
  index: number,
  readSecret: ReadSecret,
): ApplicationCredential | undefined {
  const credential = config.credentials[index]
  if (credential?.kind !== 'application') return undefined
  const name = `credentials[${index}]`
  if ('clientSecret' in credential) {
    const { clientSecret } = credential
    const secret = () => readProviderSecret(config.id, `${name}.clientSecret`, clientSecret, readSecret)
    return {
      name,
      proof: async () => ({ clientSecret: (await secret()).reveal() }),
      expires: () => Promise.resolve(null),
    }
  }
  const files = certificateFiles(config.id, name, credential.certificateFile, credential.privateKeyFile)
  return {
    name,
    proof: async () => {
      const thumbprintSha256 = (await files.certificate()).fingerprint256.replaceAll(':', '').toLowerCase()
      return { clientCertificate: { thumbprintSha256, privateKey: await files.privateKey() } }
    },
    expires: async () => {
      try {
        return (await files.certificate()).validToDate.toISOString()
      } catch (error) {
        if (error instanceof ProviderError) return null
        throw error
      }
    },
  }
}

/**
 * Tokens of the application itself (client credentials). The MSAL client is kept and keeps the token in memory; after a
 * failed request it is made anew, because MSAL answers a repeat from its own memory of the failure for up to an hour,
 * without asking (contract §2.6).
 */
export function applicationTokens(
  config: EntraProviderConfig,
  credential: ApplicationCredential,
  purposes: readonly CredentialPurpose[],
  pacer: CallPacer,
): TokenCredential {
  let application: ConfidentialClientApplication | undefined
  /** The call that the client works for. */
  let current: CallContext | undefined

  async function newApplication(): Promise<ConfidentialClientApplication> {
    return confidentialClient(config, await credential.proof(), {
      signal: () => current?.signal,
      onRequest: () => {
        if (current !== undefined) current.traffic.calls++
      },
    })
  }

  return {
    name: credential.name,
    kind: 'application',
    purposes,
    authorizedBy: null,
    label: credential.name,
    expires: credential.expires,
    permissions: undefined,
    broken: undefined,
    acquire: (context, isUsable) =>
      pacer.call(context, async () => {
        current = context
        try {
          application ??= await newApplication()
          const request = { scopes: [config.scope] }
          let result = await application.acquireTokenByClientCredential(request)
          if (result?.fromCache === true && !isUsable(result.accessToken))
            result = await application.acquireTokenByClientCredential({ ...request, skipCache: true })
          if (result === null || result.accessToken === '') throw new Error('the authority answered without a token')
          return { type: 'done', value: result.accessToken }
        } catch (thrown) {
          context.signal.throwIfAborted()
          application = undefined
          const { error, kind } = describeTokenFailure(config.id, thrown)
          return { type: kind === 'temporary' ? 'transient' : 'failed', error }
        }
      }),
    worked: async () => {},
    refused: async () => {},
  }
}

function certificateFiles(provider: string, name: string, certificateFile: string, privateKeyFile: string) {
  async function readPem(setting: string, path: string): Promise<string> {
    try {
      return await readFile(path, 'utf8')
    } catch (cause) {
      throw new ProviderError({
        provider,
        call: setting,
        what: `${path} cannot be read`,
        advice: 'Check the path and its rights.',
        cause,
      })
    }
  }

  async function certificate(): Promise<X509Certificate> {
    const pem = await readPem(`${name}.certificateFile`, certificateFile)
    try {
      return new X509Certificate(pem)
    } catch (cause) {
      throw new ProviderError({
        provider,
        call: `${name}.certificateFile`,
        what: `${certificateFile} is not a certificate in PEM form`,
        advice: 'Export it as PEM.',
        cause,
      })
    }
  }

  return { certificate, privateKey: () => readPem(`${name}.privateKeyFile`, privateKeyFile) }
}
