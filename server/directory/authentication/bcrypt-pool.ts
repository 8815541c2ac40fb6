import { availableParallelism } from 'node:os'
import { Piscina } from 'piscina'
import { LdapError } from '../../protocol/ldap-error.ts'
import { ResultCode } from '../../protocol/result-code.ts'
import type { BcryptTask } from './bcrypt-worker.ts'

/** Slow hashes in worker threads, with a bounded queue: beyond it {@link LdapError} busy. */
export interface BcryptPool extends AsyncDisposable {
  /**
   * Whether `hash`, a stored password in any scheme, is of this one. Not computed for who is gone when its turn comes:
   * {@link LdapError} canceled.
   */
  compare(password: string | Uint8Array, hash: string, isGone?: () => boolean): Promise<boolean>
  hash(password: string, cost: number): Promise<string>
}

interface Waiting {
  readonly task: BcryptTask
  readonly isGone: (() => boolean) | undefined
  readonly answer: PromiseWithResolvers<boolean | string>
}

const queuedTasks = 128

export function createBcryptPool(threads = Math.max(1, availableParallelism() - 1)): BcryptPool {
  const pool = new Piscina<BcryptTask, boolean | string>({
    filename: new URL('./bcrypt-worker.ts', import.meta.url).href,
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: 60_000,
  })
  const queue: Waiting[] = []
  let running = 0
  let isClosed = false

  async function enqueue(task: BcryptTask, isGone?: () => boolean): Promise<boolean | string> {
    if (isClosed) throw shuttingDown()
    if (queue.length >= queuedTasks)
      throw new LdapError(ResultCode.busy, 'too many passwords are being checked, try again')
    const answer = Promise.withResolvers<boolean | string>()
    queue.push({ task, isGone, answer })
    startNext()
    return await answer.promise
  }

  function startNext(): void {
    while (running < threads) {
      const next = queue.shift()
      if (next === undefined) return
      if (next.isGone?.() === true) next.answer.reject(new LdapError(ResultCode.canceled, 'the client is gone'))
      else void run(next)
    }
  }

  async function run({ task, answer }: Waiting): Promise<void> {
    running += 1
    try {
      answer.resolve(await pool.run(task))
    } catch (error) {
      answer.reject(isClosed ? shuttingDown() : error)
    }
    running -= 1
    startNext()
  }

  return {
    compare: async (password, hash, isGone) =>
      (await enqueue({ type: 'compare', password: ownOctets(password), hash }, isGone)) === true,
    hash: async (password, cost) => String(await enqueue({ type: 'hash', password, cost })),
    [Symbol.asyncDispose]: async () => {
      isClosed = true
      for (const { answer } of queue.splice(0)) answer.reject(shuttingDown())
      await pool.destroy()
    },
  }
}

/** Posting a part of a buffer would copy all of that, and what others have sent with it. */
function ownOctets(password: string | Uint8Array): Uint8Array {
  return typeof password === 'string' ? new TextEncoder().encode(password) : Uint8Array.from(password)
}

function shuttingDown(): LdapError {
  return new LdapError(ResultCode.unavailable, 'the server is shutting down')
}
