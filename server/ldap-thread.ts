import { Worker } from 'node:worker_threads'
import type { ClientHappening, WatchedBinder } from './directory/authentication/client-watch.ts'
import type { SignInServices } from './directory/authentication/sign-in-services.ts'
import type { Directory } from './directory/directory.ts'
import type { RecordChange } from './directory/directory-store.ts'
import type { LineSink } from './ldap/access-log.ts'
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

export interface LdapThreadOptions extends Omit<LdapThreadData, 'backlog'> {
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
  const { config, suffix, version, env, baseDir, tls, accessLogSink, logger } = options
  const backlog = new SharedArrayBuffer(8)
  const octets = new Int32Array(backlog)
  const workerData: LdapThreadData = {
    config: ofThread(config),
    suffix,
    version,
    env: { ...env },
    baseDir,
    tls,
    backlog,
  }
  const worker = new Worker(ownFile('./ldap-worker', import.meta.url), { workerData })
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let lastId = 0
  let isClosing = false

  worker.on('message', (message: FromLdapThread) => {
    switch (message.type) {
      case 'done':
        waiting.get(message.id)?.resolve(message.value)
        return void waiting.delete(message.id)
      case 'failed':
        waiting.get(message.id)?.reject(new Error(message.message))
        return void waiting.delete(message.id)
      case 'lines':
        accessLogSink.write(message.text)
        Atomics.sub(octets, backlogPlace.posted, message.text.length)
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
  worker.on('error', end)
  worker.on('exit', (code) => end(new Error(`the LDAP thread ended (${code})`)))

  function end(error: unknown): void {
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

  function ask(request: Request): Promise<unknown> {
    const id = ++lastId
    const answer = Promise.withResolvers<unknown>()
    waiting.set(id, answer)
    worker.postMessage({ ...request, id })
    return answer.promise
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
    const ports = (await ask({ type: 'listen' })) as LdapPorts
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
