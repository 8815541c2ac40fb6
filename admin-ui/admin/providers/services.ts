import type { AdminActor } from '../../../server/directory/administrators/admin-actions.ts'
import type { ProviderConfig } from '../../../server/runtime/config-schema.ts'
import type { Authorization } from '../../../sync/authorizations.ts'
import type { NewAuthorizationLink } from '../../../sync/authorization-links.ts'
import type { CredentialPurpose } from '../../../sync/credential-health.ts'
import type { Verdict } from '../../../sync/rules.ts'
import type { SourceDomain } from '../../../sync/identity.ts'
import type { ProbeResult } from '../../../sync/identity-provider.ts'
import type { Preview } from '../../../sync/preview.ts'
import type { ProviderOverview } from '../../../sync/provider-overview.ts'
import type { RunReport } from '../../../sync/run-report.ts'

/** A provider as pages show it. */
export interface ShownProvider extends ProviderOverview {
  readonly settings: ProviderConfig
  /** Managed here; otherwise by the configuration file. */
  readonly isManaged: boolean
  /** A copy of it is kept here for when the file has it no more. */
  readonly isAdopted: boolean
  /** Whether accounts can be authorized for it. */
  readonly takesAccounts: boolean
}

/** A group of the provider, served or not. */
export interface SourceGroupSummary {
  readonly id: string
  readonly name: string
  readonly mail: string | null
  readonly members: number
  /** What was decided on it last; null: nothing yet. */
  readonly verdict: Pick<Verdict, 'status' | 'reason'> | null
}

/**
 * Providers: those of the file, and those that are managed here. Whatever changes something is in the record of what
 * administrators did. Changes throw FieldsRefused where settings are wrong, ChangeRefused for what cannot be done; previews
 * throw RuleError for a rule that cannot be evaluated.
 */
export interface ProviderServices {
  /** Registered at the provider so that accounts can be authorized, and people sign in. */
  readonly redirectUris: { readonly authorize: string; readonly signIn: string }
  list(): Promise<readonly ShownProvider[]>
  /** What a draft of its settings would change, from what was last read; `about`: a person or group to look at. */
  preview(draft: unknown, about?: string): Promise<Preview>
  /** What {@link accept} would do. */
  previewAcceptance(id: string): Promise<Preview>
  previewRemoval(id: string): Promise<Preview>
  add(draft: unknown, by: AdminActor): Promise<ProviderConfig>
  edit(id: string, draft: unknown, by: AdminActor): Promise<ProviderConfig>
  remove(id: string, by: AdminActor): Promise<void>
  move(id: string, where: 'earlier' | 'later', by: AdminActor): Promise<void>
  adopt(id: string, by: AdminActor): Promise<void>
  /** Applies what the first run of a new provider would do. */
  accept(id: string, by: AdminActor): Promise<RunReport>
  /** Each permission apart, with each credential. */
  test(id: string, signal: AbortSignal): Promise<readonly ProbeResult[]>
  /** A one-time link with which an account is authorized, by whoever opens it. */
  authorize(id: string, purposes: readonly CredentialPurpose[], by: AdminActor): Promise<NewAuthorizationLink>
  forget(id: string, authorization: string, by: AdminActor): Promise<Authorization>
  /** Groups whose name, address or id has the text in it, by name, `limit` at most of so many in all. */
  groups(
    id: string,
    search: string,
    limit: number,
  ): Promise<{ readonly found: readonly SourceGroupSummary[]; readonly total: number }>
  /** Names of groups by immutable id, of those ids that the provider has. */
  groupNames(id: string, ids: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** As they were read last. */
  domains(id: string): Promise<readonly SourceDomain[]>
  /** Begins a run that reads what is new, domains too. False: one waits already. */
  refresh(id: string, by: AdminActor): Promise<boolean>
}
