import { createHash, randomBytes } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'
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

/** A master key, and those that it takes the place of. */
export interface MasterKeys {
  readonly current: MasterKey
  /** What is encrypted with them can still be read. */
  readonly older: readonly MasterKey[]
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
 * The keys from `ROSTERD_MASTER_KEY`, else from `masterKeyFile`, else from the file made in `dataDir`; undefined when it
 * would be the last and there is none. Throws {@link MasterKeyError}.
 */
export async function readMasterKeys({
  env,
  masterKeyFile,
  dataDir,
}: MasterKeySource): Promise<MasterKeys | undefined> {
  const text = env[variable]
  if (text !== undefined) return parseKeys(text, variable)
  const path = masterKeyFile ?? join(dataDir, fileName)
  try {
    return parseKeys(await readFile(path, 'utf8'), path)
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

/** What people may know of the key in use. */
export type MasterKeyDescription = {
  readonly id: string
  /** Where it was found. */
  readonly from: string
  /** Made in `dataDir`, and not by an operator. */
  readonly isOwn: boolean
  /** Ids of keys that it takes the place of. */
  readonly older: readonly string[]
}

/** undefined while there is none. Throws {@link MasterKeyError}. */
export async function describeMasterKey(source: MasterKeySource): Promise<MasterKeyDescription | undefined> {
  const found = await readMasterKeys(source)
  if (found === undefined) return undefined
  const { current, older } = found
  return { id: current.id, from: current.from, isOwn: isOwnMasterKey(source), older: older.map(({ id }) => id) }
}

/** Whether the key is the file that is made in `dataDir`, and not one that an operator provides. */
export function isOwnMasterKey({ env, masterKeyFile }: MasterKeySource): boolean {
  return env[variable] === undefined && masterKeyFile === null
}

/** Makes a key in `dataDir`, readable by the owner alone. It is on disk, as a whole, when this resolves. */
export async function makeMasterKey(dataDir: string): Promise<MasterKeys> {
  return await writeMasterKeys(dataDir, [newKey()])
}

/** Puts a new key before those of `dataDir`. */
export async function addMasterKey(dataDir: string, { current, older }: MasterKeys): Promise<MasterKeys> {
  return await writeMasterKeys(dataDir, [newKey(), current.octets, ...older.map(({ octets }) => octets)])
}

/** Leaves the current key alone in `dataDir`. */
export async function dropOlderMasterKeys(dataDir: string, { current }: MasterKeys): Promise<MasterKeys> {
  return await writeMasterKeys(dataDir, [current.octets])
}

function newKey(): Buffer {
  return randomBytes(32)
}

async function writeMasterKeys(dataDir: string, keys: readonly Buffer[]): Promise<MasterKeys> {
  const path = join(dataDir, fileName)
  const text = keys.map((octets) => `${octets.toString('base64')}\n`).join('')
  await rm(`${path}.new`, { force: true }) // left by a process that was killed, perhaps readable by others
  {
    await using file = await open(`${path}.new`, 'wx', 0o600)
    await file.writeFile(text)
    await file.sync()
  }
  await rename(`${path}.new`, path)
  await using folder = await open(dataDir)
  await folder.sync()
  return parseKeys(text, path)
}

/** The first one is current. Spaces, line ends and commas are between them. */
function parseKeys(text: string, from: string): MasterKeys {
  const [first = '', ...others] = text.split(/[\s,]+/).filter((part) => part !== '')
  return { current: parseKey(first, from), older: others.map((other) => parseKey(other, from)) }
}

/** 32 octets as base64 or as hexadecimal digits. */
function parseKey(written: string, from: string): MasterKey {
  const octets = Buffer.from(written, /^[0-9a-f]{64}$/i.test(written) ? 'hex' : 'base64')
  if (octets.length !== 32)
    throw new MasterKeyError(
      `${from} holds no master key: it must be 32 random octets in base64, as "openssl rand -base64 32" prints them`,
    )
  const id = createHash('sha256').update('rosterd master key id').update(octets).digest('hex').slice(0, 16)
  return { id, octets, from }
}
