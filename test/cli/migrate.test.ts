import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type SimulatedTenants, startSimulatedTenants } from '../../demo/simulated-tenants.ts'
import type { CompareReport } from '../../server/commands/compare-command.ts'
import { configSchema } from '../../server/runtime/config-schema.ts'
import { type CommandResult, configuredFolder, rosterd, runProgram } from '../builders/command-line.ts'
import { type OpenLdap, startOpenLdap } from '../builders/openldap.ts'
import { describeWithTool } from '../builders/required-tool.ts'
import { entraGroupId, entraUserId } from '../sync/small-tenants.ts'

const repository = join(import.meta.dirname, '..', '..')
const page = await readFile(join(repository, 'docs', 'migrate.md'), 'utf8')
const fixture = (name: string) => readFile(join(repository, 'test', 'fixtures', 'migrate', `${name}.ldif`), 'utf8')

const base = 'dc=example,dc=com'
const jumpCloudBase = 'o=5f0e1d2c3b4a59687f6e5d4c,dc=jumpcloud,dc=com'
const products = [
  { product: 'OpenLDAP', file: 'openldap', suffix: base, binder: `cn=admin,${base}`, sameNumbers: 7 },
  { product: 'Foxpass', file: 'foxpass', suffix: base, binder: `cn=migration,${base}`, sameNumbers: 6 },
  {
    product: 'JumpCloud',
    file: 'jumpcloud',
    suffix: jumpCloudBase,
    binder: `uid=ldap-reader,ou=Users,${jumpCloudBase}`,
    sameNumbers: 4,
  },
  { product: 'lldap', file: 'lldap', suffix: base, binder: `uid=admin,ou=people,${base}`, sameNumbers: 0 },
  {
    product: 'AzureAD-LDAP-wrapper',
    file: 'azuread-ldap-wrapper',
    suffix: base,
    binder: `uid=ldapsearch,cn=users,${base}`,
    sameNumbers: 7,
  },
]

