import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadViews } from '../../../admin-ui/views.ts'

async function viewsOf(files: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'rosterd-views-'))
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    return await loadViews(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('a broken template stops the start and is named', async () => {
  await expect(viewsOf({ 'a.hbs': '{{#if x}}' })).rejects.toThrow('The template a.hbs cannot be compiled')
})

test('a value that the model lacks is an error, not an empty place', async () => {
  const views = await viewsOf({ 'a.hbs': '{{user.name}}' })
  expect(views.render('a', { user: { name: 'Ada & Bob' } })).toBe('Ada &amp; Bob')
  expect(() => views.render('a', { user: {} })).toThrow('"name" not defined')
})

test('values of the prototype are not reachable', async () => {
  const views = await viewsOf({ 'a.hbs': '{{constructor.name}}' })
  expect(() => views.render('a', {})).toThrow()
})

test('an unknown page is an error', async () => {
  const views = await viewsOf({})
  expect(() => views.render('nowhere', {})).toThrow('There is no template nowhere.')
})
