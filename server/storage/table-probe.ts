/**
 * Reads tables of LevelDB, one after the other, each in a folder of its own: arguments are a folder to work in and the files.
 * The name of each is printed before it is read: some damage ends the process.
 */
import { link, mkdir, rm } from 'node:fs/promises'
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { openUnchecked } from './database.ts'
import { repairFiles } from './level-repair.ts'
import { readableRows } from './readable-rows.ts'

const [folder = '', ...files] = process.argv.slice(2)
for (const file of files) {
  writeSync(1, `${file}\n`)
  const alone = join(folder, 'probe')
  await rm(alone, { recursive: true, force: true })
  await mkdir(alone, { recursive: true })
  await link(file, join(alone, '000005.ldb'))
  await repairFiles(alone)
  const db = await openUnchecked(alone)
  for await (const [key] of readableRows(db, () => undefined)) await db.get(key).catch(() => undefined)
  await db.close()
}
