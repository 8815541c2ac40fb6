import { formatGeneralizedTime } from '../../protocol/generalized-time.ts'
import type { Entry } from '../entry.ts'
import { ChangeRefused } from './change-refused.ts'
import { type Actor, changeSignIn, type SignInContext } from './sign-in-context.ts'
import { parseSshKey, type SshKey } from './ssh-key.ts'

/** SSH keys that people keep here: `sshPublicKey` of their entries. */
export interface SshKeys {
  /** Those that can be read. */
  list(entryUUID: string): readonly SshKey[]
  /** Throws {@link ChangeRefused}. */
  add(entryUUID: string, pasted: string, by: Actor): Promise<SshKey>
  /** False when there is none with the fingerprint. Throws {@link ChangeRefused}. */
  remove(entryUUID: string, fingerprint: string, by: Actor): Promise<boolean>
}

const attribute = 'sshPublicKey'
const mostForOnePerson = 20

/** `exclusively` runs work while no sync does: a sync that has read an entry before a change would write it without. */
export function createSshKeys(context: SignInContext, exclusively: <T>(work: () => Promise<T>) => Promise<T>): SshKeys {
  const { directory, config, clock } = context

  function changeable(entryUUID: string): Entry {
    const entry = directory.entryByUuid(entryUUID)
    if (entry === undefined) throw new ChangeRefused('Your account is not active yet. Try again in some minutes.')
    const sources = (entry.attributes.get('rosterdSource') ?? []).map(String)
    const providers = config.providers.filter(({ id }) => sources.some((source) => source.startsWith(`${id}:`)))
    const keeper = providers.find(
      (provider) =>
        provider.type === 'ldif' ||
        Object.keys(provider.attributes).some((name) => name.toLowerCase() === attribute.toLowerCase()),
    )
    if (keeper !== undefined || providers.length === 0)
      throw new ChangeRefused(`Your SSH keys come from ${keeper?.name ?? 'a file'}. Change them there.`)
    return entry
  }

  async function change(
    entryUUID: string,
    by: Actor,
    event: string,
    decide: (keys: readonly SshKey[]) => { readonly keys: readonly SshKey[]; readonly changed: SshKey } | undefined,
  ): Promise<boolean> {
    changeable(entryUUID)
    return await exclusively(() =>
      changeSignIn(context, entryUUID, by, async () => {
        const entry = changeable(entryUUID)
        const decided = decide(keysOf(entry))
        if (decided === undefined) return undefined
        const attributes = new Map(entry.attributes)
        if (decided.keys.length === 0) attributes.delete(attribute)
        else
          attributes.set(
            attribute,
            decided.keys.map(({ text }) => text),
          )
        attributes.set('modifyTimestamp', [formatGeneralizedTime(clock.now())])
        return {
          records: [],
          entries: [{ type: 'put', entry: { ...entry, attributes } }],
          event,
          details: { fingerprint: decided.changed.fingerprint },
        }
      }),
    )
  }

  return {
    list(entryUUID) {
      const entry = directory.entryByUuid(entryUUID)
      return entry === undefined ? [] : keysOf(entry)
    },
    async add(entryUUID, pasted, by) {
      const added = parseSshKey(pasted)
      await change(entryUUID, by, 'SSH key added', (keys) => {
        if (keys.some(({ fingerprint }) => fingerprint === added.fingerprint))
          throw new ChangeRefused('This key is there already.')
        if (keys.length >= mostForOnePerson)
          throw new ChangeRefused(`There are ${mostForOnePerson} keys already. Remove one that you do not use.`)
        return { keys: [...keys, added], changed: added }
      })
      return added
    },
    remove: (entryUUID, fingerprint, by) =>
      change(entryUUID, by, 'SSH key removed', (keys) => {
        const changed = keys.find((key) => key.fingerprint === fingerprint)
        return changed && { keys: keys.filter((key) => key !== changed), changed }
      }),
  }
}

function keysOf({ attributes }: Entry): readonly SshKey[] {
  return (attributes.get(attribute) ?? []).flatMap((value) => {
    try {
      return [parseSshKey(String(value))]
    } catch {
      return [] // another form, of another directory
    }
  })
}
