import type { Command as CliCommand } from 'commander'
import { ExitCode } from '../commands/command.ts'
import { storeVersionCommand } from '../commands/store-version-command.ts'
import { systemClock } from '../runtime/clock.ts'
import { type CommandLine, json, type OutputOptions, print } from './command-line.ts'

/** What tries whether things work. */
export function addCheckCommands(program: CliCommand, { load, runInServer }: CommandLine): void {
  program
    .command('check')
    .description('check the configuration, its secrets and files, and every permission of every provider')
    .option('--offline', 'do not connect to providers')
    .option('--upgrade', 'only say what has to be done with the store before this version reads it')
    .option('--json', 'print JSON')
    .action(async (options: OutputOptions & { offline?: boolean; upgrade?: boolean }) => {
      if (options.upgrade) {
        const { checkUpgrade } = await import('../commands/check-upgrade.ts')
        const { config } = await load(undefined, false)
        const versionInUse = () => runInServer<Record<string, never>, number>(storeVersionCommand, {}, () => undefined)
        const checked = await checkUpgrade(config, { now: systemClock.now(), versionInUse })
        print(options.json ? json(checked) : checked.text)
        process.exitCode = checked.ok ? ExitCode.ok : ExitCode.failed
        return
      }
      const { runCheck } = await import('../commands/check.ts')
      const report = await runCheck(
        { loaded: await load(), env: process.env, clock: systemClock },
        { offline: options.offline ?? false },
      )
      print(options.json ? json(report) : report.text)
      process.exitCode = report.ok ? ExitCode.ok : ExitCode.failed
    })

  program
    .command('mail')
    .description('outgoing mail')
    .command('test')
    .description('send a test mail to an address now')
    .argument('<address>', 'who gets it')
    .option('--json', 'print JSON')
    .action(async (address: string, { json: asJson }: OutputOptions) => {
      const { runMailTest } = await import('../commands/mail-test.ts')
      await runMailTest({ loaded: await load(), env: process.env, clock: systemClock }, address)
      print(asJson ? json({ address }) : `The mail server took the mail to ${address}.\n`)
    })
}
