import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** What the linter says of one file, put where `path` says in an otherwise empty project with our rules. */
async function lint(path: string, source: string): Promise<string> {
  const project = await mkdtemp(join(tmpdir(), 'rosterd-lint-'))
  try {
    await copyFile(join(root, '.oxlintrc.json'), join(project, '.oxlintrc.json'))
    await mkdir(dirname(join(project, path)), { recursive: true })
    await writeFile(join(project, path), `${source}\n`)
    const child = spawn(join(root, 'node_modules/.bin/oxlint'), ['--format=unix', '.'], {
      cwd: project,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    await once(child, 'close')
    return output
  } finally {
    await rm(project, { recursive: true })
  }
}

test.each([
  ['server/protocol/x.ts', '../directory/entry.ts'],
  ['server/runtime/x.ts', '../protocol/filter.ts'],
  ['server/directory/x.ts', '../storage/level-store.ts'],
  ['server/directory/schema/x.ts', '../../ldap/connection.ts'],
  ['server/storage/x.ts', '../ldap/connection.ts'],
  ['server/ldap/x.ts', '../storage/level-store.ts'],
  ['server/ldap/x.ts', '../../sync/sync-engine.ts'],
  ['server/control/x.ts', '../commands/commands.ts'],
  ['sync/x.ts', '../server/storage/level-store.ts'],
  ['sync/x.ts', '../server/main.ts'],
  ['sync/providers/okta/x.ts', '../entra-id/graph-client.ts'],
  ['admin-ui/x.ts', '../server/storage/level-store.ts'],
  ['admin-ui/x.ts', '../server/ldap/connection.ts'],
  ['demo/x.ts', '../server/main.ts'],
  ['server/main.ts', '../test/builders/command-line.ts'],
  ['server/directory/x.ts', 'ldapjs'],
  ['server/ldap/x.ts', 'level'],
  ['sync/x.ts', '@okta/okta-sdk-nodejs'],
  ['sync/providers/okta/x.ts', '@azure/msal-node'],
  ['sync/providers/entra-id/x.ts', '@okta/okta-sdk-nodejs'],
  ['server/ldap/x.ts', 'express'],
  ['server/main.ts', 'bcryptjs'],
  ['sync/x.ts', 'nodemailer'],
  ['server/comparison/x.ts', '../directory/entry.ts'],
  ['sync/x.ts', '../server/comparison/matching.ts'],
  ['server/commands/x.ts', 'ldapts'],
  ['sync/x.ts', 'ldapts'],
  ['admin-ui/x.ts', 'nodemailer'],
])('%s may not import %s', async (file, imported) => {
  expect(await lint(file, `import { x } from '${imported}'\nexport const y = x`)).toContain('no-restricted-imports')
})

test.each([
  ['server/directory/x.ts', '../protocol/filter.ts'],
  ['server/storage/x.ts', '../directory/entry.ts'],
  ['server/ldap/x.ts', 'ldapjs'],
  ['server/storage/x.ts', 'level'],
  ['sync/x.ts', '../server/directory/entry.ts'],
  ['sync/reporting/x.ts', 'nodemailer'],
  ['server/comparison/x.ts', 'ldapts'],
  ['admin-ui/x.ts', '../sync/sync-engine.ts'],
  ['server/main.ts', '../sync/sync-engine.ts'],
])('%s may import %s', async (file, imported) => {
  expect(await lint(file, `import { x } from '${imported}'\nexport const y = x`)).not.toContain('no-restricted-imports')
})
