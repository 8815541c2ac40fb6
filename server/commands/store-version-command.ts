import { storeVersion } from '../storage/database.ts'
import { type Command, ExitCode } from './command.ts'

/** Which version a server keeps its store in: nobody else can open that to look. */
export const storeVersionCommand: Command<Record<string, never>, number> = {
  name: 'store-version',
  execute: () => Promise.resolve(storeVersion),
  text: (version) => `${version}\n`,
  exitCode: () => ExitCode.ok,
}
