import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

test('the table of rules names every test of rules by provider, and no other', () => {
  const section = read('docs/sync.md').split('| Test | `entra` | `office365` | `okta` |')[1]?.split('\n\n')[0] ?? ''
  const listed = [...section.matchAll(/^\| ([a-z][^|]*?) \|/gm)].map(([, name]) => name)
  const tests = [...read('test/sync/rules-by-provider.test.ts').matchAll(/^ {2}test\('([^']+)'/gm)].map(
    ([, name]) => name,
  )
  expect(listed).toEqual(tests)
  expect(tests.length).toBeGreaterThan(12)
})

test('every command that the table of steps names is one of the command line', () => {
  const [, steps = ''] = read('docs/sync.md').split('## Where the steps of other products are')
  const folder = 'server/command-line'
  const cli = readdirSync(new URL(`../../../${folder}`, import.meta.url))
    .map((file) => read(`${folder}/${file}`))
    .join('')
  const commands = [...steps.matchAll(/`rosterd ([a-z]+)/g)].map(([, name]) => name)
  expect(commands.length).toBeGreaterThan(5)
  for (const name of commands) expect(cli).toContain(`.command('${name}')`)
})
