import { parentPort, workerData } from 'node:worker_threads'
import { readBinders } from './binders.ts'
import { createAuthenticator } from './directory/authentication/authenticator.ts'
import { createBcryptPool } from './directory/authentication/bcrypt-pool.ts'
import { BinderRegistry } from './directory/authentication/binder-registry.ts'
import { createBindMonitor } from './directory/authentication/bind-monitor.ts'
import { ClientWatch } from './directory/authentication/client-watch.ts'
import { createDirectoryReplica } from './directory/directory-replica.ts'
import { createAccessLog } from './ldap/access-log.ts'
import { type LdapServer, type LdapSettings, startLdapServer } from './ldap/ldap-server.ts'
import { createLineWriter } from './ldap/line-writer.ts'
import { tlsIdentity } from './ldap/tls.ts'
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
import { createRecordKeeper } from './record-keeper.ts'
import { ResultCode, resultCodeName } from './protocol/result-code.ts'
import { isLoopbackAddress } from './runtime/loopback.ts'
import { giveBackMemory } from './runtime/give-back-memory.ts'
import type { TlsOptions } from './runtime/tls-files.ts'
import { createLdapMetrics } from './runtime/metrics.ts'
import { resolveSecret } from './runtime/secret.ts'
import { createSignInClient } from './sign-in-questions.ts'

/*
 * The thread that answers LDAP, from a copy of the directory. Syncs, pages and commands run beside it and take none of its
 * time.
 */

if (parentPort === null) throw new Error('this file is the entry of a thread')
const parent = parentPort
const { suffix, version, env, baseDir, backlog } = workerData as LdapThreadData
let { config } = workerData as LdapThreadData
const monitor = createBindMonitor({
  nowMs: () => Date.now(),
  isExempt: (address) => !config.ldap.throttleLoopback && isLoopbackAddress(address),
  alarm: (address, accounts) => post({ type: 'alarm', address, accounts }),
})
const bindersOf = (config: LdapThreadConfig) => readBinders(config, (source) => resolveSecret(source, { env, baseDir }))
const binders = new BinderRegistry(await bindersOf(config), suffix)
const replica = createDirectoryReplica(
  suffix,
  () => new Date(),
  (record) => {
    monitor.apply(record)
    binders.apply(record)
  },
)
const metrics = createLdapMetrics(resultCodeName)
const binds: { -readonly [outcome in keyof BindCounts]: number } = { accepted: 0, refused: 0 }
const bcrypt = createBcryptPool()
const octets = new Int32Array(backlog)
const accessLines = createLineWriter({
  write(lines) {
    Atomics.add(octets, backlogPlace.posted, lines.length)
    post({ type: 'lines', lines }, [lines.buffer])
  },
  get writableLength() {
    return Atomics.load(octets, backlogPlace.posted) + Atomics.load(octets, backlogPlace.waiting)
  },
})
const clientWatch = new ClientWatch(
  suffix,
  () => Date.now(),
  (happening) => post({ type: 'client', happening }),
)
const signIn = createSignInClient((number, question) => post({ type: 'question', number, question }))
let server: LdapServer | undefined

const keeper = createRecordKeeper(monitor, (records) => post({ type: 'records', records }))

parent.on('message', (message: ToLdapThread | SignInAnswer | RecordsKept) => {
  if (message.type === 'kept') return keeper.kept(message.isDurable)
  if (message.type === 'answer' || message.type === 'no answer') return signIn.answered(message)
  answer(message).then(
    (value) => post({ type: 'done', id: message.id, value }),
    (error: unknown) =>
      post({ type: 'failed', id: message.id, message: error instanceof Error ? error.message : String(error) }),
  )
  return undefined
})

async function answer(message: ToLdapThread): Promise<unknown> {
  switch (message.type) {
    case 'take':
      return await replica.take(message.update)
    case 'listen':
      return await listen(message.tls)
    case 'tls':
      return server?.useTls(tlsIdentity(message.tls, undefined))
    case 'configure':
      binders.configure(await bindersOf(message.config))
      config = message.config
      return server?.configure(settingsNow())
    case 'watch':
      return clientWatch.watch(message.watched)
    case 'metrics':
      metrics.ldapConnections.set(server?.connections ?? 0)
      return await metrics.text()
    case 'binds':
      return { ...binds }
    case 'close':
      await server?.close()
      keeper.close()
      await bcrypt[Symbol.asyncDispose]()
      accessLines.flush()
      return undefined
    default:
      return message satisfies never
  }
}

async function listen(tls: TlsOptions): Promise<LdapPorts> {
  giveBackMemory() // what taking in the directory left; nobody waits yet
  server = await startLdapServer({
    ...settingsNow(),
    directory: replica,
    tls: tlsIdentity(tls, undefined),
    binders,
    version,
    clientWatch,
    reportDefect: (error, operation) =>
      post({
        type: 'defect',
        operation,
        stack: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
  })
  return { port: server.port, tlsPort: server.tlsPort }
}

function settingsNow(): LdapSettings {
  return {
    config: config.ldap,
    usersMayRead: config.directory.usersMayRead,
    authenticator: createAuthenticator({
      directory: replica,
      binders,
      bindByName: config.ldap.bindByName,
      bcrypt,
      signIn: signIn.services,
      passwords: config.passwords,
      watch: monitor,
    }),
    accessLog: createAccessLog({
      operations: config.log.operations,
      write: accessLines.write,
      observe(operation, resultCode, durationSeconds) {
        metrics.operations.record(operation, resultCode, durationSeconds)
        if (operation === 'bind') binds[resultCode === ResultCode.success ? 'accepted' : 'refused'] += 1
      },
    }),
  }
}

function post(message: FromLdapThread, moved: readonly ArrayBuffer[] = []): void {
  parent.postMessage(message, moved)
}
