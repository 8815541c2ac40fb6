import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { type MasterKey, MasterKeyError, type MasterKeys } from '../runtime/master-key.ts'
import type { Json, RecordChange, RecordReader } from './directory-store.ts'

export interface SealedRecordsOptions {
  readonly store: RecordReader
  /** The master keys, or undefined when there is none. Throws {@link MasterKeyError}. */
  readonly readKeys: () => Promise<MasterKeys | undefined>
  /** Makes one; asked only while nothing is sealed yet. */
  readonly makeKey: () => Promise<MasterKeys>
  /** Where a key that was lost has to be put back. */
  readonly keyPlaces: string
}

/** Secrets in the store: the `sealed` collection, encrypted with the master key. */
export interface SealedRecords {
  /** The secret; undefined when there is none. Throws {@link MasterKeyError}. */
  read(key: readonly string[]): Promise<string | undefined>
  /** The change that keeps the secret, to be committed with what belongs to it. Throws {@link MasterKeyError}. */
  seal(key: readonly string[], secret: string): Promise<RecordChange>
  /** Takes the keys that there are now, if every secret can be read with them. Throws {@link MasterKeyError}. */
  reload(): Promise<void>
  /** The changes that encrypt with the current key what is encrypted with an older one. Throws {@link MasterKeyError}. */
  resealed(): Promise<readonly RecordChange[]>
  /** Why the key cannot be used or some secret not be read, in a sentence; undefined when all is well. */
  problem(): Promise<string | undefined>
}

/**
 * Value of the `sealed` collection: AES-256-GCM. The format, the key's id and the record's key are authenticated, so that
 * a value is of no use in another place; the key's id tells which records a change of keys has yet to reach.
 */
type SealedValue = {
  readonly format: typeof format
  readonly keyId: string
  /** Base64: 12 octets, random for each value. */
  readonly nonce: string
  /** Base64: the encrypted text, then 16 octets of authentication tag. */
  readonly data: string
}

const format = 1
const tagOctets = 16

export function createSealedRecords({ store, readKeys, makeKey, keyPlaces }: SealedRecordsOptions): SealedRecords {
  let keys: MasterKeys | undefined
  let making: Promise<MasterKeys> | undefined

  /** Kept once they were found; until then an operator may still provide them. */
  async function knownKeys(): Promise<MasterKeys | undefined> {
    if (keys !== undefined) return keys
    const found = await readKeys()
    keys ??= found
    return keys
  }

  async function keyFor(keyId: string, known?: MasterKeys): Promise<MasterKey> {
    const among = known ?? (await knownKeys())
    for (const each of among === undefined ? [] : [among.current, ...among.older]) if (each.id === keyId) return each
    throw new MasterKeyError(
      among === undefined
        ? `the master key ${keyId}, which secrets in the store are encrypted with, is missing: ${keyPlaces}`
        : `secrets in the store are encrypted with the master key ${keyId}, and ${among.current.from} holds ${among.current.id}: ${keyPlaces}`,
    )
  }

  /** The key to seal with: the one there is, or a new one while no other is needed to read what is there. */
  async function sealingKey(): Promise<MasterKey> {
    const found = await knownKeys()
    if (found !== undefined) return found.current
    for await (const { key: record, value } of store.list('sealed')) await keyFor(sealedValue(value, record).keyId)
    // Shared by all that seal at once: two keys would leave the first one's secrets unreadable.
    if (keys !== undefined) return keys.current
    making ??= makeKey()
      .then((made) => (keys = made))
      .finally(() => (making = undefined))
    return (await making).current
  }

  return {
    async read(record) {
      const stored = await store.get('sealed', record)
      if (stored === undefined) return undefined
      const value = sealedValue(stored, record)
      return open(await keyFor(value.keyId), record, value)
    },
    async seal(record, secret) {
      return { collection: 'sealed', key: record, value: close(await sealingKey(), record, secret) }
    },
    async reload() {
      const found = await readKeys()
      if (found === undefined) throw new MasterKeyError(`there is no master key: ${keyPlaces}`)
      for await (const { key: record, value } of store.list('sealed'))
        await keyFor(sealedValue(value, record).keyId, found)
      keys = found
    },
    async resealed() {
      const changes: RecordChange[] = []
      for await (const { key: record, value } of store.list('sealed')) {
        const sealed = sealedValue(value, record)
        const current = await sealingKey()
        if (sealed.keyId === current.id) continue
        const secret = open(await keyFor(sealed.keyId), record, sealed)
        changes.push({ collection: 'sealed', key: record, value: close(current, record, secret) })
      }
      return changes
    },
    async problem() {
      try {
        await knownKeys()
        for await (const { key: record, value } of store.list('sealed')) await keyFor(sealedValue(value, record).keyId)
        return undefined
      } catch (error) {
        if (error instanceof MasterKeyError) return error.message
        throw error
      }
    },
  }
}

function close(key: MasterKey, record: readonly string[], secret: string): SealedValue {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key.octets, nonce, { authTagLength: tagOctets })
  cipher.setAAD(authenticated(key.id, record))
  const data = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return { format, keyId: key.id, nonce: nonce.toString('base64'), data: data.toString('base64') }
}

function open(key: MasterKey, record: readonly string[], { nonce, data }: SealedValue): string {
  const octets = Buffer.from(data, 'base64')
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.octets, Buffer.from(nonce, 'base64'), {
      authTagLength: tagOctets,
    })
    decipher.setAAD(authenticated(key.id, record))
    decipher.setAuthTag(octets.subarray(-tagOctets))
    return Buffer.concat([decipher.update(octets.subarray(0, -tagOctets)), decipher.final()]).toString('utf8')
  } catch (cause) {
    throw new MasterKeyError(`the secret ${record.join('/')} in the store is damaged; set it anew`, { cause })
  }
}

function authenticated(keyId: string, record: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify([format, keyId, ...record]))
}

function sealedValue(value: Json, record: readonly string[]): SealedValue {
  if (typeof value === 'object' && value !== null && 'format' in value) {
    if (value.format === format) return value as SealedValue // written by `close`
    throw new MasterKeyError(
      `the secret ${record.join('/')} in the store has the format ${JSON.stringify(value.format)}; a newer rosterd wrote it`,
    )
  }
  throw new MasterKeyError(`the secret ${record.join('/')} in the store is damaged; set it anew`)
}
