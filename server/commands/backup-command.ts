import type { LastBackup } from '../backup.ts'
import { type Command, ExitCode } from './command.ts'

export interface BackupInput {
  /** Absolute path. */
  readonly file: string
  readonly replace: boolean
}

/** `rosterd backup`: the store in one file, while it serves. */
export const backupCommand: Command<BackupInput, LastBackup> = {
  name: 'backup',
  execute: ({ backup }, { file, replace }) => backup(file, { replace }),
  text: ({ file, bytes }) =>
    `${file}: ${(bytes / 2 ** 20).toFixed(1)} MiB. Keep the master key with it, and apart from it: without the key secrets cannot be read.\n`,
  exitCode: () => ExitCode.ok,
}
