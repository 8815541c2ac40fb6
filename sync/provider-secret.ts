import type { SecretSource } from '../server/runtime/config-schema.ts'
import { type Secret, SecretError } from '../server/runtime/secret.ts'
import { ProviderError } from './provider-error.ts'

/** Reads a secret from where the configuration says it is. Throws SecretError. */
export type ReadSecret = (source: SecretSource) => Promise<Secret>

/** Reads a provider's secret; what is wrong with it becomes a {@link ProviderError} that names the setting. */
export async function readProviderSecret(
  provider: string,
  setting: string,
  source: SecretSource,
  read: ReadSecret,
): Promise<Secret> {
  try {
    return await read(source)
  } catch (cause) {
    if (!(cause instanceof SecretError)) throw cause
    throw new ProviderError({ provider, call: setting, what: cause.message, advice: 'Provide the secret.', cause })
  }
}
