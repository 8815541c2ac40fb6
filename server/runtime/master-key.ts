import { createHash, randomBytes } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'

/** The key that secrets in the store are encrypted with. */
export interface MasterKey {
  /** Names the key in what it has encrypted; says nothing about it. */
  readonly id: string
  /** 32 octets. */
  readonly octets: Buffer
  /** Where it was found, for people. */
  readonly from: string
}

/** The master key cannot be had or is not the right one; the message says what to do and holds no part of a key. */
export class MasterKeyError extends Error {
  override readonly name = 'MasterKeyError'
}

export interface MasterKeySource {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly masterKeyFile: string | null
  readonly dataDir: string
}

const variable = 'ROSTERD_MASTER_KEY'
const fileName = 'master.key'

/**
 * The key from `ROSTERD_MASTER_KEY`, else from `masterKeyFile`, else from the file made in `dataDir`; undefined when it
 * would be the last and there is none. Throws {@link MasterKeyError}.
 */
export async function readMasterKey({ env, masterKeyFile, dataDir }: MasterKeySource): Promise<MasterKey | undefined> {
  const text = env[variable]
  if (text !== undefined) return parseKey(text, variable)
  const path = masterKeyFile ?? join(dataDir, fileName)
  try {
    return parseKey(await readFile(path, 'utf8'), path)
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error
    if (error.code === 'ENOENT' && masterKeyFile === null) return undefined
    const reason = error.code === 'ENOENT' ? 'does not exist' : `cannot be read (${String(error.code)})`
    throw new MasterKeyError(
      `the master key file "${path}" ${reason}; put it back, or name another in masterKeyFile or ${variable}`,
      { cause: error },
    )
  }
}

/** Makes a key in `dataDir`, readable by the owner alone. It is on disk, as a whole, when this resolves. */
export async function makeMasterKey(dataDir: string): Promise<MasterKey> {
  const path = join(dataDir, fileName)
  const text = randomBytes(32).toString('base64')
  {
    await using file = await open(`${path}.new`, 'w', 0o600)
    await file.writeFile(`${text}\n`)
    await file.sync()
  }
  await rename(`${path}.new`, path)
  await using folder = await open(dataDir)
  await folder.sync()
  return parseKey(text, path)
}

/** 32 octets as base64 or as hexadecimal digits. */
function parseKey(text: string, from: string): MasterKey {
  const written = text.trim()
  const octets = Buffer.from(written, /^[0-9a-f]{64}$/i.test(written) ? 'hex' : 'base64')
  if (octets.length !== 32)
    throw new MasterKeyError(
      `${from} holds no master key: it must be 32 random octets in base64, as "openssl rand -base64 32" prints them`,
    )
  const id = createHash('sha256').update('rosterd master key id').update(octets).digest('hex').slice(0, 16)
  return { id, octets, from }
}
