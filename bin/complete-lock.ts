/**
 * Puts optional packages of other platforms back into package-lock.json: a registry mirror that does not carry them makes
 * `npm install` leave them out, and then `npm ci` refuses the lock. Run after every change of a dependency (`npm run lock`).
 */
import { readFileSync, writeFileSync } from 'node:fs'

interface LockedPackage {
  readonly version?: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const systems = ['android', 'darwin', 'freebsd', 'linux', 'win32', 'openharmony', 'netbsd', 'openbsd', 'sunos', 'aix']
const processors = ['riscv64', 'ppc64', 's390x', 'arm64', 'arm', 'x64', 'ia32', 'loong64', 'mips64el', 'wasm32']

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, LockedPackage> }
const { packages } = lock

let added = 0
for (const { optionalDependencies, dev } of Object.values(packages)) {
  for (const [name, range] of Object.entries(optionalDependencies ?? {})) {
    if (Object.keys(packages).some((path) => path.endsWith(`node_modules/${name}`))) continue
    packages[`node_modules/${name}`] = {
      ...platformOf(name),
      version: range.replace(/^[~^]/, ''),
      ...(dev ? { dev } : {}),
      optional: true,
    }
    added += 1
  }
}
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
process.stdout.write(`${added} optional packages added\n`)

/** The platform that a package's name says: `@oxlint/binding-linux-arm64-musl`. */
function platformOf(name: string): LockedPackage {
  const parts = name.split('/').at(-1) ?? name
  const os = systems.find((system) => parts.includes(system))
  const cpu = processors.find((processor) => parts.includes(processor))
  if (os === undefined && cpu !== 'wasm32')
    throw new Error(`${name}: no platform in the name; find out why it is not in the lock`)
  const libc = parts.includes('musl') ? 'musl' : parts.includes('gnu') ? 'glibc' : undefined
  return {
    ...(os ? { os: [os] } : {}),
    ...(cpu ? { cpu: [cpu] } : {}),
    ...(libc && os === 'linux' ? { libc: [libc] } : {}),
  }
}
