import type { CloudProviderConfig, Config, ProviderConfig } from '../server/runtime/config-schema.ts'
import { attributeMapping, type MappedAttribute, mappedNumber, mappedValues } from './attribute-mapping.ts'
import { fillGaps, withoutSignIn } from './gap-filling.ts'
import { type Membership, resolveMembership } from './group-membership.ts'
import { wantedGroupName } from './group-names.ts'
import type { Snapshot, SourceGroup, SourceUser } from './identity.ts'
import { holderOf, type IdentityKind, identityKey, type Ledgers, type Linked } from './ledgers.ts'
import { type Contest, type Links, linkPeople, type LinkSource } from './linking.ts'
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
  /** Identity key under which it holds number and name. */
  readonly key: string
  /** Identity keys of every source it has, the winning one first. */
  readonly sourceKeys: readonly string[]
  /** Those of them whose provider serves it: groups and managers of that provider refer to it. */
  readonly activeKeys: readonly string[]
  /** Immutable id at the winning provider. */
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
  /** Source key of another object of the same provider. */
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

/** A person or group some cloud provider holds; two providers of one tenant hold the same one, others may be linked. */
export type Candidate = UserCandidate | GroupCandidate

/** Key of a decision in memory; as a record key its parts are apart. */
export function decisionKey(provider: string, kind: IdentityKind, id: string): string {
  return `${provider}\0${kind}\0${id}`
}

export function providerOfDecision(key: string): string {
  return key.slice(0, key.indexOf('\0'))
}

/** One provider's view of a person or group, before views of the same one are joined. */
interface View {
  /** Its key is the source's own. */
  readonly candidate: Candidate
  readonly provider: MirroredProvider & {
    readonly config: CloudProviderConfig
    readonly mapping: readonly MappedAttribute[]
  }
  readonly source: string
  readonly verdict: Verdict
}

export interface Candidates {
  readonly candidates: readonly Candidate[]
  readonly decisions: Map<string, Decision>
  /** Marks of linked source keys to write; see {@link Links}. */
  readonly linkMarks: ReadonlyMap<string, Linked | null>
}

/** Everybody and every group of the cloud providers with the rules' decisions. Throws RuleError. */
export function candidatesOf(config: Config, providers: readonly MirroredProvider[], ledgers: Ledgers): Candidates {
  const views = providers.flatMap((provider) => viewsOf(config, provider, ledgers))
  const links = linkPeople(linkSources(views, providers), ledgers)
  const decisions = new Map<string, Decision>()
  const candidates: Candidate[] = []
  const holderKey = ({ candidate: { key } }: View) => links.personOf.get(key) ?? holderOf(key, ledgers)
  for (const [key, same] of Map.groupBy(views, holderKey)) {
    const winner = winnerOf(same)
    const others = same.filter((view) => view !== winner)
    const contest = contestOf(same, links)
    const candidate = joined(key, winner, others, ledgers)
    candidates.push(contest?.held ? { ...candidate, serve: false, active: false } : candidate)
    const entryUUID = ledgers.identities.get(key)?.entryUUID ?? null
    decisions.set(candidate.decisionKey, { ...winnersDecision(winner.verdict, contest), entryUUID, name: null })
    for (const { candidate, verdict } of others)
      decisions.set(candidate.decisionKey, {
        status: 'skipped',
        rule: candidate.key === winner.candidate.key ? 'sameTenant' : 'uniqueField',
        reason: `served as ${winner.source}`,
        evidence: false,
        entryUUID,
        name: null,
        note: verdict.status === 'active' ? null : verdict.reason,
      })
  }
  return { candidates, decisions, linkMarks: links.marks }
}

/**
 * Provider order gives precedence among those who would serve it; but when the first that holds it refuses it, by
 * evidence or as a member of an excluded group, that is the last word. Evidence about the very same record, which another
 * provider of the tenant may have read later, counts as its own.
 */
function winnerOf(same: readonly View[]): View {
  const [first] = same
  if (first === undefined) throw new Error('a group of views is not empty')
  const proof = same.find(({ candidate, verdict }) => verdict.evidence && candidate.key === first.candidate.key)
  if (proof !== undefined) return proof
  if (first.verdict.rule === 'denyUsersInGroups') return first
  return same.find((view) => view.verdict.status === 'active') ?? first
}

