import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { peopleLdif, reader } from './running-ldap-server.ts'

export const rosterd = fileURLToPath(new URL('../../bin/rosterd', import.meta.url))

export interface CommandResult {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end; `input` is what it reads. */
export async function runProgram(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  input = '',
): Promise<CommandResult> {
  const child = spawn(program, args, { stdio: 'pipe', env })
  child.stdin.on('error', () => undefined) // not every program reads it
  child.stdin.end(input)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [exitCode] = (await once(child, 'close')) as [number | null]
  return { exitCode, stdout, stderr }
}

/** A folder with a configuration and a file of people, gone afterwards. */
export interface ConfiguredFolder extends AsyncDisposable {
  readonly path: string
  readonly configFile: string
  /** Writes the configuration with other settings in place of those. */
  configure(changes: object): Promise<void>
  run(...args: readonly string[]): Promise<CommandResult>
  runWithInput(input: string, ...args: readonly string[]): Promise<CommandResult>
  /** `within`: a command that ends in running what follows it, under the same process id. */
  serve(within?: readonly string[]): Promise<ServingProcess>
}

export interface ServingProcess extends AsyncDisposable {
  readonly pid: number
  readonly ports: { readonly ldap: number; readonly ldaps: number; readonly admin: number }
  /** Every line that serve has printed. */
  readonly lines: readonly string[]
  /** Resolves when a line holds the text. */
  printed(text: string): Promise<void>
  /** Closes the pipe that serve prints to. */
  stopReading(): void
  /** Sends a signal and gives the exit code. */
  stop(signal: NodeJS.Signals): Promise<number | null>
}

export async function configuredFolder(
  config: object = {},
  ldif = peopleLdif,
  files: Readonly<Record<string, string>> = {},
): Promise<ConfiguredFolder> {
  const path = await mkdtemp(join(tmpdir(), 'rosterd-cli-'))
  const configFile = join(path, 'ldap.config.json')
  await writeFile(join(path, 'people.ldif'), ldif)
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text)
  await writeFile(
    configFile,
    JSON.stringify({
      baseDn: 'dc=example,dc=com',
      dataDir: 'data',
      ldap: { port: 0, tls: { port: 0 } },
      admin: { port: 0 },
      providers: [{ id: 'seed', type: 'ldif', name: 'Seed', path: 'people.ldif' }],
      binders: [{ name: reader.name, password: reader.password }],
      ...config,
    }),
  )
  const processes: ChildProcess[] = []
  return {
    path,
    configFile,
    async configure(changes) {
      const config = JSON.parse(await readFile(configFile, 'utf8')) as object
      // At once: a server that looks at the file finds all of it.
      await writeFile(`${configFile}.next`, JSON.stringify({ ...config, ...changes }))
      await rename(`${configFile}.next`, configFile)
    },
    run: (...args) => runProgram(rosterd, ['--config', configFile, ...args]),
    runWithInput: (input, ...args) => runProgram(rosterd, ['--config', configFile, ...args], process.env, input),
    serve: (within = []) => serve(configFile, processes, within),
    async [Symbol.asyncDispose]() {
      for (const child of processes) {
        if (child.exitCode !== null || child.signalCode !== null) continue
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      await rm(path, { recursive: true })
    },
  }
}

async function serve(
  configFile: string,
  processes: ChildProcess[],
  within: readonly string[],
): Promise<ServingProcess> {
  const [program, ...args] = [...within, rosterd, '--config', configFile, 'serve', '--log-format', 'json']
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  processes.push(child)
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  const lines: string[] = []
  let wake = () => undefined as void
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    wake()
  })
  const printed = async (text: string): Promise<void> => {
    while (!lines.some((line) => line.includes(text))) {
      if (child.exitCode !== null) throw new Error(`serve ended before it printed ${text}: ${lines.join('\n')}`)
      await Promise.race([new Promise<void>((resolve) => (wake = resolve)), exited])
    }
  }
  await printed('"event":"ready"')
  await printed('"outcome":"')
  const ready = JSON.parse(lines.find((line) => line.includes('"event":"ready"')) ?? '{}') as ServingProcess['ports']
  return {
    pid: child.pid ?? -1,
    ports: ready,
    lines,
    printed,
    stopReading: () => void child.stdout.destroy(),
    async stop(signal) {
      child.kill(signal)
      return await exited
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await exited
    },
  }
}
