import type { CloudProviderConfig, Config, ProviderConfig } from '../server/runtime/config-schema.ts'
import type { SourceDomain, SourceUser } from './identity.ts'
import { holderOf, type Ledgers, type Linked } from './ledgers.ts'
import { asciiDomain, domainOf, foldAddress } from './mail-domains.ts'
import { foldName } from './reserved-names.ts'
import type { Status } from './rules.ts'

/** A source user as linking sees it; two providers of one tenant that hold the same id are one. */
export interface LinkSource {
  /** Identity key. */
  readonly key: string
  readonly tenant: string
  readonly provider: CloudProviderConfig
  /** Place of the provider in the configuration. */
  readonly order: number
  readonly user: SourceUser
  readonly status: Status
  /** User name it would have if that were free. */
  readonly wantedName: string | undefined
  /** Domains of the tenant as last read. */
  readonly domains: readonly SourceDomain[]
}

/** Why a source user that looks like somebody else's is not linked. */
export interface Contest {
  /** True for a newcomer that is not served; others stay what they are. */
  readonly held: boolean
  readonly reason: string
}

export interface Links {
  /** Key under which the person of each source key holds its ids; the key itself where nothing is linked. */
  readonly personOf: ReadonlyMap<string, string>
  /** Marks to write: links made now, and sources that authenticate from now on (null) or no more. */
  readonly marks: ReadonlyMap<string, Linked | null>
  /** By source key. */
  readonly contests: ReadonlyMap<string, Contest>
}

/**
 * Which source users are one person. What the ledger knows stays as it is. A newcomer is linked to somebody of another
 * tenant when the unique field of the later provider says so beyond doubt (see `obstacle`); what only looks like it is a
 * contest, and of a contest the newcomer of the later provider is held. Pure; the order of listing plays no part.
 */
export function linkPeople(listed: readonly LinkSource[], ledgers: Ledgers): Links {
  if (listed.every(({ tenant }) => tenant === listed[0]?.tenant)) return knownLinks(listed, ledgers)
  const sources = [...listed].sort((a, b) => a.order - b.order || (a.key < b.key ? -1 : 1))
  const index = indexByField(sources.filter(mayContest))
  const tenants = tenantsByPerson(ledgers)
  const owners = ownersByPerson(ledgers)
  const personOf = new Map<string, string>()
  const marks = new Map<string, Linked | null>()
  const contests = new Map<string, Contest>()
  const orderByKey = new Map(sources.map(({ key, order }) => [key, order]))

  for (const { key } of sources) if (isKnown(key)) personOf.set(key, holderOf(key, ledgers))
  for (const source of sources) if (!isKnown(source.key)) place(source)
  for (const source of sources) if (!contests.has(source.key) && mayContest(source)) remark(source)
  return { personOf, marks, contests }

  function isKnown(key: string): boolean {
    return ledgers.identities.has(key)
  }

  /** Who is skipped is nobody here, and who an administrator set apart is settled. */
  function mayContest({ key, status }: LinkSource): boolean {
    return status !== 'skipped' && ledgers.words.get(key)?.entryUUID !== null
  }

  function place(source: LinkSource): void {
    personOf.set(source.key, source.key)
    if (!mayContest(source)) return
    // Newcomers of later providers are placed after this one.
    const ahead = index.rivalsOf(source).filter((rival) => rival.order < source.order || isKnown(rival.key))
    const [first] = ahead
    if (first === undefined) return
    const person = personOf.get(first.key) ?? first.key
    const problem = whyNot(source, ahead, person)
    if (problem === undefined) link(source, person)
    else contests.set(source.key, { held: ahead.some((rival) => rival.order < source.order), reason: problem })
  }

  function whyNot(source: LinkSource, ahead: readonly LinkSource[], person: string): string | undefined {
    for (const rival of ahead) {
      const problem = contests.get(rival.key)?.held
        ? `${labelOf(rival)} is held itself`
        : obstacle(source, rival, index)
      if (problem !== undefined) return contestText(source, rival, problem)
    }
    const other = ahead.find((rival) => personOf.get(rival.key) !== person)
    if (other !== undefined) return contestText(source, other, 'it matches several people')
    if (tenants.get(person)?.has(source.tenant))
      return ahead[0] && contestText(source, ahead[0], `another record of ${source.provider.id} belongs to that person`)
    return undefined
  }

  /** Of those who are linked, the source of the first provider authenticates the person. */
  function link(source: LinkSource, person: string): void {
    personOf.set(source.key, person)
    const known = tenants.get(person)
    if (known === undefined) tenants.set(person, new Set([tenantOf(person), source.tenant]))
    else known.add(source.tenant)
    const owner = owners.get(person) ?? person
    const takesOver = (orderByKey.get(owner) ?? -1) > source.order
    marks.set(source.key, takesOver ? null : 'automatic')
    if (!takesOver) return
    marks.set(owner, 'automatic')
    owners.set(person, source.key)
  }

  function remark(source: LinkSource): void {
    const person = personOf.get(source.key)
    const rival = index.rivalsOf(source).find((other) => personOf.get(other.key) !== person)
    if (rival === undefined) return
    const problem = contests.get(rival.key)?.held
      ? `${labelOf(rival)} is held`
      : (obstacle(source, rival, index) ?? 'both have ids of their own; an administrator may link them')
    contests.set(source.key, { held: false, reason: contestText(source, rival, problem) })
  }
}

/** Within one tenant nobody is linked anew. */
function knownLinks(sources: readonly LinkSource[], ledgers: Ledgers): Links {
  const known = sources.filter(({ key }) => ledgers.identities.has(key))
  return {
    personOf: new Map(known.map(({ key }) => [key, holderOf(key, ledgers)])),
    marks: new Map(),
    contests: new Map(),
  }
}

