import { createInterface, type Interface } from 'node:readline/promises'
import { Writable } from 'node:stream'

/** A password from the terminal, asked for twice and not shown, or else all of the standard input without its line end. */
export async function readPassword(prompt: string): Promise<string> {
  if (!process.stdin.isTTY) return await readInput()
  // readline edits the line; what it would show goes nowhere.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const reader = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 })
  try {
    const password = await ask(reader, `${prompt}: `)
    if ((await ask(reader, 'The same again: ')) !== password)
      throw new Error('the two passwords differ; nothing was changed')
    return password
  } finally {
    reader.close()
  }
}

async function ask(reader: Interface, question: string): Promise<string> {
  process.stderr.write(question)
  const ended = Promise.withResolvers<never>()
  const end = () => ended.reject(new Error('interrupted; nothing was changed'))
  reader.once('SIGINT', end).once('close', end)
  try {
    return await Promise.race([reader.question(''), ended.promise])
  } finally {
    reader.off('SIGINT', end).off('close', end)
    process.stderr.write('\n')
  }
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Uint8Array)) // no encoding is set
  const text = Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '')
  if (text === '') throw new Error('no password came in; type it at a terminal or write it to the standard input')
  return text
}