const sections = new Map(page.split(/^## /m).map((text) => [text.slice(0, text.indexOf('\n')), text]))
function blocks(section: string, language: string): readonly string[] {
  const text = sections.get(section) ?? ''
  return [...text.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(([, code = '']) => code.trim())
}

let tenants: SimulatedTenants
beforeAll(async () => {
  tenants = await startSimulatedTenants({ data: 'empty' })
  const { directory } = tenants.entra.tenant
  const names = ['maya.okafor', 'jonas.weber', 'lin.chen', 'priya.nair', 'nora.quist']
  names.forEach((name, index) => {
    const address = `${name}@contoso.example`
    const [first = '', last = ''] = name.split('.')
    directory.addUser({
      id: entraUserId(index + 1),
      userPrincipalName: address,
      mail: address,
      displayName: `${first} ${last}`,
      surname: last,
      employeeId: index === 0 ? '7' : null,
    })
  })
  const members = (...numbers: readonly number[]) => numbers.map(entraUserId)
  const mail = (name: string) => ({ mail: `${name}@contoso.example`, mailEnabled: true })
  directory.addGroup({ id: entraGroupId(1), displayName: 'engineering', ...mail('engineering') }, members(1, 2, 3))
  directory.addGroup({ id: entraGroupId(2), displayName: 'finance', ...mail('finance') }, members(4))
})
afterAll(() => tenants.close())

test('every command line of the page is run by a test below', () => {
  const known = ['The way', ...products.map(({ product }) => product)]
  expect(page.match(/^```sh$/gm)).toHaveLength(known.flatMap((section) => blocks(section, 'sh')).length)
  expect([...sections.keys()].slice(1)).toEqual([...known, 'Any other LDAP server'])
})

describeWithTool('slapd', 'the migration that docs/migrate.md describes', () => {
  test.each(products)(
    'from $product keeps every number',
    async ({ product, file, suffix, binder, sameNumbers }) => {
      await using old = await startOpenLdap({ suffix, ldif: await fixture(file), rootDn: binder })
      await using host = await operatorsHost(product, old)
      const [exporting = '', ...others] = blocks(product, 'sh')
      const [alternative, beside = ''] = others.length === 2 ? others : [undefined, ...others]
      const [rehearsing = '', takingOver = '', switching = ''] = blocks('The way', 'sh')

      expect(codes(await host.run(exporting))).toEqual([0])
      if (alternative !== undefined) expect(codes(await host.run(alternative))).toEqual([0])
      expect(codes(await host.run(rehearsing))).toEqual([0, 2])
      expect(codes(await host.run(takingOver))).toEqual([0, 0, 0, 2])

      await using server = await host.folder.serve()
      void server
      const [told] = await host.run(`${beside} --json`)
      expect(told).toMatchObject({ exitCode: 2, stderr: '' })
      const report = JSON.parse(told?.stdout ?? '') as CompareReport
      expect(report.people).toMatchObject({ ambiguous: 0, 'only here': 1, here: 5 })
      expect(report.rows.filter(({ matchedBy }) => matchedBy !== null).map(({ name }) => name)).toEqual(
        expect.arrayContaining(['maya.okafor', 'jonas.weber', 'lin.chen', 'priya.nair', 'engineering', 'finance']),
      )
      // Nobody's number differs, nor anybody's primary group, and members are the same but for who has left.
      expect(report.attributes).not.toHaveProperty('uidNumber')
      expect(report.attributes).not.toHaveProperty('gidNumber')
      const members = report.rows.flatMap(({ differences }) =>
        differences.filter(({ attribute }) => attribute === 'members'),
      )
      expect(members).toEqual(product === 'OpenLDAP' ? [{ attribute: 'members', there: ['tom.birch'], here: [] }] : [])

      expect(codes(await host.run(switching))).toEqual([2, 0])
      const ids = (await readFile(join(host.folder.path, 'ids.csv'), 'utf8')).trim().split('\n').slice(1)
      expect(ids).toHaveLength(sameNumbers)
      for (const line of ids) {
        const [, name = '', number = ''] = line.split(',')
        expect((await host.folder.run('explain', name)).stdout).toContain(`: ${number}\n`)
      }
    },
    180_000,
  )
})

function codes(results: readonly CommandResult[]): readonly (number | null)[] {
  const failed = results.find(({ exitCode }) => exitCode === 1)
  if (failed !== undefined) throw new Error(failed.stderr || failed.stdout)
  return results.map(({ exitCode }) => exitCode)
}

/** A folder with the configurations that the page speaks of, and its programs as an operator's shell finds them. */
async function operatorsHost(product: string, old: OpenLdap) {
  const { authorityHost, graphUrl, scope, tenantId, clientId, clientSecret } = tenants.entra
  const [settings] = blocks(product, 'json').map((text): unknown => JSON.parse(text))
  expect(configSchema.safeParse(settings ?? {}).error).toBeUndefined()
  const folder = await configuredFolder({
    caFile: 'tenant-ca.pem',
    providers: [
      {
        id: 'contoso',
        type: 'entra',
        name: 'Contoso',
        tenantId,
        clientId,
        authorityHost,
        scope,
        graphUrl: `${graphUrl}/v1.0`,
        credentials: [{ kind: 'application', clientSecret }],
      },
    ],
    ...(settings as object | undefined),
  })
  const path = (name: string) => join(folder.path, name)
  const config = JSON.parse(await readFile(folder.configFile, 'utf8')) as object
  await writeFile(path('rehearsal.json'), JSON.stringify({ ...config, dataDir: 'rehearsal' }))
  await writeFile(path('tenant-ca.pem'), tenants.caPem)
  await writeFile(path('old-ca.pem'), old.caPem)
  await writeFile(path('password'), old.rootPassword)
  await mkdir(path('bin'))
  const program = (name: string, command: string) =>
    writeFile(path(`bin/${name}`), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 })
  await program('rosterd', rosterd)
  await program('slapcat', `/usr/sbin/slapcat -f ${old.configFile}`)
  const env = {
    ...process.env,
    PATH: `${path('bin')}:${process.env['PATH']}`,
    LDAPTLS_CACERT: path('old-ca.pem'),
    NODE_EXTRA_CA_CERTS: path('old-ca.pem'),
  }
  return {
    folder,
    async run(block: string): Promise<readonly CommandResult[]> {
      const results: CommandResult[] = []
      for (const line of block.split('\n')) {
        const command = line
          .replaceAll(/ldaps:\/\/[\w.:-]+/g, old.ldapsUrl)
          .replaceAll('o=ORG_ID,dc=jumpcloud,dc=com', jumpCloudBase)
        results.push(await runProgram('sh', ['-c', `cd "${folder.path}" && ${command}`], env))
      }
      return results
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}
