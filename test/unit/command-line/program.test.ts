import { type Command } from 'commander'
import { expect, test } from 'vitest'
import { commandTree, leafCommands } from '../../../server/command-line/command-tree.ts'
import { noteOf, notedPaths } from '../../../server/command-line/notes.ts'
import { createProgram } from '../../../server/command-line/program.ts'

const paths = leafCommands(createProgram(() => undefined)).map(({ path }) => path)

test('notes are about commands that there are', () => {
  expect(notedPaths().toSorted()).toEqual(paths.toSorted())
})

test.each(paths)('%s --help has an example and the exit codes', (path) => {
  const { said, program } = listening()
  expect(() => program.parse([...path.split(' '), '--help'], { from: 'user' })).toThrow('(outputHelp)')
  expect(said()).toMatch(/^Usage: rosterd /)
  expect(said()).toContain(`Examples:\n  rosterd ${noteOf(path).examples[0] ?? ''}`)
  expect(said()).toContain(`Exit codes: ${noteOf(path).exitCodes}`)
})

test.each(paths.flatMap((path) => noteOf(path).examples.map((example) => [example, path])))(
  'the example "%s" is accepted',
  (example, path) => {
    const { said, program } = listening()
    const [line = ''] = example.split(' > ')
    const words = Array.from(line.matchAll(/["']([^"']*)["']|\S+/g), ([word, text]) => text ?? word)
    let ran = ''
    for (const { path, command } of leafCommands(program)) command.action(() => void (ran = path))
    program.parse(words, { from: 'user' })
    expect({ ran, said: said() }).toEqual({ ran: path, said: '' })
  },
)

test('commands that print what they found have --json', () => {
  const without = leafCommands(createProgram(() => undefined)).filter(
    ({ command }) => !command.options.some(({ long }) => long === '--json'),
  )
  // The first two run until they are stopped; the others print a file.
  expect(without.map(({ path }) => path)).toEqual(['serve', 'demo', 'access-review', 'export-ldif', 'completion'])
})

/** The program, which says what it would print and ends nothing. */
function listening(): { readonly program: Command; readonly said: () => string } {
  let text = ''
  const write = (part: string) => void (text += part)
  const program = createProgram(() => undefined)
  for (const { command } of commandTree(program))
    command.exitOverride().configureOutput({ writeOut: write, writeErr: write })
  return { program, said: () => text }
}
