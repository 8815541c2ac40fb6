/** Upgrades a store by one step, a row after the other; announces each. Argument: directory. */
import { writeSync } from 'node:fs'
import { upgradeWithBackup } from '../../server/upgrade.ts'
import { stepOfTomorrow, stepsUntilNow } from './upgrade-step.ts'

const [directory = ''] = process.argv.slice(2)
const announced = { ...stepOfTomorrow, rows: announce }

async function* announce(...[rows]: Parameters<typeof stepOfTomorrow.rows>) {
  for await (const row of stepOfTomorrow.rows(rows)) {
    say('row')
    yield row
  }
  say('last row')
}

/** Waits while the pipe is full. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`)
      return
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
    }
  }
}

say('begin')
await upgradeWithBackup(directory, {
  baseDn: 'dc=example,dc=com',
  now: new Date('2026-11-22T08:00:00.000Z'),
  steps: [...stepsUntilNow, announced],
})
say('upgraded')
