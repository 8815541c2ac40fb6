import type { CloudProviderConfig, Config, ProviderConfig } from '../server/runtime/config-schema.ts'
import { attributeMapping, mappedNumber, mappedValues } from './attribute-mapping.ts'
import { type Membership, resolveMembership } from './group-membership.ts'
import { wantedGroupName } from './group-names.ts'
import type { Snapshot, SourceGroup, SourceUser } from './identity.ts'
import { type IdentityKind, identityKey, type Ledgers } from './ledgers.ts'
import { judgeGroups, judgeUsers, type Status, type Verdict } from './rules.ts'
import { userNameRule, wantedUserName } from './user-names.ts'

export interface ProviderMirror {
  readonly config: ProviderConfig
  readonly tenant: string
  /** undefined: never read in full, so nothing is known and nothing of it is touched. */
  readonly snapshot: Snapshot | undefined
}

export type MirroredProvider = ProviderMirror & { readonly snapshot: Snapshot }

/** Status and reason of one source object: the value of the `decision` collection. */
export type Decision = {
  readonly status: Status
  /** Setting that decided, or `none`. */
  readonly rule: string
  readonly reason: string
  readonly evidence: boolean
  readonly entryUUID: string | null
  /** User name or cn given. */
  readonly name: string | null
  /** What is worth knowing besides, such as why the name has a suffix. */
  readonly note: string | null
}

interface CandidateFacts {
  /** Identity key. */
  readonly key: string
  /** Immutable id at the provider. */
  readonly id: string
  readonly created: string | null
  readonly wantedName: string
  readonly wantedNumber: number | undefined
  /** `<provider id>:<immutable id>`, the winning source first. */
  readonly sources: readonly string[]
  /** Whether it gets an entry, and whether as an active one. */
  readonly serve: boolean
  readonly active: boolean
  readonly decisionKey: string
  /** Identity key of another object of the same provider. */
  readonly keyOf: (id: string) => string
}

export interface UserCandidate extends CandidateFacts {
  readonly kind: 'user'
  readonly user: SourceUser
  readonly managerKey: string | null
  readonly mapped: ReadonlyMap<string, readonly string[]>
}

export interface GroupCandidate extends CandidateFacts {
  readonly kind: 'group'
  readonly group: SourceGroup
  readonly membership: Membership
}

/** A person or group some cloud provider holds; two providers of one tenant hold the same one. */
export type Candidate = UserCandidate | GroupCandidate

/** Key of a decision in memory; as a record key its parts are apart. */
export function decisionKey(provider: string, kind: IdentityKind, id: string): string {
  return `${provider}\0${kind}\0${id}`
}

/** One provider's view of a person or group, before views of the same one are joined. */
interface View {
  readonly candidate: Candidate
  readonly source: string
  readonly verdict: Verdict
}

/** Everybody and every group of the cloud providers with the rules' decisions. Throws RuleError. */
export function candidatesOf(
  config: Config,
  providers: readonly MirroredProvider[],
  ledgers: Ledgers,
): { readonly candidates: readonly Candidate[]; readonly decisions: Map<string, Decision> } {
  const views = new Map<string, View[]>()
  for (const provider of providers) {
    for (const view of viewsOf(config, provider, ledgers)) {
      const known = views.get(view.candidate.key)
      if (known === undefined) views.set(view.candidate.key, [view])
      else known.push(view)
    }
  }
  const decisions = new Map<string, Decision>()
  const candidates: Candidate[] = []
  for (const same of views.values()) {
    // Provider order gives precedence among those who would serve it.
    const winner = same.find((view) => view.verdict.status === 'active') ?? same[0]
    if (winner === undefined) continue
    const others = same.filter((view) => view !== winner)
    candidates.push({ ...winner.candidate, sources: [winner.source, ...others.map((view) => view.source)] })
    const entryUUID = ledgers.identities.get(winner.candidate.key)?.entryUUID ?? null
    decisions.set(winner.candidate.decisionKey, { ...winner.verdict, entryUUID, name: null, note: null })
    for (const { candidate } of others)
      decisions.set(candidate.decisionKey, {
        status: 'skipped',
        rule: 'sameTenant',
        reason: `served as ${winner.source}`,
        evidence: false,
        entryUUID,
        name: null,
        note: null,
      })
  }
  return { candidates, decisions }
}

function viewsOf(config: Config, provider: MirroredProvider, ledgers: Ledgers): readonly View[] {
  const { config: settings, snapshot, tenant } = provider
  if (settings.type === 'ldif' || snapshot.kind !== 'identities') return []
  const keyOf = (id: string) => identityKey(tenant, id)
  const judged = {
    config: settings,
    users: snapshot.users,
    groups: snapshot.groups,
    domains: snapshot.domains,
    membership: resolveMembership(snapshot.groups),
    isKnown: (id: string) => ledgers.identities.has(keyOf(id)),
  }
  const userVerdicts = judgeUsers(judged)
  const groupVerdicts = judgeGroups(judged)
  return [
    ...snapshot.users.map((user) => userView(config, settings, user, userVerdicts.get(user.id), keyOf)),
    ...snapshot.groups.map((group) =>
      groupView(settings, group, groupVerdicts.get(group.id), judged.membership, keyOf),
    ),
  ]
}

function userView(
  config: Config,
  provider: CloudProviderConfig,
  user: SourceUser,
  judged: Verdict | undefined,
  keyOf: (id: string) => string,
): View {
  const rule = userNameRule(config.naming, provider)
  const wantedName = wantedUserName(user, rule)
  const verdict = withName(judged, wantedName, rule.attribute)
  const mapped = mappedValues(attributeMapping(provider), user.record)
  const active = verdict.status === 'active'
  return {
    source: `${provider.id}:${user.id}`,
    verdict,
    candidate: {
      kind: 'user',
      key: keyOf(user.id),
      id: user.id,
      created: user.created,
      wantedName: wantedName ?? '',
      wantedNumber: mappedNumber(mapped),
      sources: [],
      active,
      serve: wantedName !== undefined && (active || (config.directory.showInactive && verdict.status !== 'skipped')),
      decisionKey: decisionKey(provider.id, 'user', user.id),
      keyOf,
      user,
      managerKey: user.managerId === null ? null : keyOf(user.managerId),
      mapped,
    },
  }
}

function withName(judged: Verdict | undefined, wantedName: string | undefined, attribute: string): Verdict {
  if (judged === undefined) throw new Error('every user is judged')
  if (judged.status !== 'active' || wantedName !== undefined) return judged
  return {
    status: 'inactive',
    rule: 'usernameAttribute',
    reason: `no user name can be made: ${attribute} is empty or has no usable letters`,
    evidence: false,
  }
}

function groupView(
  provider: CloudProviderConfig,
  group: SourceGroup,
  verdict: Verdict | undefined,
  membership: Membership,
  keyOf: (id: string) => string,
): View {
  if (verdict === undefined) throw new Error('every group is judged')
  const active = verdict.status === 'active'
  return {
    source: `${provider.id}:${group.id}`,
    verdict,
    candidate: {
      kind: 'group',
      key: keyOf(group.id),
      id: group.id,
      created: group.created,
      wantedName: wantedGroupName(group.name),
      wantedNumber: undefined,
      sources: [],
      active,
      serve: active,
      decisionKey: decisionKey(provider.id, 'group', group.id),
      keyOf,
      group,
      membership,
    },
  }
}
