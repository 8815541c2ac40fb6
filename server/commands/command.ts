import type { Workspace } from '../workspace.ts'

/** Exit codes of the command line. */
export const ExitCode = { ok: 0, failed: 1, held: 2 } as const

/**
 * Something the command line can do on an open store, in this process or in the server that has it. Input and value are JSON, so that both
 * ways are one; `text` and `exitCode` work on the value wherever it came from.
 */
export interface Command<Input, Value> {
  readonly name: string
  readonly execute: (
    workspace: Workspace,
    input: Input,
    progress: (value: unknown) => void,
    signal: AbortSignal,
  ) => Promise<Value>
  readonly text: (value: Value) => string
  readonly exitCode: (value: Value) => number
}
