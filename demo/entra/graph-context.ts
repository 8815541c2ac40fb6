import type { ServiceRequest } from '../https/exchange.ts'
import type { DeltaRounds } from './delta-rounds.ts'
import type { EntraDirectory } from './directory.ts'
import { permissionMissing } from './graph-error.ts'
import type { Listings } from './listing.ts'
import type { Subscriptions } from './subscriptions.ts'

/** What the answering of one Graph request needs. */
export interface GraphContext {
  readonly directory: EntraDirectory
  readonly listings: Listings
  readonly deltas: DeltaRounds
  readonly subscriptions: Subscriptions
  /** `https://localhost:PORT/graph/v1.0` */
  readonly baseUrl: string
  /** Permissions of the token: `roles` of an application, `scp` of a person. */
  readonly permissions: ReadonlySet<string>
  /** The person of a delegated token. */
  readonly userId: string | undefined
  readonly request: ServiceRequest
}

export interface GraphAnswer {
  readonly status?: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Throttling cost before the reductions of `$select` and `$top` (contract §6.3). */
  readonly resourceUnits?: number
}

const impliedBy: Readonly<Record<string, readonly string[]>> = {
  'User.Read.All': ['User.ReadWrite.All', 'Directory.Read.All'],
  'GroupMember.Read.All': ['Group.Read.All', 'Directory.Read.All'],
  'Group.Read.All': ['Group.ReadWrite.All', 'Directory.Read.All'],
  'Domain.Read.All': ['Directory.Read.All'],
  'Organization.Read.All': ['Directory.Read.All', 'User.Read'],
  'RoleManagement.Read.Directory': ['Directory.Read.All'],
  'User.Read': ['User.Read.All', 'Directory.Read.All'],
}

export function hasPermission(context: GraphContext, permission: string): boolean {
  return [permission, ...(impliedBy[permission] ?? [])].some((name) => context.permissions.has(name))
}

/** Throws 403 `Authorization_RequestDenied` unless the token has it or one that includes it (contract §3.1). */
export function requirePermission(context: GraphContext, permission: string): void {
  if (!hasPermission(context, permission)) throw permissionMissing()
}

/** `{ '@odata.context', '@odata.count'?, '@odata.nextLink'?, value }` */
export function collection(
  context: GraphContext,
  fragment: string,
  value: readonly unknown[],
  page: { readonly nextLink?: string | undefined; readonly count?: number | undefined } = {},
): Record<string, unknown> {
  return {
    '@odata.context': `${context.baseUrl}/$metadata#${fragment}`,
    ...(page.count === undefined ? {} : { '@odata.count': page.count }),
    ...(page.nextLink === undefined ? {} : { '@odata.nextLink': page.nextLink }),
    value,
  }
}

export function selectedFragment(name: string, select: readonly string[] | undefined): string {
  return select === undefined ? name : `${name}(${select.join(',')})`
}
