import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const repository = join(import.meta.dirname, '..', '..', '..')
const page = await readFile(join(repository, 'docs', 'architecture.md'), 'utf8')
const section = page.slice(page.indexOf('## Folders'), page.indexOf('## The life of a bind'))

/** Folders whose files are not part of the repository. */
const notOurs = new Set(['node_modules', 'data', 'coverage'])
/** Levels of folders that the map shows, where they are not two. */
const levels = new Map([
  ['sync', 3],
  ['test', 1],
])

async function subfolders(path: string): Promise<string[]> {
  const found = await readdir(join(repository, path), { withFileTypes: true })
  return found
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => (path === '' ? name : `${path}/${name}`))
    .filter((folder) => !notOurs.has(folder))
}

async function withSubfolders(folder: string, depth: number): Promise<string[]> {
  if (depth <= 1) return [folder]
  const below = await Promise.all((await subfolders(folder)).map((inner) => withSubfolders(inner, depth - 1)))
  return [folder, ...below.flat()]
}

test('the folder map names the folders there are', async () => {
  const top = await subfolders('')
  const folders = (await Promise.all(top.map((folder) => withSubfolders(folder, levels.get(folder) ?? 2)))).flat()
  const named = [...section.matchAll(/^([a-z][\w/-]*)\/(?: |$)/gm)].map(([, folder]) => folder)
  expect(named.toSorted()).toEqual(folders.toSorted())
})

interface LintOverride {
  readonly files: readonly string[]
  readonly rules: { readonly 'no-restricted-imports'?: [string, { patterns: readonly { regex?: string }[] }] }
}

const { overrides } = JSON.parse(await readFile(join(repository, '.oxlintrc.json'), 'utf8')) as {
  overrides: readonly LintOverride[]
}
const parts = [
  'protocol',
  'directory',
  'storage',
  'ldap',
  'commands',
  'comparison',
  'control',
  'runtime',
  'sync',
  'admin-ui',
  'demo',
]

test.each(
  [...section.matchAll(/^\| `([\w/-]+)` \| (.*) \|$/gm)].map(([, folder = '', allowed = '']) => [folder, allowed]),
)('%s may import %s, as the linter has it', (folder, allowed) => {
  const own = folder.split('/').at(-1)
  const rule = overrides.find(({ files }) => files.includes(`${folder}/**`))?.rules['no-restricted-imports']
  const refused = rule?.[1].patterns.flatMap(({ regex }) => (regex === undefined ? [] : [new RegExp(regex)])) ?? []
  expect(refused.length).toBeGreaterThan(0)
  const top = (part: string) => (['sync', 'admin-ui', 'demo'].includes(part) ? part : `server/${part}`)
  const open = parts.filter(
    (part) =>
      part !== own && !refused.some((regex) => regex.test(`../${top(part)}/x.ts`) || regex.test(`../${part}/x.ts`)),
  )
  expect([...allowed.matchAll(/`([\w-]+)`/g)].map(([, part]) => part).toSorted()).toEqual(open.toSorted())
})
