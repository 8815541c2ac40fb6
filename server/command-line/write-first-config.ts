import { existsSync } from 'node:fs'
import { link, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { FirstConfig } from './first-config.ts'

/**
 * Writes a configuration once `isValid` accepts the file that it would be, and the files of its secrets with mode 0600. Throws an
 * Error, and leaves nothing behind, when one of them is there already and is not to be replaced.
 */
export async function writeFirstConfig(
  path: string,
  { config, secretFiles }: FirstConfig,
  { replace, requireValid }: { readonly replace: boolean; readonly requireValid: (file: string) => Promise<unknown> },
): Promise<void> {
  const folder = dirname(path)
  const secrets = Array.from(secretFiles, ([name, text]) => ({ file: join(folder, name), text }))
  if (!replace) for (const file of [path, ...secrets.map(({ file }) => file)]) requireFree(file)
  await mkdir(folder, { recursive: true })
  const draft = `${path}.draft`
  await writeFile(draft, `${JSON.stringify(config, null, 2)}\n`)
  const written: string[] = []
  try {
    await requireValid(draft)
    for (const { file, text } of secrets) {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 })
      if (replace) await rm(file, { force: true })
      await writeFile(file, text, { mode: 0o600, flag: 'wx' })
      written.push(file)
    }
    if (replace) await rename(draft, path)
    else await link(draft, path) // refuses what was made meanwhile
  } catch (error) {
    await Promise.all(written.map((file) => rm(file, { force: true })))
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

/** Throws an Error when the file is there. */
export function requireFree(file: string): void {
  if (existsSync(file))
    throw new Error(`${file} is there already; name another with --config, or replace it with --force`)
}
