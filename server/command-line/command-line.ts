import { join, resolve } from 'node:path'
import { type Command, ExitCode } from '../commands/command.ts'
import { NotRunningError, runOverControlSocket } from '../control/control-client.ts'
import { systemClock } from '../runtime/clock.ts'
import type { LoadedConfig } from '../runtime/config.ts'

// What only some commands need is loaded when they run: most of them ask the server that runs already, and should be quick.

export interface OutputOptions {
  readonly json?: boolean
  readonly progress?: boolean
}

/** What the commands have in common. */
export interface CommandLine {
  /** Absolute path of the configuration, also where there is none yet. */
  readonly configPath: () => string
  /** The configuration of `--config`, or of another file. Throws ConfigError; by default also for secrets that are not there. */
  readonly load: (file?: string, requireSecrets?: boolean) => Promise<LoadedConfig>
  /** Runs a command where the store is: in the server that has it, else here. */
  readonly run: RunCommandFunction
  /** Runs a command in the server that has the store. Throws {@link NotRunningError} when none has. */
  readonly runInServer: RunCommandFunction<'name'>
  /** Runs a command, prints its value and sets the exit code. */
  readonly execute: <Input, Value>(
    command: Command<Input, Value>,
    input: Input,
    options: OutputOptions,
  ) => Promise<void>
}

type RunCommandFunction<Needed extends keyof Command<never, unknown> = 'name' | 'execute'> = <Input, Value>(
  command: Pick<Command<Input, Value>, Needed>,
  input: Input,
  progress: (value: unknown) => void,
) => Promise<Value>

/** `configFile` is asked for when a command runs: it is an option of the program. */
export function createCommandLine(configFile: () => string | undefined): CommandLine {
  const configPath = () => resolve(configFile() ?? process.env['ROSTERD_CONFIG'] ?? 'ldap.config.json')

  async function load(file?: string, requireSecrets = true): Promise<LoadedConfig> {
    const [{ loadConfig }, { domainChecks }] = await Promise.all([
      import('../runtime/config.ts'),
      import('../config-checks.ts'),
    ])
    return await loadConfig({
      path: file ?? configFile(),
      env: process.env,
      checks: domainChecks,
      requireSecrets,
    })
  }

  async function runInServer<Input, Value>(
    command: Pick<Command<Input, Value>, 'name'>,
    input: Input,
    progress: (value: unknown) => void,
  ): Promise<Value> {
    // The server has its secrets; whoever asks it needs none.
    const { config } = await load(undefined, false)
    const socket = join(config.dataDir, 'control.sock')
    return (await runOverControlSocket(socket, command.name, input, progress)) as Value // made by the same command
  }

  async function run<Input, Value>(
    command: Pick<Command<Input, Value>, 'name' | 'execute'>,
    input: Input,
    progress: (value: unknown) => void,
  ): Promise<Value> {
    try {
      return await runInServer(command, input, progress)
    } catch (error) {
      if (!(error instanceof NotRunningError)) throw error
    }
    const [loaded, { openWorkspace }, { createLogger }] = await Promise.all([
      load(),
      import('../open-workspace.ts'),
      import('../runtime/logger.ts'),
    ])
    const logger = createLogger({ level: 'error', format: 'pretty', write: (line) => void process.stderr.write(line) })
    await using workspace = await openWorkspace({ loaded, env: process.env, clock: systemClock, logger })
    return await command.execute(workspace, input, progress, signalled())
  }

  async function execute<Input, Value>(
    command: Command<Input, Value>,
    input: Input,
    options: OutputOptions,
  ): Promise<void> {
    const value = await run(command, input, (progress) => {
      if (options.progress) process.stderr.write(`${JSON.stringify(progress)}\n`)
    })
    print(options.json ? json(value) : command.text(value))
    process.exitCode = command.exitCode(value)
  }

  return { configPath, load, run, runInServer, execute }
}

/** Aborts on SIGTERM and SIGINT; a second one ends the process at once. */
export function signalled(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      controller.abort()
      process.once(name, () => process.exit(ExitCode.failed))
    })
  }
  return controller.signal
}

export function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

export function print(text: string): void {
  process.stdout.write(text)
}
