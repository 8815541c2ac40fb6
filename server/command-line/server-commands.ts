import { constants, setPriority } from 'node:os'
import type { Command as CliCommand } from 'commander'
import { reloadCommand } from '../commands/reload-command.ts'
import type { ReloadReport } from '../config-reload.ts'
import { systemClock } from '../runtime/clock.ts'
import { ConfigError } from '../runtime/config-problems.ts'
import { type CommandLine, json, type OutputOptions, print, signalled } from './command-line.ts'
import { choiceOption, portNumber } from './option-values.ts'

/** What runs until it is stopped. `goOnWithoutOutput` is called by what does not end with its reader. */
export function addServerCommands(
  program: CliCommand,
  { load, runInServer }: CommandLine,
  goOnWithoutOutput: () => void,
): void {
  program
    .command('serve')
    .description('run the server: LDAP, HTTP, scheduled syncs')
    .addOption(
      choiceOption('--log-format <format>', 'json: one event a line', ['json', 'pretty']).default(
        process.stdout.isTTY ? 'pretty' : 'json',
        'pretty on a terminal, else json',
      ),
    )
    .action(async (options: { logFormat: 'json' | 'pretty' }) => {
      const signal = signalled()
      // While it starts there is nothing to reload, and nothing to end for it.
      let reload = () => undefined as void
      process.on('SIGHUP', () => reload())
      goOnWithoutOutput()
      const [{ startServer }, { createLogger }] = await Promise.all([
        import('../main.ts'),
        import('../runtime/logger.ts'),
      ])
      const loaded = await load()
      const logger = createLogger({ level: loaded.config.log.level, format: options.logFormat })
      const starting = startServer({
        loaded,
        loadAgain: load,
        env: process.env,
        clock: systemClock,
        logger,
        signal,
        accessLogSink: process.stdout,
        // A journal keeps what it gets; a terminal is somebody who looks.
        terminal: process.stderr.isTTY ? (text) => void process.stderr.write(text) : undefined,
      })
      await using server = await starting.catch((error: unknown) => {
        // Stopped on its way, it has not failed.
        if (signal.aborted) return undefined
        throw error
      })
      if (server !== undefined) {
        yieldToLdap()
        reload = () => void server.reload()
        await server.stopped
      }
      logger.info('stopped')
    })

  program
    .command('reload')
    .description('let the running server take over its configuration file and certificates')
    .option('--json', 'print the report as JSON')
    .action(async (options: OutputOptions) => {
      const report = await reloadNow()
      print(options.json ? json(report) : reloadCommand.text(report))
      process.exitCode = reloadCommand.exitCode(report)
    })

  async function reloadNow(): Promise<ReloadReport> {
    try {
      return await runInServer(reloadCommand, {}, () => undefined)
    } catch (error) {
      // The server finds the same.
      if (error instanceof ConfigError) return { problems: error.message.split('\n'), changed: [], needsRestart: [] }
      throw error
    }
  }

  program
    .command('demo')
    .description('run a trial on loopback: two simulated tenants, synced and served')
    .option('--ldap-port <port>', 'port of ldap://', portNumber, 3890)
    .option('--ldaps-port <port>', 'port of ldaps://', portNumber, 6360)
    .option('--admin-port <port>', 'port of http://', portNumber, 8080)
    .action(async (options: { ldapPort: number; ldapsPort: number; adminPort: number }) => {
      const { runDemo } = await import('../demo.ts')
      await runDemo(options, signalled())
    })
}

/** On Linux priority is a thread's: this one, which syncs, gives way to the one that answers LDAP. */
function yieldToLdap(): void {
  if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL)
}
