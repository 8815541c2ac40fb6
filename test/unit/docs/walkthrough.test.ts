import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const repository = join(import.meta.dirname, '..', '..', '..')
const page = await readFile(join(repository, 'docs', 'walkthrough.md'), 'utf8')
const rows = [...page.matchAll(/^\|.*\| `(test\/[^`]+)`(?:: `(.+)`)? \|$/gm)].map(([, file = '', name = '']) => ({
  file,
  name,
}))

test('every picture of the walk is there and shown, and none is wider than 1100 pixels', async () => {
  const shown = [...page.matchAll(/\(walkthrough\/(.+?\.png)\)/g)].map(([, name = '']) => name)
  const folder = join(repository, 'docs', 'walkthrough')
  expect(shown.toSorted()).toEqual((await readdir(folder)).toSorted())
  for (const name of shown) {
    const png = await readFile(join(folder, name))
    expect([name, png.readUInt32BE(16) <= 1100]).toEqual([name, true])
  }
})

test('every step of the table names a test', () => {
  expect(rows).toHaveLength([...page.matchAll(/^\| (?!Step)/gm)].length)
})

test.each(rows)('the test "$name" of $file is there', async ({ file, name }) => {
  expect(await readFile(join(repository, file), 'utf8')).toContain(name)
})