function joined(key: string, winner: View, others: readonly View[], ledgers: Ledgers): Candidate {
  const all = [winner, ...others]
  const active = all.filter((view) => view.verdict.status === 'active')
  const shared = {
    key,
    sources: all.map((view) => view.source),
    sourceKeys: [...new Set(all.map((view) => view.candidate.key))],
    activeKeys: [...new Set(active.map((view) => view.candidate.key))],
  }
  const { candidate } = winner
  if (candidate.kind === 'group') return { ...candidate, ...shared }
  const fillers = active.flatMap((view) => (view === winner || view.candidate.kind === 'group' ? [] : [view.candidate]))
  // A record that was linked without an administrator's word does not let anybody in, also when it is the last one left.
  const isTrusted = ledgers.identities.get(candidate.key)?.linked !== 'automatic'
  const { user, mapped } = fillGaps(isTrusted ? candidate : withoutSignIn(candidate), fillers)
  const managerKey = [candidate, ...fillers].find((one) => one.managerKey !== null)?.managerKey ?? null
  return { ...candidate, ...shared, user, mapped, managerKey, wantedNumber: mappedNumber(mapped) }
}

function contestOf(same: readonly View[], links: Links): Contest | undefined {
  const contests = same.flatMap(({ candidate }) => links.contests.get(candidate.key) ?? [])
  return contests.find(({ held }) => held) ?? contests[0]
}

function winnersDecision(verdict: Verdict, contest: Contest | undefined): Omit<Decision, 'entryUUID' | 'name'> {
  if (contest?.held && verdict.status === 'active')
    return { status: 'inactive', rule: 'uniqueField', reason: contest.reason, evidence: false, note: null }
  return { ...verdict, note: contest?.reason ?? null }
}

/** Every user once: of views of one tenant, the one that would be served. */
function linkSources(views: readonly View[], providers: readonly MirroredProvider[]): readonly LinkSource[] {
  const order = new Map(providers.map((provider, index) => [provider.config.id, index]))
  const people = Map.groupBy(
    views.filter(({ candidate }) => candidate.kind === 'user'),
    ({ candidate }) => candidate.key,
  )
  return [...people].flatMap(([key, same]) => {
    const { candidate, provider, verdict } = winnerOf(same)
    if (candidate.kind !== 'user' || provider.snapshot.kind !== 'identities') return []
    return [
      {
        key,
        tenant: provider.tenant,
        provider: provider.config,
        order: order.get(provider.config.id) ?? 0,
        user: candidate.user,
        status: verdict.status,
        wantedName: candidate.wantedName === '' ? undefined : candidate.wantedName,
        domains: provider.snapshot.domains,
      },
    ]
  })
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
  const viewed = { ...provider, config: settings, mapping: attributeMapping(settings) }
  const userVerdicts = judgeUsers(judged)
  const groupVerdicts = judgeGroups(judged)
  return [
    ...snapshot.users.map((user) => userView(config, viewed, user, userVerdicts.get(user.id), keyOf)),
    ...snapshot.groups.map((group) => groupView(viewed, group, groupVerdicts.get(group.id), judged.membership, keyOf)),
  ]
}

function userView(
  config: Config,
  viewed: View['provider'],
  user: SourceUser,
  judged: Verdict | undefined,
  keyOf: (id: string) => string,
): View {
  const { config: provider, mapping } = viewed
  const rule = userNameRule(config.naming, provider)
  const wantedName = wantedUserName(user, rule)
  const verdict = withName(judged, wantedName, rule.attribute)
  const mapped = mappedValues(mapping, user.record)
  const active = verdict.status === 'active'
  return {
    provider: viewed,
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
      sourceKeys: [],
      activeKeys: [],
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
  viewed: View['provider'],
  group: SourceGroup,
  verdict: Verdict | undefined,
  membership: Membership,
  keyOf: (id: string) => string,
): View {
  if (verdict === undefined) throw new Error('every group is judged')
  const { config: provider, mapping } = viewed
  const active = verdict.status === 'active'
  return {
    provider: viewed,
    source: `${provider.id}:${group.id}`,
    verdict,
    candidate: {
      kind: 'group',
      key: keyOf(group.id),
      id: group.id,
      created: group.created,
      wantedName: wantedGroupName(group.name),
      wantedNumber: mappedNumber(mappedValues(numberOnly(mapping), group.record), 'gidNumber'),
      sources: [],
      sourceKeys: [],
      activeKeys: [],
      active,
      serve: active,
      decisionKey: decisionKey(provider.id, 'group', group.id),
      keyOf,
      group,
      membership,
    },
  }
}

/** All that is mapped of groups. */
function numberOnly(mapping: readonly MappedAttribute[]): readonly MappedAttribute[] {
  return mapping.filter(({ attribute }) => attribute === 'gidNumber')
}
