import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command as CliCommand } from 'commander'
import type { ImportedId } from '../../sync/identities/import-files.ts'
import { ExitCode } from '../commands/command.ts'
import type { Repaired } from '../repair.ts'
import { backupCommand } from '../commands/backup-command.ts'
import { type CommandLine, json, type OutputOptions, print } from './command-line.ts'

interface ForceOptions extends OutputOptions {
  readonly force?: boolean
}

/** The store as one file, and back. */
export function addBackupCommands(program: CliCommand, { load, execute }: CommandLine): void {
  program
    .command('backup')
    .description('write the store into one file, while the server goes on')
    .argument('<file>', 'made with mode 0600 by the user who runs the server')
    .option('--force', 'replace a file that is there')
    .option('--json', 'print JSON')
    .action((file: string, options: ForceOptions) =>
      execute(backupCommand, { file: resolve(file), replace: options.force ?? false }, options),
    )

  program
    .command('restore')
    .description('put a backup in the place of the store; the server must not run')
    .argument('<file>', 'made by "rosterd backup"')
    .option('--force', 'set a store that is there aside')
    .option('--json', 'print JSON')
    .action(async (file: string, options: ForceOptions) => {
      const { restoreBackup } = await import('../restore.ts')
      const restored = await restoreBackup({ loaded: await load(), env: process.env, now: new Date() }, resolve(file), {
        replace: options.force ?? false,
      })
      const { created, entries, former, keyProblem } = restored
      if (options.json) print(json(restored))
      else
        print(
          `Restored: ${entries} entries, as of ${created}.\n` +
            (former === null ? '' : `The store that was there is in ${former}; remove it when all is well.\n`) +
            (keyProblem === null ? '' : `Before you start the server: ${keyProblem}.\n`),
        )
    })

  program
    .command('repair')
    .description('make a store of what can be read of a damaged one; the server must not run')
    .option('--ids <file>', 'bring lost ids back from a file of "rosterd ids export"')
    .option('--dry-run', 'say what would be found, and change nothing')
    .option('--json', 'print JSON')
    .action(async (options: OutputOptions & { ids?: string; dryRun?: boolean }) => {
      const { repair } = await import('../repair.ts')
      const { config } = await load()
      const exported = options.ids === undefined ? [] : await exportedIds(options.ids)
      const repaired = await repair({ config, now: new Date() }, { dryRun: options.dryRun ?? false, exported })
      print(options.json ? json(repaired) : repairText(repaired))
      process.exitCode = repaired.dryRun && repaired.findings.length > 0 ? ExitCode.held : ExitCode.ok
    })
}

/** Throws for a file that is not an export: other numbers than those that were served are not brought back. */
async function exportedIds(file: string): Promise<readonly ImportedId[]> {
  const { parseImport } = await import('../../sync/identities/import-files.ts')
  const text = await readFile(file, 'utf8')
  try {
    const ids = parseImport(text, 'csv')
    const other = ids.find(({ ledger }) => ledger === undefined)
    if (other !== undefined) throw new Error(`line ${other.line}: has no tenant and id`)
    return ids
  } catch (error) {
    throw new Error(`${file} is no file of "rosterd ids export"`, { cause: error })
  }
}

function repairText({ findings, ids, dryRun, former }: Repaired): string {
  if (findings.length === 0) return 'Nothing to repair: every row is readable, and they agree.\n'
  const lines = findings.map(({ what, why, consequence }) => `${what}: ${why}\n  -> ${consequence}\n`)
  const back = `${ids} ids, numbers and names of the ledger ${dryRun ? 'would be' : 'are'} brought back.\n`
  const end =
    former === null
      ? 'Dry run: nothing was changed.\n'
      : `The damaged store is in ${former}; remove it when all is well. Start the server, or run "rosterd sync": everything is read again.\n`
  return `${lines.join('')}${back}${end}`
}
