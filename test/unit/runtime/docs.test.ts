import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { exampleConfig, generatedDocs } from '../../../bin/generate-docs.ts'
import { configKeys } from '../../../server/runtime/config-keys.ts'
import { configSchema } from '../../../server/runtime/config-schema.ts'
import { loadConfig } from '../../../server/runtime/config.ts'

const repository = join(import.meta.dirname, '..', '..', '..')

test.each([...generatedDocs().keys()])('docs/%s is what `npm run docs` writes', async (name) => {
  expect(await readFile(join(repository, 'docs', name), 'utf8')).toBe(generatedDocs().get(name))
})

test('every key has a description', () => {
  expect(configKeys().length).toBeGreaterThan(100)
  expect(
    configKeys()
      .filter((key) => !key.description)
      .map((key) => key.path),
  ).toEqual([])
})

test('the example of the page is a configuration this version accepts', () => {
  expect(() => configSchema.parse(exampleConfig)).not.toThrow()
})

test('the shipped ldap.config.json loads, listens on loopback, and editors find its schema', async () => {
  const { config, baseDir } = await loadConfig({ path: join(repository, 'ldap.config.json'), env: {} })
  expect(config.ldap.host).toBe('127.0.0.1')
  expect(config.dataDir).toBe(join(repository, 'data'))
  expect(JSON.parse(await readFile(join(baseDir, config.$schema ?? ''), 'utf8'))).toMatchObject({ type: 'object' })
})
