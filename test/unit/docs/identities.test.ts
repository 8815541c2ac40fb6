import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const repository = join(import.meta.dirname, '..', '..', '..')
const page = await readFile(join(repository, 'docs', 'identities.md'), 'utf8')
const tests = await readFile(join(repository, 'test', 'sync', 'linking.test.ts'), 'utf8')

test('every test that the table of takeover cases names exists', () => {
  const [, section = ''] = page.split('### Takeover cases')
  const [table = ''] = section.split('\n## ')
  const named = [...table.matchAll(/^\|(?:[^|]*\|){2} ([^|]+) \|$/gm)].map(([, name = '']) => name).slice(1)
  expect(named.length).toBeGreaterThan(10)
  const titles = new Set([...tests.matchAll(/\btest\(\s*'([^']+)'/g)].map(([, title = '']) => title))
  expect(named.filter((name) => !titles.has(name))).toEqual([])
})
