import { randomBytes } from 'node:crypto'
import type { Directory } from '../directory.ts'
import type { SealedRecords } from '../sealed-records.ts'

/** What is kept as a MAC with a key of the server, because it is too long to guess or must be compared fast. */
export type MacPurpose = 'app-password' | 'recovery-code' | 'imported-password'

/**
 * One key for each purpose, random and sealed at ['key', purpose]. It stays when the master key is another one, so that
 * what people hold goes on working.
 */
export interface MacKeys {
  /** 32 octets; undefined while none was made. Throws MasterKeyError. */
  find(purpose: MacPurpose): Promise<Buffer | undefined>
  /** Makes it when there is none; it is durable when this resolves. Throws MasterKeyError. */
  get(purpose: MacPurpose): Promise<Buffer>
}

export function createMacKeys(directory: Pick<Directory, 'commit'>, sealed: SealedRecords): MacKeys {
  const making = new Map<MacPurpose, Promise<Buffer>>()

  async function find(purpose: MacPurpose): Promise<Buffer | undefined> {
    const secret = await sealed.read(['key', purpose])
    return secret === undefined ? undefined : Buffer.from(secret, 'base64')
  }

  async function findOrMake(purpose: MacPurpose): Promise<Buffer> {
    const found = await find(purpose)
    if (found !== undefined) return found
    const key = randomBytes(32)
    const record = await sealed.seal(['key', purpose], key.toString('base64'))
    await directory.commit({ cause: { kind: 'server', id: `key of ${purpose}` }, entries: [], records: [record] })
    return key
  }

  return {
    find,
    get(purpose) {
      // Shared by all that ask at once: a second key would spoil what the first one was used for.
      const made = making.get(purpose) ?? findOrMake(purpose).finally(() => making.delete(purpose))
      making.set(purpose, made)
      return made
    },
  }
}