/** Whether linking has to know the verified domains of this Entra tenant: only when somebody else may vouch for them. */
export function linkingReadsDomains(config: Config, provider: ProviderConfig): boolean {
  if (!isLinked(provider) || provider.linkDomains !== null) return false
  return config.providers.some(
    (other) => isLinked(other) && tenantNameOf(other) !== tenantNameOf(provider) && mayVouch(other),
  )
}

function isLinked(provider: ProviderConfig): provider is CloudProviderConfig {
  return provider.type !== 'ldif' && provider.users
}

function tenantNameOf(provider: CloudProviderConfig): string {
  return provider.type === 'okta' ? provider.orgUrl : provider.tenantId.toLowerCase()
}

function mayVouch({ type, linkDomains }: CloudProviderConfig): boolean {
  return linkDomains === null ? type !== 'okta' : linkDomains.length > 0
}

interface FieldIndex {
  /** Sources of other tenants with the same value in the field that counts between the two. */
  rivalsOf(source: LinkSource): readonly LinkSource[]
  /** How many sources of the tenant have the value of `source` in that field. */
  countInTenant(source: LinkSource, field: Field): number
}

type Field = CloudProviderConfig['uniqueField']

function indexByField(sources: readonly LinkSource[]): FieldIndex {
  const byValue = new Map<string, LinkSource[]>()
  for (const source of sources)
    for (const value of valuesOf(source)) {
      const known = byValue.get(value)
      if (known === undefined) byValue.set(value, [source])
      else known.push(source)
    }
  return {
    rivalsOf(source) {
      const found = new Set<LinkSource>()
      for (const value of valuesOf(source))
        for (const other of byValue.get(value) ?? [])
          if (other.tenant !== source.tenant && value.startsWith(`${fieldBetween(source, other)}:`)) found.add(other)
      return [...found].sort((a, b) => a.order - b.order || (a.key < b.key ? -1 : 1))
    },
    countInTenant(source, field) {
      const value = field === 'email' ? primaryValue(source) : nameValue(source)
      const same = (value === undefined ? [] : (byValue.get(value) ?? [])).filter(
        ({ tenant }) => tenant === source.tenant,
      )
      return new Set(same.map(({ key }) => key)).size
    },
  }
}

/** The later provider says by what its people are linked to those before it. */
function fieldBetween(a: LinkSource, b: LinkSource): Field {
  return (a.order > b.order ? a : b).provider.uniqueField
}

function valuesOf(source: LinkSource): readonly string[] {
  const { mail, aliases } = source.user
  const addresses = mail === null ? aliases : [mail, ...aliases]
  const name = nameValue(source)
  return [...new Set(addresses.map(mailValue)), ...(name === undefined ? [] : [name])]
}

function primaryValue({ user }: LinkSource): string | undefined {
  return user.mail === null ? undefined : mailValue(user.mail)
}

function mailValue(address: string): string {
  return `email:${foldAddress(address)}`
}

function nameValue({ wantedName }: LinkSource): string | undefined {
  return wantedName === undefined ? undefined : `username:${foldName(wantedName)}`
}

/** What speaks against two rivals being one person; undefined when nothing does. */
function obstacle(a: LinkSource, b: LinkSource, index: FieldIndex): string | undefined {
  const field = fieldBetween(a, b)
  for (const each of [a, b]) {
    if (each.status !== 'active') return `${labelOf(each)} is ${each.status}`
    if (each.user.kind === 'guest') return `${labelOf(each)} is a guest`
  }
  if (field === 'email' && primaryValue(a) !== primaryValue(b)) return 'an alias is no proof'
  for (const each of [a, b])
    if (index.countInTenant(each, field) > 1) return `several people of ${each.provider.id} have it`
  for (const { user, provider } of [a, b]) {
    if (user.mail === null) return `the record of ${provider.id} has no mail address`
    const domain = domainOf(user.mail)
    const refuser = [a, b].find((each) => !vouchesFor(each, domain))
    if (refuser !== undefined) return `${refuser.provider.id} does not vouch for ${domain} (linkDomains)`
  }
  return undefined
}

function vouchesFor({ provider, domains }: LinkSource, domain: string): boolean {
  const { linkDomains, type } = provider
  if (linkDomains !== null) return linkDomains.some((listed) => asciiDomain(listed) === domain)
  return type !== 'okta' && domains.some(({ name, verified }) => verified && asciiDomain(name) === domain)
}

function contestText(source: LinkSource, rival: LinkSource, problem: string): string {
  const what = fieldBetween(source, rival) === 'email' ? 'a mail address' : 'the user name'
  return `has ${what} of ${labelOf(rival)} and is not linked with it: ${problem}`
}

function labelOf({ provider, user }: LinkSource): string {
  return `${provider.id}:${user.id}`
}

function tenantOf(key: string): string {
  return key.slice(0, key.indexOf('/'))
}

/** Tenants that ever had a source of the person: within one provider nobody is merged. */
function tenantsByPerson(ledgers: Ledgers): Map<string, Set<string>> {
  const tenants = new Map<string, Set<string>>()
  for (const [key, { kind }] of ledgers.identities) {
    if (kind !== 'user') continue
    const person = holderOf(key, ledgers)
    const known = tenants.get(person)
    if (known === undefined) tenants.set(person, new Set([tenantOf(key)]))
    else known.add(tenantOf(key))
  }
  return tenants
}

function ownersByPerson(ledgers: Ledgers): Map<string, string> {
  const owners = new Map<string, string>()
  for (const [key, { kind, linked }] of ledgers.identities)
    if (kind === 'user' && linked === undefined) owners.set(holderOf(key, ledgers), key)
  return owners
}
