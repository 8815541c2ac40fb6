import { createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { OktaProviderConfig } from '../../../server/runtime/config-schema.ts'
import { ProviderError } from '../../provider-error.ts'

/** An OAuth service app and the key it signs with (contract §1). */
export interface ServiceApp {
  readonly kind: 'serviceApp'
  readonly clientId: string
  readonly scopes: readonly string[]
  /** Private RSA key as a JWK, without `kid`. */
  readonly privateKey: JsonWebKey
  readonly keyId: string | undefined
}

/** Reads the key of the service app anew. Throws {@link ProviderError} when it cannot be used. */
export async function readServiceApp(
  provider: string,
  { clientId, privateKeyFile, keyId, scopes }: NonNullable<OktaProviderConfig['oauth']>,
): Promise<ServiceApp> {
  const failure = (setting: string, what: string, advice: string, cause?: unknown) =>
    new ProviderError({ provider, call: `oauth.${setting}`, what, advice, cause })

  if (scopes.length === 0)
    throw failure('scopes', 'no scope is asked for', 'Name the scopes, or leave the setting out for the usual ones.')
  const { key, kid } = readKey(await readText())
  // The SDK signs a proof of possession for every token request, and always as RS256: EC keys fail there.
  if (key.asymmetricKeyType !== 'rsa')
    throw failure('privateKeyFile', `${privateKeyFile} is not an RSA key`, 'Make an RSA key for the service app.')
  return { kind: 'serviceApp', clientId, scopes, privateKey: key.export({ format: 'jwk' }), keyId: keyId ?? kid }

  async function readText(): Promise<string> {
    try {
      return await readFile(privateKeyFile, 'utf8')
    } catch (cause) {
      throw failure('privateKeyFile', `${privateKeyFile} cannot be read`, 'Check the path and its rights.', cause)
    }
  }

  // What the parsers throw may quote the file, so it is no cause.
  function readKey(text: string): { readonly key: KeyObject; readonly kid: string | undefined } {
    try {
      if (!text.trimStart().startsWith('{')) return { key: createPrivateKey(text), kid: undefined }
      const jwk = JSON.parse(text) as JsonWebKey
      return {
        key: createPrivateKey({ key: jwk, format: 'jwk' }),
        kid: typeof jwk.kid === 'string' ? jwk.kid : undefined,
      }
    } catch {
      throw failure(
        'privateKeyFile',
        `${privateKeyFile} is not a private key in PEM or JWK form without passphrase`,
        'Save the private key that Okta showed for the service app.',
      )
    }
  }
}
