import { createAccessControl } from '../../server/directory/access-control.ts'
import { binderOf } from '../../server/directory/authentication/binder-registry.ts'
import type { BinderSettings } from '../../server/directory/credentials/binder-records.ts'
import { binderNames, binderSettings } from '../../server/directory/credentials/binders.ts'
import { createViewBuilder, type DirectoryView } from '../../server/directory/directory-view.ts'
import { type EncodedChange, encodeEntry } from '../../server/directory/encoded-entry.ts'
import type { Entry } from '../../server/directory/entry.ts'
import { Schema } from '../../server/directory/schema/schema.ts'
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

const entriesAtOnce = 200

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
  const schema = new Schema()
  const view = await wholeView(schema, directory)
  const access = createAccessControl(schema, normalizeDn(directory.suffix), { rights: () => rights }).accessFor(
    { kind: 'binder', name, dn: '' },
    view,
    { isProtected: true },
  )
  const slot = view.slotByUuid.get(person.entryUUID)
  return slot !== undefined && access.canRead(slot)
}

/** A scope may ask for groups, so all entries are looked at. */
async function wholeView(schema: Schema, directory: SignInFactsParts['directory']): Promise<DirectoryView> {
  const builder = createViewBuilder(schema)
  const next = builder.begin(builder.empty)
  let changes: EncodedChange[] = []
  for (const entry of directory.entries()) {
    changes.push([entry.entryUUID, encodeEntry(entry, builder.layouts)])
    if (changes.length < entriesAtOnce) continue
    await next.add(changes)
    changes = []
  }
  await next.add(changes)
  return await next.finish()
}
