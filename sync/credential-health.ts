import type { RecordChange, RecordReader } from '../server/directory/directory-store.ts'
import { trusted } from './ledgers.ts'

/** What a credential is used for. */
export type CredentialPurpose = 'users' | 'groups'

/** How a credential of a cloud provider fares: value of the `provider` collection at [provider id, 'credential', name]. */
export type CredentialHealth = {
  /** As the configuration names it (`credentials[0]`, `apiToken`, `oauth`), or the id of an authorization. */
  readonly name: string
  readonly kind: 'application' | 'delegated' | 'apiToken' | 'serviceApp'
  readonly purposes: readonly CredentialPurpose[]
  /** User principal name of who authorized it; null for anything but a delegated authorization. */
  readonly authorizedBy: string | null
  /** ISO 8601, as are the times below. */
  readonly lastTried: string | null
  readonly lastSuccess: string | null
  /** False once the provider refused it; a failure that may pass by itself leaves it as it was. */
  readonly ok: boolean
  /** Why it failed when it was last tried, in a sentence; null after a success. */
  readonly problem: string | null
  /** When it ends; null where that cannot be known. */
  readonly expires: string | null
}

/** Health of every credential that has been tried, by provider and name. */
export async function readCredentialHealth(
  store: RecordReader,
): Promise<readonly (CredentialHealth & { readonly provider: string })[]> {
  const found: (CredentialHealth & { provider: string })[] = []
  for await (const { key, value } of store.list('provider')) {
    const [provider = '', aspect] = key
    if (aspect === 'credential') found.push({ provider, ...trusted<CredentialHealth>(value) })
  }
  return found
}

/** The record of one credential; without `health` it is forgotten. */
export function healthRecord(provider: string, name: string, health: CredentialHealth | undefined): RecordChange {
  return { collection: 'provider', key: [provider, 'credential', name], value: health }
}
