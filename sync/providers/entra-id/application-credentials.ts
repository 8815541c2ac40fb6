import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { EntraProviderConfig } from '../../../server/runtime/config-schema.ts'
import { ProviderError } from '../../provider-error.ts'
import { type ReadSecret, readProviderSecret } from '../../provider-secret.ts'

/** How MSAL proves that it speaks for the application. */
export type ApplicationProof =
  | { readonly clientSecret: string }
  | { readonly clientCertificate: { readonly thumbprintSha256: string; readonly privateKey: string } }

export interface ApplicationCredential {
  /** As the configuration names it: `credentials[0]`. */
  readonly name: string
  /** Reads secret or key anew. Throws {@link ProviderError} when it cannot be had. */
  proof(): Promise<ApplicationProof>
}

/** The application credentials of a connection, in the order they are tried. */
export function applicationCredentials(
  config: EntraProviderConfig,
  readSecret: ReadSecret,
): readonly ApplicationCredential[] {
  return config.credentials.flatMap((credential, index): ApplicationCredential[] => {
    const name = `credentials[${index}]`
    if (credential.kind !== 'application') return []
    if ('clientSecret' in credential) {
      const { clientSecret } = credential
      const secret = () => readProviderSecret(config.id, `${name}.clientSecret`, clientSecret, readSecret)
      return [{ name, proof: async () => ({ clientSecret: (await secret()).reveal() }) }]
    }
    const { certificateFile, privateKeyFile } = credential
    return [{ name, proof: () => certificateProof(config.id, name, certificateFile, privateKeyFile) }]
  })
}

async function certificateProof(
  provider: string,
  name: string,
  certificateFile: string,
  privateKeyFile: string,
): Promise<ApplicationProof> {
  const [certificate, privateKey] = [
    await readPem(`${name}.certificateFile`, certificateFile),
    await readPem(`${name}.privateKeyFile`, privateKeyFile),
  ]
  try {
    const thumbprintSha256 = new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase()
    return { clientCertificate: { thumbprintSha256, privateKey } }
  } catch (cause) {
    throw new ProviderError({
      provider,
      call: `${name}.certificateFile`,
      what: `${certificateFile} is not a certificate in PEM form`,
      advice: 'Export it as PEM.',
      cause,
    })
  }

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
}
