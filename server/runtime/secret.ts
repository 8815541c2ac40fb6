import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { inspect } from 'node:util'
import type { SecretSource } from './config-schema.ts'

const redacted = '[redacted]'

/** A secret that shows itself only through `reveal`: logs, JSON and error texts print `[redacted]`. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return redacted
  }

  toJSON(): string {
    return redacted
  }

  [inspect.custom](): string {
    return redacted
  }
}

/** Why a secret cannot be had; the message follows the setting's name and never holds the secret. */
export class SecretError extends Error {
  override readonly name = 'SecretError'
}

export interface SecretSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Folder that relative files are resolved against. */
  readonly baseDir: string
  /** Reads what the store keeps encrypted; absent where no store is open. Throws {@link SecretError}. */
  readonly sealed?: (name: string) => Promise<Secret>
}

/** Reads a secret from where the configuration says it is. Throws {@link SecretError}. */
export async function resolveSecret(source: SecretSource, surroundings: SecretSurroundings): Promise<Secret> {
  const { env, baseDir, sealed } = surroundings
  if (typeof source === 'string') return new Secret(source)
  if ('sealed' in source) {
    if (sealed === undefined) throw new SecretError('it is kept in the store, which is not open')
    return await sealed(source.sealed)
  }
  if ('env' in source) {
    const value = env[source.env]
    if (value === undefined) throw new SecretError(`the environment variable ${source.env} is not set`)
    if (value === '') throw new SecretError(`the environment variable ${source.env} is empty`)
    return new Secret(value)
  }
  const path = resolve(baseDir, source.file)
  const value = (await readSecretFile(path)).replace(/\r?\n$/, '')
  if (value === '') throw new SecretError(`the secret file "${path}" is empty`)
  return new Secret(value)
}

async function readSecretFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    const reason = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`
    throw new SecretError(`the secret file "${path}" ${reason}`, { cause: error })
  }
}
