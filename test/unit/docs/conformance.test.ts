import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { supportedExtensions } from '../../../server/ldap/extended.ts'
import { supportedControls } from '../../../server/ldap/request-controls.ts'
import { ResultCode } from '../../../server/protocol/result-code.ts'

const repository = join(import.meta.dirname, '..', '..', '..')
const page = await readFile(join(repository, 'docs', 'conformance.md'), 'utf8')

/** The cells of a column of OIDs, in the table that follows `heading`. */
function listedOids(heading: string): readonly (string | undefined)[] {
  const [, after = ''] = page.split(heading)
  const [table = ''] = after.trimStart().split('\n\n')
  return [...table.matchAll(/\| `([\d.]+)` \|/g)].map(([, oid]) => oid)
}

test('every test file named exists', () => {
  const named = [...new Set([...page.matchAll(/`([\w./-]+\.test\.ts)`/g)].map(([, file = '']) => file))]
  expect(named.length).toBeGreaterThan(4)
  const path = (file: string) => join(repository, file.includes('/') ? file : `test/conformance/${file}`)
  expect(named.filter((file) => !existsSync(path(file)))).toEqual([])
})

test('the controls of the root DSE are listed, and no others', () => {
  expect(listedOids('Supported controls, as the root DSE lists them:').toSorted()).toEqual(supportedControls.toSorted())
})

test('the extended operations of the root DSE are listed, and no others', () => {
  expect(listedOids('Supported extended operations, as the root DSE lists them:').toSorted()).toEqual(
    supportedExtensions(true).toSorted(),
  )
})

test('every result code has the number that belongs to its name', () => {
  const written = [...page.matchAll(/\b([a-z][A-Za-z]+) \((\d+)\)/g)]
    .filter(([, name = '']) => name !== 'subordinateSubtree')
    .map(([, name = '', number]) => [name, Number(number)])
  expect(written.length).toBeGreaterThan(30)
  const byName = new Map<string, number>(Object.entries(ResultCode))
  expect(written.filter(([name, number]) => byName.get(String(name)) !== number)).toEqual([])
})
