import { createProgram } from './command-line/program.ts'
import { ExitCode } from './commands/command.ts'
import { ConfigError } from './runtime/config-problems.ts'

/** What to do when the output takes no more: a command has nothing left to do, and fails unless its reader has gone, as `head` does. */
let whenOutputEnds = (error: Error): void => {
  const isGone = 'code' in error && error.code === 'EPIPE'
  if (!isGone) process.stderr.write(`rosterd: the output cannot be written: ${error.message}\n`)
  process.exit(isGone ? process.exitCode : ExitCode.failed)
}
process.stdout.on('error', (error) => whenOutputEnds(error))

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 24 || (major === 24 && minor < 11)) {
  process.stderr.write(`rosterd: Node ${process.versions.node} is too old; use 24.11 or newer\n`)
  process.exit(ExitCode.failed)
}

const program = createProgram(() => {
  whenOutputEnds = () => undefined // a server goes on without its log
})

try {
  await program.parseAsync()
} catch (error) {
  const text =
    error instanceof ConfigError || !(error instanceof Error)
      ? String(error instanceof Error ? error.message : error)
      : `rosterd: ${error.message}${causeText(error)}`
  process.stderr.write(`${text}\n`)
  process.exitCode = ExitCode.failed
}

function causeText({ cause }: Error): string {
  return cause instanceof Error && cause.message !== '' ? ` (${cause.message.trim()})` : ''
}
