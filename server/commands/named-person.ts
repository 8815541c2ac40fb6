import { isPerson } from '../../sync/explain.ts'
import { type IdentityRecord, trusted } from '../../sync/ledgers.ts'
import { ChangeRefused } from '../directory/credentials/change-refused.ts'
import type { RecordReader } from '../directory/directory-store.ts'
import type { Workspace } from '../workspace.ts'
import { listed } from './listed.ts'

/** Whom a name means. */
export interface NamedPerson {
  readonly entryUUID: string
  /** DN when served, else the name at the provider. */
  readonly name: string
  readonly status: string
}

/** The one person of that name, as `explain` understands names. Throws ChangeRefused; it lists the candidates when there are several. */
export async function namedPerson(
  { engine, directory }: Pick<Workspace, 'engine' | 'directory'>,
  text: string,
): Promise<NamedPerson> {
  const people = new Map<string, NamedPerson>()
  const withoutIds: string[] = []
  for (const explanation of (await engine.explain(text)).filter(isPerson)) {
    const { identity, entry, decision, label } = explanation
    const entryUUID = identity?.entryUUID ?? entry?.entryUUID ?? decision?.entryUUID
    if (entryUUID === undefined || entryUUID === null) withoutIds.push(label)
    else if (!people.has(entryUUID))
      people.set(entryUUID, { entryUUID, name: entry?.dn ?? label, status: decision?.status ?? 'active' })
  }
  const [person, another] = people.values()
  if (another !== undefined) {
    const candidates = [...people.values()].map(({ entryUUID, name }) => `${entryUUID} (${name})`)
    throw new ChangeRefused(`"${text}" means ${people.size} people; use one of ${listed(candidates)}`)
  }
  const found = person ?? (await formerPerson(directory.store, text.trim().toLowerCase()))
  if (found !== undefined) return found
  throw new ChangeRefused(
    withoutIds.length > 0
      ? `${withoutIds.join(', ')} was never served and has no entryUUID; "rosterd explain" says why`
      : `nobody is called "${text}"; use a user name, address, DN, entryUUID or immutable id`,
  )
}

/** As {@link namedPerson}, for what is given to people: not to those who are gone. */
export async function presentPerson(workspace: Pick<Workspace, 'engine' | 'directory'>, text: string) {
  const person = await namedPerson(workspace, text)
  if (person.status === 'deleted') throw new ChangeRefused(`${person.name} is at no provider any more`)
  return person
}

/** Somebody whom no provider has any more, but whose ids are kept. */
async function formerPerson(store: RecordReader, entryUUID: string): Promise<NamedPerson | undefined> {
  for await (const { value } of store.list('identity')) {
    const identity = trusted<IdentityRecord>(value)
    if (identity.kind === 'user' && identity.entryUUID === entryUUID)
      return { entryUUID, name: entryUUID, status: 'deleted' }
  }
  return undefined
}
