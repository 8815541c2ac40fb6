import { expect, test } from 'vitest'
import { completionScript, shells } from '../../server/command-line/completion-scripts.ts'
import { offeredWords } from '../../server/command-line/completion-words.ts'
import { createProgram } from '../../server/command-line/program.ts'
import { rosterd, runProgram } from '../builders/command-line.ts'
import { describeWithTool } from '../builders/required-tool.ts'

const places = offeredWords(createProgram(() => undefined))

type Shell = (typeof shells)[number]

/** What a shell offers for each line; the last word is what is being typed. */
const asking: Record<Shell, (lines: readonly (readonly string[])[]) => Promise<string[][]>> = {
  bash: (lines) =>
    answersOf('bash', [
      completionScript('bash', places),
      'ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _rosterd; echo "${COMPREPLY[*]}"; }',
      ...lines.map((line) => `ask ${quoted(line)}`),
    ]),
  // The functions of zsh's completion work on a terminal only; these print what they would be given.
  zsh: (lines) =>
    answersOf('zsh', [
      'compdef() { :; }; compadd() { shift; echo "$@"; }; _files() { :; }',
      '_describe() { echo "${(@)${(P)2}%%:*}"; }',
      completionScript('zsh', places),
      'ask() { local -a words=("$@"); local CURRENT=$#; local said="$(_rosterd)"; echo "$said"; }',
      ...lines.map((line) => `ask ${quoted(line)}`),
    ]),
  fish: (lines) =>
    answersOf('fish', [
      completionScript('fish', places),
      ...lines.map((line) => `echo (complete -C ${quoted([line.join(' ')])} | string split -f 1 \\t)`),
    ]),
}

const withoutStartFiles: Record<Shell, readonly string[]> = { bash: [], zsh: ['-f'], fish: ['--no-config'] }

async function answersOf(shell: Shell, script: readonly string[]): Promise<string[][]> {
  const { exitCode, stdout, stderr } = await runProgram(shell, [...withoutStartFiles[shell], '-c', script.join('\n')])
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ').filter((word) => word !== ''))
}

function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(' ')
}

for (const shell of shells) describeWithTool(shell, `completion in ${shell}`, () => completes(asking[shell]))

function completes(ask: (typeof asking)[Shell]): void {
  test('offers the commands and options of every command', async () => {
    const words = (path: string) => ['rosterd', ...path.split(' ').filter((word) => word !== '')]
    const groups = places.filter(({ commands }) => commands.length > 0)
    const asked = [
      ...groups.map(({ path }) => [...words(path), '']),
      ...places.map(({ path }) => [...words(path), '--']),
    ]
    const offered = await ask(asked)
    const expected = [
      ...groups.map(({ commands }) => commands.map(({ name }) => name)),
      ...places.map(({ options }) => options.flatMap(({ names }) => names.filter((name) => name.startsWith('--')))),
    ]
    expect(
      asked.map((line, at) => [line.join(' '), offered[at]?.filter((word) => !/^-\w$/.test(word)).sort()]),
    ).toEqual(asked.map((line, at) => [line.join(' '), expected[at]?.sort()]))
  })

  test('offers the values of options and arguments, past others', async () => {
    const offered = await ask([
      ['rosterd', 'admin', 'create', 'ada', '--role', ''],
      ['rosterd', '-c', 'sync', 'binder', 'add', '--subtree', 'dc=x', '--grant', ''],
      ['rosterd', 'user', 'pass-through', 'ada', ''],
      ['rosterd', 'completion', ''],
    ])
    expect(offered.map((words) => words.sort())).toEqual([
      ['administrator', 'auditor', 'owner', 'user-manager'],
      ['mayNotSearch', 'ntHash'],
      ['default', 'never'],
      ['bash', 'fish', 'zsh'],
    ])
  })
}

test('bash completes what was begun, a value behind an equals sign, and files', async () => {
  const [begun, behind, files, free] = await asking.bash([
    ['rosterd', 'user', 're'],
    ['rosterd', 'serve', '--log-format', '=', 'p'],
    ['rosterd', '--config', `${import.meta.dirname}/completion.t`],
    ['rosterd', 'sync', '--provider', ''],
    ['rosterd', 'plan', ''],
  ])
  expect(begun).toEqual(['reset-password', 'remove-password', 'revoke'])
  expect(behind).toEqual(['pretty'])
  expect(files).toEqual([import.meta.filename])
  expect(free).toEqual([])
})

test('rosterd completion prints the script, and knows three shells', async () => {
  expect(await runProgram(rosterd, ['completion', 'bash'])).toEqual({
    exitCode: 0,
    stdout: completionScript('bash', places),
    stderr: '',
  })
  expect(await runProgram(rosterd, ['completion', 'tcsh'])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('Allowed choices are bash, zsh, fish.'),
  })
})
