import { Worker } from 'node:worker_threads'
import type { ClientHappening, WatchedBinder } from './directory/authentication/client-watch.ts'
import type { SignInServices } from './directory/authentication/sign-in-services.ts'
import type { Directory } from './directory/directory.ts'
import type { RecordChange } from './directory/directory-store.ts'
import type { LineSink } from './ldap/line-writer.ts'
import {
  backlogPlace,
  type BindCounts,
  type FromLdapThread,
  type LdapPorts,
  type LdapThreadConfig,
  type LdapThreadData,
  type RecordsKept,
  type SignInAnswer,
  type ToLdapThread,
} from './ldap-thread-messages.ts'
import type { TlsOptions } from './runtime/tls-files.ts'
import type { Logger } from './runtime/logger.ts'
import { ownFile } from './runtime/own-file.ts'
import { answerQuestion } from './sign-in-questions.ts'

/** The thread while it loads its code; it answers once {@link startLdapThread} has given it a directory. */
export interface LdapWorker {
  readonly worker: Worker
  readonly backlog: Int32Array
  /** Why the thread has ended. */
  readonly ended: Promise<unknown>
  close(): Promise<void>
}

/** Begins a thread that is to answer LDAP: it takes half a second until it can. */
export function beginLdapWorker(options: Omit<LdapThreadData, 'backlog'>): LdapWorker {
  const { config, suffix, version, env, baseDir } = options
  const backlog = new SharedArrayBuffer(8)
  const workerData: LdapThreadData = { config: ofThread(config), suffix, version, env: { ...env }, baseDir, backlog }
  const worker = new Worker(ownFile('./ldap-worker', import.meta.url), { workerData })
  const ended = new Promise((resolve) => {
    worker.on('error', resolve)
    worker.on('exit', (code) => resolve(new Error(`the LDAP thread ended (${code})`)))
  })
  return {
    worker,
    backlog: new Int32Array(backlog),
    ended,
    async close() {
      await worker.terminate()
    },
  }
}

export interface LdapThreadOptions {
  readonly begun: LdapWorker
  readonly tls: TlsOptions
  readonly directory: Pick<Directory, 'follow' | 'commit'>
  /** Asked by binds. */
  readonly signIn: SignInServices
  /** Gets the access log, whole lines at a time. */
  readonly accessLogSink: LineSink
  readonly logger: Pick<Logger, 'error' | 'warn'>
  /** Of clients that somebody watches. */
  readonly onClientHappening: (happening: ClientHappening) => void
  /** The thread has ended although nobody asked it to: LDAP is not answered any more. */
  readonly onDeath: (error: unknown) => void
}

export interface LdapThread extends LdapPorts {
  /** New connections and StartTLS present the new certificate; open connections go on. */
  useTls(tls: TlsOptions): Promise<void>
  /** Another configuration is in force; open connections go on. Throws when a secret of a binder cannot be read. */
  configure(config: LdapThreadConfig): Promise<void>
  /** Tells of the clients of a binder for a while. */
  watchClients(watched: WatchedBinder): Promise<void>
  bindCounts(): Promise<BindCounts>
  /** Metrics of LDAP in the exposition format. */
  metricsText(): Promise<string>
  close(): Promise<void>
}

type Request = ToLdapThread extends infer Each ? (Each extends ToLdapThread ? Omit<Each, 'id'> : never) : never

/** How often what waits in the sink is told to the thread, while something waits. */
const sinkLookMs = 250

/** Answers LDAP in a thread of its own, from a copy of the directory that is kept up to date. Resolves when it listens. */
export async function startLdapThread(options: LdapThreadOptions): Promise<LdapThread> {
  const { accessLogSink, logger } = options
  const { worker, backlog: octets } = options.begun
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let lastId = 0
  let isClosing = false
  let endedWith: unknown

  worker.on('message', (message: FromLdapThread) => {
    switch (message.type) {
      case 'done':
        waiting.get(message.id)?.resolve(message.value)
        return void waiting.delete(message.id)
      case 'failed':
        waiting.get(message.id)?.reject(new Error(message.message))
        return void waiting.delete(message.id)
      case 'lines':
        accessLogSink.write(message.lines)
        Atomics.sub(octets, backlogPlace.posted, message.lines.length)
        return lookAtSink()
      case 'question':
        return void answerQuestion(options.signIn, message.number, message.question, (service, error) =>
          logger.error({ err: error, service }, 'a bind could not be answered'),
        ).then((answer: SignInAnswer) => worker.postMessage(answer))
      case 'records':
        return keep(message.records)
      case 'alarm':
        return logger.warn(
          { address: message.address, accounts: message.accounts },
          'many accounts fail to bind through an address that a binder uses',
        )
      case 'client':
        return options.onClientHappening(message.happening)
      case 'defect':
        return logger.error({ err: { stack: message.stack }, operation: message.operation }, 'operation failed')
      default:
        return message satisfies never
    }
  })
  void options.begun.ended.then(end)

  function end(error: unknown): void {
    endedWith = error
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
    if (isClosing) return
    isClosing = true
    options.onDeath(error)
  }

  let lastKept: Promise<unknown> = Promise.resolve()
  function keep(records: readonly RecordChange[]): void {
    const answer = (isDurable: boolean) => worker.postMessage({ type: 'kept', isDurable } satisfies RecordsKept)
    lastKept = options.directory.commit({ cause: { kind: 'server', id: 'sign-in' }, entries: [], records }).then(
      () => answer(true),
      (error: unknown) => {
        logger.error({ err: error }, 'last binds and failures could not be stored')
        answer(false)
      },
    )
  }

  let look: NodeJS.Timeout | undefined
  function lookAtSink(): void {
    Atomics.store(octets, backlogPlace.waiting, accessLogSink.writableLength)
    clearTimeout(look)
    look = accessLogSink.writableLength > 0 ? setTimeout(lookAtSink, sinkLookMs).unref() : undefined
  }

  async function ask(request: Request): Promise<unknown> {
    if (endedWith !== undefined) throw endedWith
    const id = ++lastId
    const answer = Promise.withResolvers<unknown>()
    waiting.set(id, answer)
    worker.postMessage({ ...request, id })
    return await answer.promise
  }

  async function close(): Promise<void> {
    if (isClosing) return
    isClosing = true
    await ask({ type: 'close' })
    await lastKept
    clearTimeout(look)
    await worker.terminate()
  }

  try {
    await options.directory.follow({
      async take(update) {
        if (!isClosing) await ask({ type: 'take', update })
      },
    })
    // What the thread answers to `listen` is its ports.
    const ports = (await ask({ type: 'listen', tls: options.tls })) as LdapPorts
    return {
      ...ports,
      async useTls(material) {
        await ask({ type: 'tls', tls: material })
      },
      async configure(next) {
        await ask({ type: 'configure', config: ofThread(next) })
      },
      async watchClients(watched) {
        if (!isClosing) await ask({ type: 'watch', watched })
      },
      // What the thread answers to `binds`.
      bindCounts: async () => (await ask({ type: 'binds' })) as BindCounts,
      metricsText: async () => String(await ask({ type: 'metrics' })),
      close,
    }
  } catch (error) {
    isClosing = true
    await worker.terminate()
    throw error
  }
}

function ofThread({ ldap, binders, directory, passwords, log }: LdapThreadConfig): LdapThreadConfig {
  return { ldap, binders, directory, passwords, log }
}
