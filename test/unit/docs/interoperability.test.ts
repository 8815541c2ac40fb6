import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Schema } from '../../../server/directory/schema/schema.ts'
import { configSchema } from '../../../server/runtime/config-schema.ts'

const repository = join(import.meta.dirname, '..', '..', '..')
const docs = join(repository, 'docs')
const page = await readFile(join(docs, 'interoperability.md'), 'utf8')
const tried = page.slice(page.indexOf('\n## Clients that were tried'), page.indexOf('\n## Untested clients'))

/** What GitHub makes of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}

function anchorsOf(text: string): ReadonlySet<string> {
  const prose = text.replaceAll(/^```.*?^```/gms, '')
  return new Set([...prose.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading)))
}

function codeBlocks(text: string): readonly string[] {
  return [...text.matchAll(/^```\w*\n(.*?)^```$/gms)].map(([, code = '']) => code)
}

/** Rows of the table: the anchor of the client's section, when it has one, and its folder of the lab. */
const rows = [...tried.matchAll(/^\| (.*?) \|.*\| `([\w-]+)` \|$/gm)].map(([, client = '', folder = '']) => ({
  anchor: /\]\(#([\w-]+)\)/.exec(client)?.[1],
  folder,
}))

test('every client of the lab is in the table, and has a section', async () => {
  const lab = join(repository, 'test', 'interop', 'clients')
  const folders = (await readdir(lab)).filter((folder) => existsSync(join(lab, folder, 'run')))
  expect([...new Set(rows.map(({ folder }) => folder))].toSorted()).toEqual(folders.toSorted())
  const sections = anchorsOf(tried)
  const without = rows.filter(({ anchor }) => anchor === undefined || !sections.has(anchor))
  expect(without.map(({ folder }) => folder)).toEqual(['nmap', 'robustness'])
})

test('every section of a tried client has a configuration and the command that tries it', () => {
  const sections = tried.split(/^### /m).slice(1)
  expect(sections.length).toBeGreaterThan(15)
  for (const section of sections) {
    expect(codeBlocks(section).length, section).toBeGreaterThan(1)
    expect(section).toMatch(/^To try it\b.*:\n\n```sh\n.*\n```$/m)
  }
})

test('the recipes name only attributes that the schema knows', () => {
  const schema = new Schema()
  const code = codeBlocks(tried).join('\n')
  const inFilters = code.matchAll(/(?<!\w)\(([A-Za-z][\w-]*)=/g)
  const inSettings = code.matchAll(/attribute[ =]+'?(\w+)/gi)
  const named = new Set([...inFilters, ...inSettings].map(([, name = '']) => name))
  expect(named.size).toBeGreaterThan(6)
  expect([...named].filter((name) => !schema.attributeType(name))).toEqual([])
})

test('the settings of the server are accepted', () => {
  const examples = [...page.matchAll(/```json\n(.*?)```/gs)].map(([, text = '']): unknown => JSON.parse(text))
  const binders = [...page.matchAll(/`(\{ "name": .*?\})`/g)].map(([, text = '']): unknown => JSON.parse(text))
  expect([examples.length, binders.length]).toEqual([1, 1])
  for (const written of [...examples, { binders }]) {
    expect(configSchema.safeParse(written).error).toBeUndefined()
  }
})

test('links lead to files and headings', async () => {
  const links = [...page.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  expect(links.length).toBeGreaterThan(20)
  for (const link of links.filter((target) => !target.startsWith('https://'))) {
    const [path = '', anchor] = link.split('#')
    const file = path === '' ? join(docs, 'interoperability.md') : join(docs, path)
    expect(existsSync(file), link).toBe(true)
    if (anchor !== undefined) expect(anchorsOf(await readFile(file, 'utf8')), link).toContain(anchor)
  }
})
