import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { configSchema } from '../../../server/runtime/config-schema.ts'

const repository = join(import.meta.dirname, '..', '..', '..')
const readme = await readFile(join(repository, 'README.md'), 'utf8')

const examples = [...readme.matchAll(/```json\n(.*?)```/gs)].map(([, text = '']) => text)

test('the configurations of the README are accepted', () => {
  expect(examples.length).toBe(2)
  for (const text of examples) {
    const written: unknown = JSON.parse(text)
    expect(configSchema.safeParse(written).error).toBeUndefined()
  }
})

test.each([
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'docs/architecture.md',
  'docs/conformance.md',
  'docs/interoperability.md',
  'docs/mail.md',
  'docs/history.md',
  'docs/command-line.md',
  'docs/migrate.md',
  'docs/pass-through.md',
  'docs/sign-in.md',
  'docs/passwords.md',
  'docs/admin-page.md',
  'docs/self-service.md',
  'docs/security.md',
  'docs/performance.md',
])('links of %s lead to files', async (file) => {
  const text = await readFile(join(repository, file), 'utf8')
  const links = [...text.matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, target = '']) => target)
  const local = links.filter((target) => !target.startsWith('https://'))
  expect(local.filter((target) => !existsSync(join(repository, dirname(file), target)))).toEqual([])
})
