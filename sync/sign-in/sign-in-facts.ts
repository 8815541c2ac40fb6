import type { DirectoryView } from '../../server/directory/directory-view.ts'
import { activityKey, readActivity, type SignInUse } from '../../server/directory/authentication/activity-records.ts'
import { type CountedFailures, countedFailures } from '../../server/directory/authentication/throttle-records.ts'
import {
  type AccountRecord,
  type CredentialRecord,
  readAccount,
} from '../../server/directory/credentials/credential-records.ts'
import { credentialsOf } from '../../server/directory/credentials/sign-in-context.ts'
import type { RecordReader } from '../../server/directory/directory-store.ts'
import type { Entry } from '../../server/directory/entry.ts'
import { DnSyntaxError } from '../../server/protocol/distinguished-name.ts'
import { networkOf } from '../../server/runtime/address-network.ts'
import type { Clock } from '../../server/runtime/clock.ts'
import type { Config } from '../../server/runtime/config-schema.ts'
import type { CurrentDirectory } from '../desired-input.ts'
import { type Explanation, isPerson } from '../explain.ts'
import { entryType, textValuesOf } from '../file-entries.ts'
import type { LastAnswer, PassThrough } from '../pass-through/pass-through.ts'
import { passwordSource, type PasswordSourceParts } from '../pass-through/password-source.ts'
import { foldName } from '../reserved-names.ts'
import { type BinderFacts, binderFacts } from './binder-facts.ts'

/** Whose sign-in is asked about, and how it is tried. */
export interface SignInQuery {
  /** Anything `explain` understands. */
  readonly name: string
  /** Where the client of the bind is. */
  readonly address: string | undefined
  /** The service account with which the client looks people up. */
  readonly binder: string | undefined
}

/** Somebody a provider has. */
export interface KnownPerson {
  /** `<provider id>:<immutable id>`. */
  readonly source: string
  readonly label: string
  readonly status: string
  readonly reason: string
}

/** The person that is served, and what they could sign in with. */
export interface SignInPerson {
  readonly entry: Entry
  /** Names that a bind takes in place of the DN. */
  readonly bindNames: readonly string[]
  readonly account: AccountRecord | undefined
  /** By id. */
  readonly credentials: ReadonlyMap<string, CredentialRecord>
  /** The provider that checks the password, and as whom; or why none does. */
  readonly provider:
    | { readonly asked: true; readonly id: string; readonly login: string }
    | { readonly asked: false; readonly reason: string }
  readonly lastAnswer: LastAnswer | undefined
  /** Failed binds as this person that still count. */
  readonly failures: readonly CountedFailures[]
  /** Latest first. */
  readonly uses: readonly SignInUse[]
}

/** Everything that decides over somebody's sign-in, but for the password. */
export interface SignInFacts extends SignInQuery {
  readonly now: Date
  readonly isFilled: boolean
  readonly ldap: Pick<Config['ldap'], 'bindByName' | 'allowCleartextBind'>
  /** Everybody served whom the name may mean. */
  readonly people: readonly SignInPerson[]
  /** The same name at providers, served or not. */
  readonly known: readonly KnownPerson[]
  /** Failed binds from the address, of all accounts; undefined when none count, or no address was asked about. */
  readonly addressFailures: CountedFailures | undefined
  /** undefined when none was asked about. */
  readonly binderFacts: BinderFacts | undefined
}

export interface SignInFactsParts extends PasswordSourceParts {
  readonly directory: CurrentDirectory & {
    readonly store: RecordReader
    readonly suffix: string
    readonly isFilled: boolean
    readonly view: DirectoryView
  }
  readonly config: Pick<Config, 'providers' | 'binders' | 'ldap'>
  readonly explain: (name: string) => Promise<readonly Explanation[]>
  readonly passThrough: Pick<PassThrough, 'lastAnswer'>
  readonly clock: Pick<Clock, 'now'>
}

/** Gathers the facts; changes nothing, and asks no provider. */
export async function signInFacts(query: SignInQuery, parts: SignInFactsParts): Promise<SignInFacts> {
  const { directory, config, clock } = parts
  const explanations = (await parts.explain(query.name)).filter(isPerson)
  const entries = new Map(explanations.flatMap(({ entry }) => (entry === undefined ? [] : [[entry.entryUUID, entry]])))
  for (const entry of entriesNamed(query.name, directory)) entries.set(entry.entryUUID, entry)
  const failures = await countedFailures(directory.store)
  const people = await Promise.all([...entries.values()].map((entry) => signInPerson(entry, failures, parts)))
  const [only] = people
  return {
    ...query,
    now: clock.now(),
    isFilled: directory.isFilled,
    ldap: config.ldap,
    people,
    known: explanations.flatMap(({ provider, id, label, decision }) =>
      decision === undefined
        ? []
        : [{ source: `${provider}:${id}`, label, status: decision.status, reason: decision.reason }],
    ),
    addressFailures: failures.find(
      ({ subject }) =>
        subject.kind === 'address' && query.address !== undefined && subject.network === networkOf(query.address),
    ),
    binderFacts:
      query.binder === undefined
        ? undefined
        : await binderFacts(query.binder, people.length === 1 ? only?.entry : undefined, parts),
  }
}

function* entriesNamed(name: string, directory: CurrentDirectory): Generator<Entry> {
  const wanted = foldName(name.trim())
  const byDn = entryByDn(name, directory)
  if (byDn !== undefined && entryType(byDn) === 'user') yield byDn
  for (const entry of directory.entries())
    if (entryType(entry) === 'user' && bindNames(entry).some((one) => foldName(one) === wanted)) yield entry
}

function entryByDn(name: string, directory: CurrentDirectory): Entry | undefined {
  try {
    return directory.entryByDn(name)
  } catch (error) {
    if (error instanceof DnSyntaxError) return undefined
    throw error
  }
}

async function signInPerson(
  entry: Entry,
  failures: readonly CountedFailures[],
  parts: SignInFactsParts,
): Promise<SignInPerson> {
  const { entryUUID } = entry
  const { store } = parts.directory
  const source = await passwordSource(entryUUID, parts, parts.clock.now())
  return {
    entry,
    bindNames: bindNames(entry),
    account: readAccount(await store.get('account', [entryUUID])),
    credentials: await credentialsOf(store, entryUUID),
    provider:
      source.type === 'provider'
        ? { asked: true, id: source.provider.id, login: source.user.names.login ?? source.user.id }
        : { asked: false, reason: source.reason },
    lastAnswer: parts.passThrough.lastAnswer(entryUUID),
    failures: failures.filter(({ subject }) => subject.kind !== 'address' && subject.account.id === entryUUID),
    uses: readActivity(await store.get('activity', activityKey('person', entryUUID)))?.uses ?? [],
  }
}

/** User name, user principal name and primary mail address. */
function bindNames({ attributes }: Entry): readonly string[] {
  const [mail] = textValuesOf(attributes, 'mail')
  const names = [...textValuesOf(attributes, 'uid'), ...textValuesOf(attributes, 'userPrincipalName'), mail ?? '']
  return [...new Set(names.filter((name) => name !== ''))]
}
