import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** Stock ldapjs as a child process. */
export interface StockLdapjs extends AsyncDisposable {
  readonly port: number
  /** Exit code once the process has ended by itself. */
  readonly ended: Promise<number | null>
}

const script = fileURLToPath(new URL('../conformance/stock-ldapjs-process.ts', import.meta.url))

export async function startStockLdapjs(mode: 'bare' | 'listening' | 'rejecting'): Promise<StockLdapjs> {
  const child = spawn(process.execPath, [script, mode], { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return {
    port: Number(line),
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
