import { availableParallelism } from 'node:os'
import { Piscina } from 'piscina'
import { LdapError } from '../../protocol/ldap-error.ts'
import { ResultCode } from '../../protocol/result-code.ts'
import { ownFile } from '../../runtime/own-file.ts'
import type { BcryptTask } from './bcrypt-worker.ts'

/** Slow hashes in worker threads, with a bounded queue: beyond it {@link LdapError} busy. */
export interface BcryptPool extends AsyncDisposable {
  /** Whether `hash`, a stored password in any scheme, is of this one. */
  compare(password: string | Uint8Array, hash: string, asker?: HashAsker): Promise<boolean>
  hash(password: string, cost: number): Promise<string>
}

/** For whom a hash is. */
export interface HashAsker {
  /** As `networkOf` gives it. Each takes its turn; when the queue is full, whoever waits for most gives way. */
  readonly network: string
  /** Nothing is computed for who is gone when the turn comes: {@link LdapError} canceled. */
  readonly isGone: () => boolean
  /** Names account and password: whoever types the same for the same account at once shares one hash. */
  readonly fingerprint: string
}

interface Waiting {
  readonly task: BcryptTask
  /** None: for the server itself. */
  readonly askers: HashAsker[]
  readonly answer: PromiseWithResolvers<boolean | string>
}

const queuedTasks = 128
/** Octets, or characters: what waits must not be what a message may hold, a million. */
const longestPassword = 1024

export function createBcryptPool(threads = Math.max(1, availableParallelism() - 1)): BcryptPool {
  const pool = new Piscina<BcryptTask, boolean | string>({
    filename: ownFile('./bcrypt-worker', import.meta.url).href,
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: 60_000,
  })
  /** By network; the one whose turn it is comes first. */
  const queues = new Map<string, Waiting[]>()
  /** Comparisons that wait or run, by fingerprint and hash. */
  const shared = new Map<string, Waiting>()
  let queued = 0
  let running = 0
  let isClosed = false

  async function enqueue(task: BcryptTask, asker?: HashAsker): Promise<boolean | string> {
    if (isClosed) throw shuttingDown()
    const name = asker && task.type === 'compare' ? `${asker.fingerprint}\0${task.hash}` : undefined
    const same = name === undefined ? undefined : shared.get(name)
    if (same !== undefined && asker !== undefined) {
      same.askers.push(asker)
      return await same.answer.promise
    }
    const network = asker?.network ?? ''
    if (queued >= queuedTasks) makeRoom(network)
    const waiting: Waiting = { task, askers: asker ? [asker] : [], answer: Promise.withResolvers() }
    const queue = queues.get(network) ?? []
    queue.push(waiting)
    queues.set(network, queue)
    queued += 1
    if (name !== undefined) shared.set(name, waiting)
    startNext()
    try {
      return await waiting.answer.promise
    } finally {
      if (name !== undefined) shared.delete(name)
    }
  }

  /** So that no network keeps the others out. */
  function makeRoom(network: string): void {
    let longest = queues.get(network) ?? []
    for (const queue of queues.values()) if (queue.length > longest.length + 1) longest = queue
    const last = longest === queues.get(network) ? undefined : longest.pop()
    if (last === undefined) throw busy()
    queued -= 1
    last.answer.reject(busy())
  }

  function takeNext(): Waiting | undefined {
    for (const [network, queue] of queues) {
      const next = queue.shift()
      queues.delete(network)
      if (queue.length > 0) queues.set(network, queue)
      if (next === undefined) continue
      queued -= 1
      return next
    }
    return undefined
  }

  function startNext(): void {
    while (running < threads) {
      const next = takeNext()
      if (next === undefined) return
      const isForNobody = next.askers.length > 0 && next.askers.every(({ isGone }) => isGone())
      if (isForNobody) next.answer.reject(new LdapError(ResultCode.canceled, 'the client is gone'))
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
    async compare(password, hash, asker) {
      const isPossible = password.length <= longestPassword
      const octets = isPossible ? ownOctets(password) : new Uint8Array(0)
      return (await enqueue({ type: 'compare', password: octets, hash }, asker)) === true && isPossible
    },
    hash: async (password, cost) => String(await enqueue({ type: 'hash', password, cost })),
    [Symbol.asyncDispose]: async () => {
      isClosed = true
      for (let next = takeNext(); next !== undefined; next = takeNext()) next.answer.reject(shuttingDown())
      await pool.destroy()
    },
  }
}

/** Posting a part of a buffer would copy all of that, and what others have sent with it. */
function ownOctets(password: string | Uint8Array): Uint8Array {
  return typeof password === 'string' ? new TextEncoder().encode(password) : Uint8Array.from(password)
}

function busy(): LdapError {
  return new LdapError(ResultCode.busy, 'too many passwords are being checked, try again')
}

function shuttingDown(): LdapError {
  return new LdapError(ResultCode.unavailable, 'the server is shutting down')
}
