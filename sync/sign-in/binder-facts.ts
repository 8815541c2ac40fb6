import { createAccessControl } from '../../server/directory/access-control.ts'
import { binderOf } from '../../server/directory/authentication/binder-registry.ts'
import type { BinderSettings } from '../../server/directory/credentials/binder-records.ts'
import { binderNames, binderSettings } from '../../server/directory/credentials/binders.ts'
import type { Entry } from '../../server/directory/entry.ts'
import { normalizeDn } from '../../server/protocol/distinguished-name.ts'
import type { SignInFactsParts } from './sign-in-facts.ts'

/** What the service account that looks people up may do. */
export type BinderFacts =
  | { readonly isKnown: false; readonly names: readonly string[] }
  | {
      readonly isKnown: true
      /** Addresses it may come from; empty: any. */
      readonly networks: readonly string[]
      readonly requireTls: boolean
      readonly mayNotSearch: boolean
      /** Attributes it may read; undefined: all. */
      readonly attributes: readonly string[] | undefined
      /** Whether the person's entry is in its scope, where that is looked at; undefined when there is no person. */
      readonly seesPerson: boolean | undefined
    }

export async function binderFacts(
  name: string,
  person: Entry | undefined,
  { config, directory }: Pick<SignInFactsParts, 'config' | 'directory'>,
): Promise<BinderFacts> {
  const binder = await binderSettings(name, config, directory.store)
  if (binder === undefined) return { isKnown: false, names: await binderNames(config, directory.store) }
  const { networks, requireTls, attributes, grants } = binder
  return {
    isKnown: true,
    networks,
    requireTls,
    mayNotSearch: grants.includes('mayNotSearch'),
    attributes: attributes === '*' ? undefined : attributes,
    seesPerson: person === undefined ? undefined : await seesEntry(name, binder, person, directory),
  }
}

async function seesEntry(
  name: string,
  settings: BinderSettings,
  person: Entry,
  directory: SignInFactsParts['directory'],
): Promise<boolean> {
  if (settings.scope === 'tree' || settings.grants.includes('mayNotSearch')) return true
  const { rights } = binderOf(name, settings, [])
  const { view } = directory
  const access = createAccessControl(view.schema, normalizeDn(directory.suffix), { rights: () => rights }).accessFor(
    { kind: 'binder', name, dn: '' },
    view,
    { isProtected: true },
  )
  const slot = view.slotOfUuid(person.entryUUID)
  return slot !== undefined && access.canRead(slot)
}
