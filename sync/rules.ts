import type { CloudProviderConfig } from '../server/runtime/config-schema.ts'
import { groupsWithin, type Membership } from './group-membership.ts'
import type { SourceDomain, SourceGroup, SourceUser } from './identity.ts'
import { asciiDomain, domainOf } from './mail-domains.ts'

/** `invited`: active once the enrollment link was used. `skipped`: never served, and no ids are given out for it. */
export type Status = 'active' | 'inactive' | 'disabled' | 'invited' | 'skipped'

export interface Verdict {
  readonly status: Status
  /** Name of the rule that decided; `none` when nothing spoke against serving it. */
  readonly rule: string
  /** In words, ready to be shown. */
  readonly reason: string
  /** The provider says so of this very record. Absence and effects of our rules are not evidence. */
  readonly evidence: boolean
}

/** A rule that cannot be decided: the run fails with it, it never means "nobody is a member". */
export class RuleError extends Error {
  override readonly name = 'RuleError'
  /** Whose rule it is; undefined for one of all providers. */
  readonly provider: string | undefined

  constructor(message: string, provider?: string) {
    super(message)
    this.provider = provider
  }
}

export interface JudgedProvider {
  readonly config: CloudProviderConfig
  readonly users: readonly SourceUser[]
  readonly groups: readonly SourceGroup[]
  readonly domains: readonly SourceDomain[]
  readonly membership: Membership
  /** Whether the person was ever served: only then a rule makes it inactive instead of skipped. */
  readonly isKnown: (userId: string) => boolean
}

const served: Verdict = { status: 'active', rule: 'none', reason: 'served', evidence: false }

/** Verdict on every user of a provider, by id. Throws {@link RuleError}. */
export function judgeUsers(provider: JudgedProvider): ReadonlyMap<string, Verdict> {
  const { config, users, membership } = provider
  const { filters } = config
  const denied = ruleGroups(provider, 'denyUsersInGroups')
  const allowed = ruleGroups(provider, 'allowUsersInGroups')
  const inDomain = filters.domainRestriction ? domainRule(provider) : undefined
  const deniedStatus = filters.nonAllowedStatus ?? (config.type === 'entra' ? 'disabled' : 'inactive')
  return new Map(users.map((user) => [user.id, judge(user)]))

  function judge(user: SourceUser): Verdict {
    const outside = provider.isKnown(user.id) ? 'inactive' : 'skipped'
    const verdict = (status: Status, rule: string, reason: string): Verdict => ({
      status,
      rule,
      reason,
      evidence: false,
    })
    if (!user.signIn.allowed && filters.signInBlocked === 'inactive')
      return { status: 'inactive', rule: 'signInBlocked', reason: user.signIn.reason, evidence: true }
    if (!config.users) return verdict(outside, 'users', `users of ${config.name} are not served`)
    if (user.kind === 'guest' && !filters.guests) return verdict(outside, 'guests', 'guest user')
    const deniedBy = denied.find((group) => membership.allUserIds(group.id).has(user.id))
    if (deniedBy !== undefined)
      return verdict(deniedStatus, 'denyUsersInGroups', `member of the excluded group "${deniedBy.name}"`)
    if (allowed.length > 0 && !allowed.some((group) => membership.allUserIds(group.id).has(user.id)))
      return verdict('inactive', 'allowUsersInGroups', 'member of no allowed group')
    if (inDomain !== undefined && !inDomain(user))
      return verdict(outside, 'domainRestriction', 'address outside the accepted domains')
    return served
  }
}

