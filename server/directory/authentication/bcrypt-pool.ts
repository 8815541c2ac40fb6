import { availableParallelism } from 'node:os'
import { Piscina } from 'piscina'
import { LdapError } from '../../protocol/ldap-error.ts'
import { ResultCode } from '../../protocol/result-code.ts'
import type { BcryptTask } from './bcrypt-worker.ts'

/** bcrypt in worker threads, with a bounded queue: beyond it {@link LdapError} busy. */
export interface BcryptPool extends AsyncDisposable {
  compare(password: string, hash: string): Promise<boolean>
  hash(password: string, cost: number): Promise<string>
}

const queuedTasks = 128

export function createBcryptPool(threads = Math.max(1, availableParallelism() - 1)): BcryptPool {
  const pool = new Piscina<BcryptTask, boolean | string>({
    filename: new URL('./bcrypt-worker.ts', import.meta.url).href,
    minThreads: 0,
    maxThreads: threads,
    maxQueue: queuedTasks,
    idleTimeout: 60_000,
  })
  const run = async (task: BcryptTask) => {
    if (pool.queueSize >= queuedTasks)
      throw new LdapError(ResultCode.busy, 'too many passwords are being checked, try again')
    return await pool.run(task)
  }
  return {
    compare: async (password, hash) => (await run({ type: 'compare', password, hash })) === true,
    hash: async (password, cost) => String(await run({ type: 'hash', password, cost })),
    [Symbol.asyncDispose]: async () => {
      await pool.destroy()
    },
  }
}
