import type { RecordChange, RecordReader } from '../../server/directory/directory-store.ts'
import type { Config } from '../../server/runtime/config-schema.ts'
import type { Decision } from '../candidates.ts'
import { ledgerKey } from '../forgetting.ts'
import { attach, identityChange, indexLedgers, release, sharersOf } from './identity-edits.ts'
import {
  holderOf,
  identityKey,
  identityRecordKey,
  type Ledgers,
  type Linked,
  type MatchWord,
  readLedgers,
  trusted,
} from '../ledgers.ts'
import { isUuid } from '../name-based-uuid.ts'
import { foldName } from '../reserved-names.ts'

export interface LinkContext {
  readonly store: RecordReader
  readonly config: Config
  /** Tenant by provider id. */
  readonly tenants: ReadonlyMap<string, string>
  readonly now: Date
}

export interface LinkedPerson {
  readonly entryUUID: string
  readonly name: string | null
  /** The owner first. */
  readonly sources: readonly { readonly source: string; readonly linked: Linked | null }[]
}

export interface LinkList {
  /** People of several sources. */
  readonly links: readonly LinkedPerson[]
  /** Newcomers that are not served because they look like somebody else. */
  readonly held: readonly { readonly source: string; readonly reason: string }[]
}

export async function listLinks(context: LinkContext): Promise<LinkList> {
  const ledgers = await readLedgers(context.store)
  const people = Map.groupBy(
    [...ledgers.identities].filter(([, { kind }]) => kind === 'user'),
    ([, { entryUUID }]) => entryUUID,
  )
  const links = [...people.values()]
    .filter((sources) => sources.length > 1)
    .map((sources) => {
      const ordered = sources.toSorted(
        ([, a], [, b]) => Number(a.linked !== undefined) - Number(b.linked !== undefined),
      )
      const [key, record] = ordered[0] as (typeof ordered)[number]
      return {
        entryUUID: record.entryUUID,
        name: nameOf(holderOf(key, ledgers), ledgers),
        sources: ordered.map(([k, { linked }]) => ({ source: sourceLabel(k, context), linked: linked ?? null })),
      }
    })
  const held: { source: string; reason: string }[] = []
  for await (const { key, value } of context.store.list('decision')) {
    const { rule, status, reason } = trusted<Decision>(value)
    if (rule === 'uniqueField' && status === 'inactive') held.push({ source: `${key[0]}:${key[2]}`, reason })
  }
  return { links, held }
}

/**
 * Records that make the source one of the person's, entitled to authenticate it. A source with ids of its own gives them
 * up for ever, so `retires` must say that this is meant. Throws with the reason when it cannot be.
 */
export async function confirmLink(
  source: string,
  to: string,
  retires: boolean,
  context: LinkContext,
): Promise<readonly RecordChange[]> {
  const ledgers = await indexLedgers(await readLedgers(context.store))
  const key = await sourceKey(source, ledgers, context)
  const person = await personKey(to, ledgers, context)
  const target = ledgers.identities.get(person)
  if (target === undefined) throw new Error(`"${to}" has no ids yet; sync first`)
  if (target.kind !== 'user') throw new Error(`"${to}" is a group; only people are linked`)
  const own = ledgers.identities.get(key)
  const word = wordChange(key, { entryUUID: target.entryUUID })
  if (own?.entryUUID === target.entryUUID) {
    if (own.linked !== 'automatic') throw new Error(`${source} belongs to that person and may authenticate it already`)
    return [word, identityChange(key, { ...own, linked: 'confirmed' })]
  }
  const sharers = sharersOf(key, ledgers)
  if (own !== undefined && own.linked === undefined && sharers.length > 0)
    throw new Error(
      `${source} is the first source of somebody else; separate ${sharers.map((k) => sourceLabel(k, context)).join(', ')} first`,
    )
  if (own !== undefined && sharers.length === 0 && !retires)
    throw new Error(
      `${source} has ids of its own (number ${own.number}); with --retire-ids it gives them up for ever, and they are never reused`,
    )
  const now = context.now.toISOString()
  return [...release(key, ledgers, now), attach(key, target, 'confirmed', own?.firstSeen ?? now), word]
}

/** Records that keep the source apart from everybody; one that was linked becomes a person of its own in the next run. */
export async function separateLink(source: string, context: LinkContext): Promise<readonly RecordChange[]> {
  const ledgers = await indexLedgers(await readLedgers(context.store))
  const key = await sourceKey(source, ledgers, context)
  const own = ledgers.identities.get(key)
  const word = wordChange(key, { entryUUID: null })
  const sharers = sharersOf(key, ledgers)
  if (own === undefined || sharers.length === 0) return [word]
  if (own.linked === undefined)
    throw new Error(
      `${source} is the first source of that person; separate the others: ${sharers.map((k) => sourceLabel(k, context)).join(', ')}`,
    )
  return [...release(key, ledgers, context.now.toISOString()), identityChange(key, undefined), word]
}

function wordChange(key: string, value: MatchWord): RecordChange {
  return { collection: 'match', key: identityRecordKey(key), value }
}

/** Identity key of `<provider id>:<immutable id>`. */
async function sourceKey(source: string, ledgers: Ledgers, { store, config, tenants }: LinkContext): Promise<string> {
  const colon = source.indexOf(':')
  const [provider, id] = [source.slice(0, Math.max(0, colon)), source.slice(colon + 1)]
  const tenant = config.providers.some((p) => p.id === provider && p.type !== 'ldif')
    ? tenants.get(provider)
    : undefined
  if (tenant === undefined)
    throw new Error(
      `"${source}" is not a source; write it as PROVIDER:ID with one of ${config.providers.map((p) => p.id).join(', ')}`,
    )
  const key = ledgerKey(identityKey(tenant, id), ledgers)
  if (!ledgers.identities.has(key) && (await store.get('mirror', [provider, 'user', id])) === undefined)
    throw new Error(`${provider} has no user with the id "${id}"; look with "rosterd explain", or sync first`)
  return key
}

/** Key under which a person holds its ids: named by user name, entryUUID or source. */
async function personKey(to: string, ledgers: Ledgers, context: LinkContext): Promise<string> {
  if (isUuid(to)) {
    const wanted = to.toLowerCase()
    for (const [key, { entryUUID }] of ledgers.identities) if (entryUUID === wanted) return holderOf(key, ledgers)
    throw new Error(`nobody has the entryUUID ${to}`)
  }
  if (to.includes(':')) return holderOf(await sourceKey(to, ledgers, context), ledgers)
  const record = ledgers.names.user.get(foldName(to))
  if (record === undefined) throw new Error(`nobody has or had the user name "${to}"`)
  return record.holder
}

function nameOf(holder: string, ledgers: Ledgers): string | null {
  for (const [name, record] of ledgers.names.user) if (record.holder === holder && record.freed === null) return name
  return null
}

function sourceLabel(key: string, { config, tenants }: LinkContext): string {
  const [tenant, id] = identityRecordKey(key)
  return `${config.providers.find((provider) => tenants.get(provider.id) === tenant)?.id ?? tenant}:${id}`
}