/** Verdict on every group of a provider, by id. Throws {@link RuleError}. */
export function judgeGroups(provider: JudgedProvider): ReadonlyMap<string, Verdict> {
  const { config, groups } = provider
  const { filters } = config
  const selected = config.groups ? new Set(ruleGroups(provider, 'selectedGroups').map((group) => group.id)) : new Set()
  const prefixes = filters.groupPrefixes.map((prefix) => prefix.toLowerCase()).filter((prefix) => prefix !== '')
  const skipped = (rule: string, reason: string): Verdict => ({ status: 'skipped', rule, reason, evidence: false })
  return new Map(groups.map((group) => [group.id, judge(group)]))

  function judge(group: SourceGroup): Verdict {
    if (!config.groups) return skipped('groups', `groups of ${config.name} are not served`)
    if (!group.membersReadable) return skipped('membersReadable', 'its members are hidden from the application')
    if (group.holdsEverybody && !selected.has(group.id)) return skipped('selectedGroups', 'holds everybody')
    if (selected.size > 0 && !selected.has(group.id)) return skipped('selectedGroups', 'not among the selected groups')
    if (prefixes.length > 0 && !prefixes.some((prefix) => group.name.toLowerCase().startsWith(prefix)))
      return skipped('groupPrefixes', 'its name begins with none of the prefixes')
    if (!filters.groupsWithoutEmail && group.canHaveMail && group.mail === null)
      return skipped('groupsWithoutEmail', 'no e-mail address')
    return served
  }
}

/** Settings that name groups whose members decide who is served. */
export const memberRules = ['allowUsersInGroups', 'denyUsersInGroups'] as const

/**
 * The groups a setting names, by immutable id or by name in any case. Missing and ambiguous ones are errors.
 */
export function ruleGroups(
  provider: Pick<JudgedProvider, 'config' | 'groups'>,
  setting: (typeof memberRules)[number] | 'selectedGroups',
): readonly SourceGroup[] {
  const { config, groups } = provider
  return config.filters[setting].map((wanted) => {
    return readable(named(wanted), wanted)
  })

  function readable(group: SourceGroup, wanted: string): SourceGroup {
    if (setting === 'selectedGroups') return group
    const hidden = groupsWithin(group, groups).find(({ membersReadable }) => !membersReadable)
    if (hidden === undefined) return group
    const which = hidden === group ? `"${wanted}"` : `"${hidden.name}", which belongs to "${wanted}",`
    throw new RuleError(
      `${config.id}: filters.${setting}: the members of ${which} are hidden from the application. Grant it the right to read them (Entra: Member.Read.Hidden) or name another group.`,
      config.id,
    )
  }

  function named(wanted: string): SourceGroup {
    const byId = groups.find((group) => group.id === wanted || group.id === wanted.toLowerCase())
    if (byId !== undefined) return byId
    const byName = groups.filter((group) => group.name.toLowerCase() === wanted.toLowerCase())
    const [only, another] = byName
    if (only === undefined)
      throw new RuleError(
        `${config.id}: filters.${setting}: there is no group "${wanted}". Correct the setting or make the group visible to the application.`,
        config.id,
      )
    if (another !== undefined)
      throw new RuleError(
        `${config.id}: filters.${setting}: ${byName.length} groups are called "${wanted}". Name one by id: ${byName.map((group) => group.id).join(', ')}.`,
        config.id,
      )
    return only
  }
}

/** Whether a person's address is in an accepted domain; names are compared in their ASCII form. */
function domainRule(provider: JudgedProvider): (user: SourceUser) => boolean {
  const { config } = provider
  const { filters } = config
  const listed =
    filters.domains.length > 0 ? filters.domains : provider.domains.filter((d) => d.verified).map((d) => d.name)
  if (listed.length === 0)
    throw new RuleError(
      `${config.id}: filters.domainRestriction is on, and no domain is accepted. List them in filters.domains.`,
      config.id,
    )
  const accepted = listed.map((domain) => {
    const wildcard = domain.startsWith('*.')
    return {
      name: asciiDomain(wildcard ? domain.slice(2) : domain),
      exact: !wildcard,
      below: wildcard || filters.subdomains,
    }
  })
  return (user) => {
    const address = config.uniqueField === 'email' ? user.mail : (user.names.userPrincipalName ?? user.names.login)
    // A guest's user name ends in the tenant's domain and says nothing about the guest.
    const text = address ?? user.names.userPrincipalName ?? user.names.login
    if (text === null || /#ext#/i.test(text)) return false
    const domain = domainOf(text)
    return accepted.some(
      ({ name, exact, below }) => (exact && domain === name) || (below && domain.endsWith(`.${name}`)),
    )
  }
}
