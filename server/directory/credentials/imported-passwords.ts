import { createHmac, timingSafeEqual } from 'node:crypto'
import type { BcryptPool } from '../authentication/bcrypt-pool.ts'
import type { ImportedPasswordFound } from '../authentication/sign-in-services.ts'
import type { Directory } from '../directory.ts'
import type { Json } from '../directory-store.ts'
import { credentialChange, type ImportedPassword, readCredential } from './credential-records.ts'
import type { MacKeys } from './mac-keys.ts'

/** What a file holds is replaced by a bcrypt hash once the password was typed. */
export interface ImportUpgrades extends AsyncDisposable {
  /** Takes it on, to be done one after the other; beyond a bounded number, or where it is under way, not. */
  upgrade(found: ImportedPasswordFound): void
  /** Resolves when nothing is under way. */
  idle(): Promise<void>
}

export interface ImportUpgradeOptions {
  readonly directory: Pick<Directory, 'store' | 'commitFrom'>
  readonly macKeys: Pick<MacKeys, 'get'>
  readonly bcrypt: Pick<BcryptPool, 'hash'>
  readonly bcryptCost: () => number
  readonly onProblem: (error: unknown) => void
}

const waitingAtMost = 1000

export function createImportUpgrades(options: ImportUpgradeOptions): ImportUpgrades {
  const { directory, macKeys, bcrypt, bcryptCost, onProblem } = options
  const waiting = new Set<string>()
  let line: Promise<void> = Promise.resolve()
  let isClosed = false

  async function replace({ entryUUID, id, stored, password }: ImportedPasswordFound): Promise<void> {
    if (isClosed) return
    const key = await macKeys.get('imported-password')
    const hash = await bcrypt.hash(password, bcryptCost())
    await directory.commitFrom(async () => {
      const record = readCredential(await directory.store.get('credential', [entryUUID, id]))
      // The file has been read again meanwhile.
      if (record?.kind !== 'imported' || record.hash !== stored) return undefined
      const upgraded: ImportedPassword = { kind: 'imported', hash, of: importMac(key, stored).toString('base64') }
      return {
        cause: { kind: 'server', id: 'imported password' },
        entries: [],
        records: [credentialChange(entryUUID, id, upgraded)],
      }
    })
  }

  return {
    upgrade(found) {
      const name = `${found.entryUUID}\0${found.id}`
      if (isClosed || waiting.has(name) || waiting.size >= waitingAtMost) return
      waiting.add(name)
      line = line
        .then(() => replace(found))
        .catch(onProblem)
        .finally(() => waiting.delete(name))
    },
    idle: () => line,
    async [Symbol.asyncDispose]() {
      isClosed = true
      await line
    },
  }
}

/** Whether a stored credential is of what a file holds now, as it is there or upgraded. */
export function isOfImport(stored: Json, value: string, key: Uint8Array | undefined): boolean {
  const record = readCredential(stored)
  if (record?.kind !== 'imported') return false
  if (record.of === undefined) return record.hash === value
  const mac = Buffer.from(record.of, 'base64')
  const expected = key && importMac(key, value)
  return expected?.length === mac.length && timingSafeEqual(expected, mac)
}

function importMac(key: Uint8Array, value: string): Buffer {
  return createHmac('sha256', key).update(value).digest()
}
