import type { CloudProviderConfig, Config } from '../../server/runtime/config-schema.ts'
import { mailAddressPattern } from '../../server/runtime/mail-address.ts'
import type { Candidate, Decision, UserCandidate } from '../candidates.ts'
import { entryUuidOf } from '../drafts.ts'
import type { Ledgers } from '../ledgers.ts'
import { type EnrollmentRecord, isForgottenEnrollment } from './enrollment-record.ts'

/** Somebody whose enrollment is to be recorded now. */
export interface Newcomer {
  readonly entryUUID: string
  readonly provider: string
  /** Immutable id at the provider. */
  readonly id: string
  readonly address: string | null
  /** `trust`: nothing is mailed; `invite`: an invitation is. */
  readonly enrollment: 'trust' | 'invite'
}

export interface Newcomers {
  readonly newcomers: readonly Newcomer[]
  /** Providers of which nobody was known before: a first run, or a store that was lost. */
  readonly newProviders: ReadonlySet<string>
}

export interface Enrollments extends Newcomers {
  /** The same candidates; those who are invited are not active. */
  readonly candidates: readonly Candidate[]
}

export interface EnrollmentFacts {
  readonly config: Config
  readonly ledgers: Ledgers
  /** By entryUUID. */
  readonly enrollments: ReadonlyMap<string, EnrollmentRecord>
}

const invited = {
  status: 'invited',
  rule: 'enrollment',
  reason: 'Invited: the enrollment link has not been used',
} as const

/**
 * The last rule for people: with `send-enrollment-email`, who was never known before is invited, and active only once the link
 * was used. The winning provider's setting counts. Writes its decisions into `decisions`; otherwise pure.
 */
export function judgeEnrollment(
  { config, ledgers, enrollments }: EnrollmentFacts,
  candidates: readonly Candidate[],
  decisions: Map<string, Decision>,
): Enrollments {
  const settings = new Map(config.providers.flatMap((p) => (p.type === 'ldif' ? [] : [[p.id, p] as const])))
  const newcomers: Newcomer[] = []
  const known = new Set<string>()
  const judged = candidates.map((candidate) => {
    const provider = candidate.kind === 'user' ? settings.get(providerOf(candidate)) : undefined
    return candidate.kind === 'user' && provider !== undefined ? judge(candidate, provider) : candidate
  })
  const newProviders = new Set([...settings.keys()].filter((id) => !known.has(id)))
  return { candidates: judged, newcomers, newProviders }

  function judge(candidate: UserCandidate, provider: CloudProviderConfig): Candidate {
    const record = enrollments.get(entryUuidOf(candidate, ledgers))
    const isKnown = record !== undefined || ledgers.identities.has(candidate.key)
    if (isKnown) known.add(provider.id)
    if (!candidate.active && !isKnown && provider.enrollment === 'send-enrollment-email')
      // Not even shown: whoever has ids counts as known, and would come in uninvited.
      return { ...candidate, serve: false }
    if (!candidate.active || provider.enrollment === 'only-sync') return candidate
    if (provider.enrollment === 'trust-email') {
      if (record === undefined || record.state === 'invited') add(candidate, provider, 'trust')
      return candidate
    }
    if (!isKnown || (record !== undefined && isForgottenEnrollment(record))) add(candidate, provider, 'invite')
    if (isKnown && record?.state !== 'invited') return candidate
    const decision = decisions.get(candidate.decisionKey)
    if (decision !== undefined) decisions.set(candidate.decisionKey, { ...decision, ...invited })
    return { ...candidate, activeKeys: [], active: false, serve: config.directory.showInactive }
  }

  function add(candidate: UserCandidate, provider: CloudProviderConfig, enrollment: Newcomer['enrollment']): void {
    newcomers.push({
      entryUUID: entryUuidOf(candidate, ledgers),
      provider: provider.id,
      id: candidate.id,
      address: usableAddress(candidate.user.mail),
      enrollment,
    })
  }
}

/** An address that mail can be sent to; providers hold anything. */
export function usableAddress(mail: string | null): string | null {
  return mail !== null && mailAddressPattern.test(mail) ? mail : null
}

function providerOf(candidate: Candidate): string {
  return candidate.decisionKey.slice(0, candidate.decisionKey.indexOf('\0'))
}
