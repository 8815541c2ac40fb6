import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const probe = fileURLToPath(new URL('table-probe.ts', import.meta.url))

/** Tables in `directory` that no process of LevelDB survives reading: found out by others. Throws when it cannot be. */
export async function deadlyTables(directory: string): Promise<readonly string[]> {
  const deadly: string[] = []
  const work = `${directory}.probe`
  const names = (await readdir(directory)).filter((name) => /\.(ldb|sst)$/.test(name)).toSorted()
  try {
    for (let next = 0; next < names.length; ) {
      const files = names.slice(next).map((name) => join(directory, name))
      const child = spawn(process.execPath, [probe, work, ...files], { stdio: ['ignore', 'pipe', 'ignore'] })
      const [printed, [code]] = await Promise.all([
        text(child.stdout),
        once(child, 'close') as Promise<[number | null]>,
      ])
      const begun = printed.split('\n').length - 1
      if (begun === 0) throw new Error(`the tables in ${directory} cannot be looked at in another process`)
      next += begun
      if (code === 0) break
      deadly.push(names[next - 1] ?? '')
    }
    return deadly
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
