import type { RecordReader } from '../server/directory/directory-store.ts'
import type { Entry } from '../server/directory/entry.ts'
import type { Config } from '../server/runtime/config-schema.ts'
import { type AuthenticationSource, authenticationSource } from './authentication-source.ts'
import { type Decision, decisionKey } from './candidates.ts'
import type { CurrentDirectory } from './desired-input.ts'
import { entryType, textValuesOf } from './file-entries.ts'
import type { JsonObject, SourceGroup, SourceUser } from './identity.ts'
import { type IdentityKind, type IdentityRecord, identityKey, trusted } from './ledgers.ts'
import { personSources } from './person-sources.ts'
import { foldName } from './reserved-names.ts'

/** Why a person or group is served or not. */
export interface Explanation {
  readonly provider: string
  readonly kind: IdentityKind | 'entry'
  readonly id: string
  /** Name at the provider. */
  readonly label: string
  readonly decision: Decision | undefined
  /** The provider's record as received; undefined when the provider no longer has it. */
  readonly record: JsonObject | undefined
  readonly identity: IdentityRecord | undefined
  readonly entry: Entry | undefined
  /** Who may check the person's password; undefined for what is no person with ids. */
  readonly authentication: AuthenticationSource | undefined
}

export interface ExplainSources {
  readonly store: RecordReader
  readonly current: CurrentDirectory
  readonly config: Config
  readonly tenants: ReadonlyMap<string, string>
}

export function isPerson({ kind, entry }: Explanation): boolean {
  return kind === 'user' || (kind === 'entry' && entry !== undefined && entryType(entry) === 'user')
}

/** Everybody the text may mean: user name, cn, display name, address, entryUUID, immutable id or DN. Nobody has an empty name. */
export async function explainIdentity(text: string, sources: ExplainSources): Promise<readonly Explanation[]> {
  const wanted = foldName(text.trim())
  if (wanted === '') return []
  const found: Explanation[] = []
  const explained = new Set<string>()
  for (const { id: provider, type } of sources.config.providers) {
    if (type === 'ldif') continue
    for (const kind of ['user', 'group'] as const) {
      for await (const { value } of sources.store.list('mirror', [provider, kind])) {
        const source = trusted<SourceUser | SourceGroup>(value)
        const explanation = await explainSource(provider, kind, source, sources)
        if (!namesOf(source, explanation).some((name) => foldName(name) === wanted)) continue
        found.push({ ...explanation, authentication: await authenticationOf(explanation.identity, sources) })
        if (explanation.entry !== undefined) explained.add(explanation.entry.entryUUID)
      }
    }
  }
  for (const entry of sources.current.entries()) {
    if (explained.has(entry.entryUUID) || !namesOfEntry(entry).some((name) => foldName(name) === wanted)) continue
    found.push(await explainEntry(entry, sources))
  }
  return found
}

async function authenticationOf(
  identity: IdentityRecord | undefined,
  sources: ExplainSources,
): Promise<AuthenticationSource | undefined> {
  if (identity?.kind !== 'user') return undefined
  return authenticationSource(await personSources(identity.entryUUID, sources))
}

async function explainSource(
  provider: string,
  kind: IdentityKind,
  source: SourceUser | SourceGroup,
  { store, current, tenants }: ExplainSources,
): Promise<Explanation> {
  const decision = await store.get('decision', decisionKey(provider, kind, source.id).split('\0'))
  const key = identityKey(tenants.get(provider) ?? provider, source.id)
  const identity = await store.get('identity', [key.slice(0, key.indexOf('/')), source.id])
  const known = identity === undefined ? undefined : trusted<IdentityRecord>(identity)
  return {
    provider,
    kind,
    id: source.id,
    label: 'displayName' in source ? (source.displayName ?? source.id) : source.name,
    decision: decision === undefined ? undefined : trusted<Decision>(decision),
    record: source.record,
    identity: known,
    entry: known === undefined ? undefined : current.entryByUuid(known.entryUUID),
    authentication: undefined,
  }
}

function namesOf(source: SourceUser | SourceGroup, { decision, identity, label }: Explanation): readonly string[] {
  const candidates = 'names' in source ? Object.values(source.names) : [source.mail]
  return [source.id, label, decision?.name ?? '', identity?.entryUUID ?? '', ...candidates.map((name) => name ?? '')]
}

function namesOfEntry(entry: Entry): readonly string[] {
  const texts = ['uid', 'cn', 'mail'].flatMap((name) => textValuesOf(entry.attributes, name))
  return [entry.dn, entry.entryUUID, ...texts]
}

async function explainEntry(entry: Entry, { store }: ExplainSources): Promise<Explanation> {
  const [source = ''] = textValuesOf(entry.attributes, 'rosterdSource')
  const colon = source.indexOf(':')
  const [provider, id] = [source.slice(0, Math.max(0, colon)), source.slice(colon + 1)]
  const kind = entryType(entry) === 'group' ? 'group' : 'user'
  const decision = await store.get('decision', decisionKey(provider, kind, id).split('\0'))
  return {
    provider,
    kind: 'entry',
    id,
    label: entry.dn,
    decision: decision === undefined ? undefined : trusted<Decision>(decision),
    record: undefined,
    identity: undefined,
    entry,
    authentication: undefined,
  }
}
