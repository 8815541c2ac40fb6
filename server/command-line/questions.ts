import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

/** Asks somebody at a terminal, one question after the other; what is typed ahead is kept. */
export interface Questions extends Disposable {
  /** The answer; `byDefault` for an empty one. Asks again while `problemOf` finds one. */
  ask(question: string, byDefault: string, problemOf?: (answer: string) => string | undefined): Promise<string>
  choose<Choice extends string>(question: string, choices: readonly Choice[], byDefault: Choice): Promise<Choice>
  /** Not shown while it is typed. */
  askSecret(question: string): Promise<string>
}

export function questionsOnTerminal(): Questions {
  let isHidden = false
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!isHidden) process.stderr.write(chunk)
      done()
    },
  })
  const reader = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 })
  reader.once('SIGINT', () => reader.close())
  const lines = reader[Symbol.asyncIterator]()

  async function answer(question: string): Promise<string> {
    process.stderr.write(question)
    const line = await lines.next()
    if (line.done) throw new Error('interrupted; nothing was written')
    return line.value.trim()
  }

  async function ask(question: string, byDefault: string, problemOf?: (answer: string) => string | undefined) {
    for (;;) {
      const given = (await answer(`${question}${byDefault === '' ? '' : ` [${byDefault}]`}: `)) || byDefault
      const problem = given === '' ? 'an answer is needed' : problemOf?.(given)
      if (problem === undefined) return given
      process.stderr.write(`  ${problem}\n`)
    }
  }

  return {
    ask,
    async choose(question, choices, byDefault) {
      const isChoice = (text: string): text is (typeof choices)[number] => choices.some((choice) => choice === text)
      const given = await ask(`${question} (${choices.join(', ')})`, byDefault, (text) =>
        isChoice(text) ? undefined : `one of ${choices.join(', ')}`,
      )
      return isChoice(given) ? given : byDefault
    },
    async askSecret(question) {
      isHidden = true
      try {
        return await answer(`${question} (not shown): `)
      } finally {
        isHidden = false
        process.stderr.write('\n')
      }
    },
    [Symbol.dispose]: () => reader.close(),
  }
}
