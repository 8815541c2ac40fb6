/**
 * Makes the folder of the package that is installed: `npm run build`. Node compiles no TypeScript below node_modules, so the
 * sources are compiled; everything else is as it is here. `npm run pack` makes a tarball of it.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const folder = join(root, '.tmp', 'package')

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
for (const part of ['server', 'sync', 'admin-ui', 'demo'])
  cpSync(join(root, part), join(folder, part), { recursive: true, filter: (path) => !path.endsWith('.ts') })
for (const part of ['docs', 'packaging', 'LICENSE', 'README.md', 'CHANGELOG.md', 'SECURITY.md', 'ldap.config.json'])
  cpSync(join(root, part), join(folder, part), { recursive: true, filter: (path) => !path.endsWith('.png') })
cpSync(join(root, 'bin', 'rosterd'), join(folder, 'bin', 'rosterd'))
execFileSync(
  process.execPath,
  [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.package.json'],
  {
    cwd: root,
    stdio: 'inherit',
  },
)
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, unknown>
const { name, version, description, license, type, engines, bin, dependencies } = manifest
writeFileSync(
  join(folder, 'package.json'),
  `${JSON.stringify({ name, version, description, license, type, engines, bin, dependencies }, null, 2)}\n`,
)
