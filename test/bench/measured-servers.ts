import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, mkdir, readFile, symlink, copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { rosterd } from '../builders/command-line.ts'
import { freePort } from '../builders/free-port.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { type BenchData, type CertificateFiles, slapdDatabase } from './bench-data.ts'
import { cores, type LoadTarget } from './load.ts'

export interface MeasuredServer extends LoadTarget, AsyncDisposable {
  /** From the start of the process to the answer of the first search. */
  readonly startSeconds: number
}

interface StartOptions {
  readonly data: BenchData
  readonly tls: CertificateFiles
  /** Of its log and what it makes. */
  readonly folder: string
  /** On the one core that both servers are compared on; otherwise where the system wants it. */
  readonly isPinned: boolean
}

const reader = { dn: 'cn=reader,ou=services,dc=example,dc=com', name: 'reader', password: 'reader-secret' }

export async function startSlapd(options: StartOptions, threads = 4): Promise<MeasuredServer> {
  const { data, tls, folder } = options
  await mkdir(folder, { recursive: true })
  await copyFile(tls.certFile, join(folder, 'server.crt'))
  await copyFile(tls.keyFile, join(folder, 'server.key'))
  const database = await slapdDatabase(data)
  await symlink(join(database, 'db'), join(folder, 'db')).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  const [port, tlsPort] = [await freePort(), await freePort()]
  const script = join(import.meta.dirname, 'tools/reference/slapd.sh')
  const command = [script, 'start', join(data.file, '..'), folder, String(port), String(tlsPort)]
  const env = { ...process.env, THREADS: String(threads), PATH: `${process.env['PATH']}:/usr/sbin` }
  return await started(options, command, env, { port, tlsPort })
}

interface RosterdOptions extends StartOptions {
  /** How long a password that was right needs no hash. */
  readonly recentBindMinutes?: number
  readonly nodeOptions?: string
  /** The store has the data already; otherwise a provider reads it. */
  readonly isFilled?: boolean
}

/** Access control and logs are as they are by default; the log goes to a file. */
export async function startRosterd(options: RosterdOptions): Promise<MeasuredServer> {
  const { data, tls, folder, recentBindMinutes = 10, nodeOptions, isFilled = false } = options
  await mkdir(folder, { recursive: true })
  const [port, tlsPort] = [await freePort(), await freePort()]
  const config = {
    baseDn: 'dc=example,dc=com',
    dataDir: 'store',
    ldap: { port, tls: { port: tlsPort, ...tls } },
    admin: { port: 0 },
    passwords: { upgradeImported: false, recentBindMinutes },
    providers: isFilled ? [] : [{ id: 'bench', type: 'ldif', name: 'Bench', path: data.file }],
    binders: [{ name: reader.name, password: reader.password }],
  }
  const configFile = join(folder, 'ldap.config.json')
  await writeFile(configFile, JSON.stringify(config))
  const command = [rosterd, '--config', configFile, 'serve', '--log-format', 'json']
  const env = nodeOptions === undefined ? process.env : { ...process.env, NODE_OPTIONS: nodeOptions }
  return await started(options, command, env, { port, tlsPort })
}

async function started(
  { data, folder, isPinned }: StartOptions,
  command: readonly string[],
  env: NodeJS.ProcessEnv,
  ports: { readonly port: number; readonly tlsPort: number },
): Promise<MeasuredServer> {
  const logFile = join(folder, 'server.out')
  await using log = await open(logFile, 'w')
  const [program = '', ...args] = [...(isPinned ? ['taskset', '-c', cores.server] : []), ...command]
  const before = performance.now()
  const child = spawn(program, args, { env, stdio: ['ignore', log.fd, log.fd] })
  const ended = once(child, 'exit')
  const stop = async () => {
    if (!hasEnded(child)) child.kill('SIGTERM')
    await ended
  }
  try {
    while (!(await answers(ports.port, data.uid))) {
      if (hasEnded(child)) throw new Error(`the server ended: ${(await readFile(logFile, 'utf8')).slice(0, 2_000)}`)
      await delay(Math.max(2, (performance.now() - before) / 100)) // exact to a hundredth
    }
  } catch (error) {
    await stop()
    throw error
  }
  const startSeconds = (performance.now() - before) / 1000
  return { pid: child.pid ?? -1, ...ports, answers: data.answers, startSeconds, [Symbol.asyncDispose]: stop }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null

/** Whether a search for the person finds them. */
async function answers(port: number, uid: string): Promise<boolean> {
  try {
    await using client = await RawLdapClient.connect(port)
    if ((await client.bind(reader.dn, reader.password)).resultCode !== 0) return false
    const { entries } = await client.search({ filter: `(&(objectClass=posixAccount)(uid=${uid}))` })
    return entries.length === 1
  } catch {
    return false // it does not listen yet
  }
}

/** Resolves when the process has hardly worked for two seconds: reading its data and what it does beside that are over. */
export async function atRest(pid: number): Promise<void> {
  let [before, quiet] = [await cpuTicks(pid), 0]
  while (quiet < 4) {
    await delay(500)
    const now = await cpuTicks(pid)
    quiet = now - before <= 2 ? quiet + 1 : 0
    before = now
  }
}

export async function residentMib(pid: number): Promise<number> {
  return Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

/** Hundredths of a second that the process has computed. */
async function cpuTicks(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}
