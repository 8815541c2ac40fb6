/**
 * Works on a disk of its own, in the place of the folder it is told, and prints what came of each step. Arguments: folder,
 * kind of disk, steps as JSON.
 */
import { spawnSync } from 'node:child_process'
import { cp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Migration } from '../../server/storage/migrations.ts'
import { upgradeWithBackup } from '../../server/upgrade.ts'
import { rosterd } from '../builders/command-line.ts'
import { smallDisk } from '../builders/small-disk.ts'
import type { RoomStep } from './room-step.ts'
import { stepOfTomorrow, stepsUntilNow } from './upgrade-step.ts'

const [folder = '', kind = '', steps = ''] = process.argv.slice(2)
const disk = smallDisk(kind === 'memory' ? 'memory' : 'limit')

/** The disk is full when it has passed on so many rows. */
const fillingStep: Migration = {
  what: 'the disk is full',
  async *rows(rows) {
    let left = 500
    for await (const row of rows) {
      if (left-- === 0) await disk.fill(process.pid, folder)
      yield row
    }
  },
}

async function resultOf(step: RoomStep): Promise<unknown> {
  switch (step.do) {
    case 'copy':
      return await cp(step.from, join(folder, step.as), { recursive: true })
    case 'fill':
      return await disk.fill(process.pid, folder, step.leaving)
    case 'make room':
      return await disk.makeRoom(process.pid, folder)
    case 'names':
      return (await readdir(join(folder, step.of))).filter((name) => name !== 'filler').toSorted()
    case 'rosterd': {
      const { status, stdout, stderr } = spawnSync(rosterd, step.args, { encoding: 'utf8' })
      return { exitCode: status, stdout, stderr }
    }
    case 'upgrade':
      return await upgradeWithBackup(join(folder, 'db'), {
        baseDn: 'dc=example,dc=com',
        now: new Date(step.at),
        steps: [...stepsUntilNow, step.isFilling ? fillingStep : stepOfTomorrow],
      }).catch((error: unknown) => String(error))
    default:
      step satisfies never
      return undefined
  }
}

const results: unknown[] = []
for (const step of JSON.parse(steps) as readonly RoomStep[]) results.push((await resultOf(step)) ?? null) // of the test
process.stdout.write(JSON.stringify(results))
