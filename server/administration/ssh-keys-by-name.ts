import { createBreather } from '../../sync/breather.ts'
import { entryType, textValuesOf } from '../../sync/file-entries.ts'
import { keptWhile } from '../../sync/roster/kept-result.ts'
import { entryRefusal } from '../directory/authentication/account-status.ts'
import { activeBlock, readAccount } from '../directory/credentials/credential-records.ts'
import type { Entry } from '../directory/entry.ts'
import { escapeDnValue } from '../protocol/distinguished-name.ts'
import type { Workspace } from '../workspace.ts'

/** In place of an entryUUID: several have the name. */
const nobody = ''

/**
 * The SSH keys of somebody by user name, in any case; none of who is unknown, inactive or blocked. undefined before every
 * provider has been read once: nobody is unknown by then.
 */
export function sshKeysByName({
  directory,
  sshKeys,
  clock,
}: Pick<Workspace, 'directory' | 'sshKeys' | 'clock'>): (name: string) => Promise<readonly string[] | undefined> {
  const { store } = directory
  const others = keptWhile(
    () => String(store.lastChange),
    async () => {
      const breathe = createBreather()
      const found = new Map<string, string>()
      for (const entry of directory.entries()) {
        await breathe()
        for (const name of userNames(entry)) found.set(name, found.has(name) ? nobody : entry.entryUUID)
      }
      return found
    },
  )

  /** Nearly everybody has the DN that their user name makes; the others are of a file. */
  async function personOf(name: string): Promise<Entry | undefined> {
    const entry = directory.entryByDn(`uid=${escapeDnValue(name)},ou=people,${directory.suffix}`)
    // DNs are the same in more ways than user names are.
    if (entry !== undefined) return userNames(entry).includes(name.toLowerCase()) ? entry : undefined
    const entryUUID = (await others()).get(name.toLowerCase())
    return entryUUID === undefined ? undefined : directory.entryByUuid(entryUUID)
  }

  return async (name) => {
    if (!directory.isFilled) return undefined
    const person = await personOf(name)
    if (person === undefined) return []
    const { entryUUID, attributes } = person
    const now = clock.now()
    const block = activeBlock(readAccount(await store.get('account', [entryUUID])), now)
    const refusal = entryRefusal((attribute) => textValuesOf(attributes, attribute)[0], now)
    return block !== undefined || refusal !== undefined ? [] : sshKeys.list(entryUUID).map(({ text }) => text)
  }
}

/** In lower case; none of what is no person. */
function userNames(entry: Entry): readonly string[] {
  return entryType(entry) === 'user' ? textValuesOf(entry.attributes, 'uid').map((name) => name.toLowerCase()) : []
}
