import { spawnSync } from 'node:child_process'
import { describe } from 'vitest'

/** Under this switch, which `.ci/run` sets, a suite whose tool is missing fails in place of being skipped. */
const nothingMayBeSkipped = process.env['ROSTERD_TEST_ALL'] === '1'

/** Whether a program is on this machine; where nothing may be skipped it counts as there. */
export function hasTool(tool: string): boolean {
  return nothingMayBeSkipped || spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0
}

/** A suite that needs a program of the machine; without it the suite is skipped, and its name says why. */
export function describeWithTool(tool: string, name: string, suite: () => void): void {
  if (hasTool(tool)) describe(name, suite)
  else describe.skip(`${name} (skipped: ${tool} is not installed)`, suite)
}
