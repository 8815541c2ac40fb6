import type { ProviderOverview } from '../../sync/provider-overview.ts'
import type { Readiness } from '../../sync/roster/roster-rows.ts'

/** What is served now, in numbers. */
export interface DirectoryFigures {
  readonly people: number
  readonly groups: number
  /** Source users and groups that a rule or their provider keeps out. */
  readonly notServed: number
}

/** People and groups that were served at a time. */
export type FigurePoint = {
  /** ISO 8601, UTC. */
  readonly at: string
  readonly people: number
  readonly groups: number
}

/** Binds of a while, for each minute of it. */
export interface BindRate {
  /** ISO 8601, UTC: its end. */
  readonly at: string
  readonly accepted: number
  readonly refused: number
}

/** The certificate that LDAP clients see. */
export interface LdapCertificate {
  /** Host names and addresses that it is for. */
  readonly names: readonly string[]
  readonly issuer: string
  /** ISO 8601, UTC. */
  readonly expires: string
  /** Whether this server makes a new one in time. */
  readonly isRenewed: boolean
}

/** What the overview asks of the rest of the server. */
export interface OverviewServices {
  /** Why LDAP does not answer as it should; none when it does. */
  notReady(): readonly string[]
  /** Why nothing can be changed, a sentence; undefined when it can. */
  writeProblem(): string | undefined
  providers(): Promise<readonly ProviderOverview[]>
  figures(): Promise<DirectoryFigures>
  /** How many people could sign in with what: those who are served, and those who are invited. */
  readiness(): Promise<Readonly<Record<Readiness, number>>>
  /** Oldest first. */
  figuresOverTime(): Promise<readonly FigurePoint[]>
  /** Of the last hours, oldest first. */
  bindRates(): readonly BindRate[]
  /** undefined: there was none. */
  lastBackup(): Promise<{ readonly at: string; readonly file: string; readonly bytes: number } | undefined>
  /** Why the configuration file is not in force, and what of it is only after a restart. */
  configurationFile(): { readonly problems: readonly string[]; readonly needsRestart: readonly string[] }
  /** undefined where LDAP is not answered. */
  certificate(): LdapCertificate | undefined
}
