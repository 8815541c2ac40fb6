import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { BenchTenant } from './sync-tenant.ts'

export interface RunningTenant extends AsyncDisposable {
  readonly settings: BenchTenant
  /** Changes the next so many people. */
  change(count: number): Promise<void>
}

/** A tenant of people in a process of its own: people, groups, memberships, the largest group, milliseconds an answer takes. */
export async function startTenant(...numbers: readonly number[]): Promise<RunningTenant> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'sync-tenant.ts'), ...numbers.map(String)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const line = async () => String((await lines.next()).value)
  const settings = JSON.parse(await line()) as BenchTenant
  return {
    settings,
    async change(count) {
      child.stdin.write(`${count}\n`)
      await line()
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit')
      child.stdin.end()
      await ended
    },
  }
}
