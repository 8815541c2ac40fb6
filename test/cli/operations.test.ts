import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type SimulatedTenants, startSimulatedTenants } from '../../demo/simulated-tenants.ts'
import { privateCertificate } from '../../server/ldap/certificate-authority.ts'
import { type OperatedMachine, operatedMachine } from '../builders/operated-machine.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { smallDisk } from '../builders/small-disk.ts'
import { entraUserId, oktaUserId } from '../sync/small-tenants.ts'
import { entraSettings, oktaSettings } from '../sync/sync-fixture.ts'

/*
 * The cards of docs/operations.md: each of their commands is run in a situation of the card, and has to print what stands
 * there. "…" in a line is anything, a line of it alone any lines.
 */

const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'operations.md'), 'utf8')
const cards = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf('\n')), text] as const),
)
const tested = new Set<string>()

/** Commands of a card by block, with what they print. */
function blocksOf(card: string): readonly (readonly { command: string; printed: string }[])[] {
  return [...(cards.get(card) ?? '').matchAll(/^```console\n([^]*?)^```/gm)].map(([, block = '']) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const end = text.indexOf('\n')
        return { command: text.slice(0, end), printed: text.slice(end + 1) }
      }),
  )
}

function pattern(printed: string): RegExp {
  const lines = printed.split('\n').slice(0, -1)
  const parts = lines.map((line) =>
    line === '…'
      ? '(?:.*\n)*?'
      : `${line
          .replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
          .split('…')
          .join('.*')}\n`,
  )
  return new RegExp(`^${parts.join('').replace(/\n$/, '\n?')}$`)
}

/** Runs the blocks of a card, each after what has to happen before it. */
async function follow(card: string, machine: OperatedMachine, ...before: readonly (() => Promise<unknown>)[]) {
  tested.add(card)
  const blocks = blocksOf(card)
  expect(blocks.length).toBeGreaterThan(0)
  for (const [index, block] of blocks.entries()) {
    await before[index]?.()
    for (const { command, printed } of block) {
      const actual = await machine.shell(command)
      expect(actual, `$ ${command}\n${printed}\n--- printed\n${actual}`).toMatch(pattern(printed))
    }
  }
}

const nothing = () => Promise.resolve()
const ldif = (names: readonly string[]) =>
  names.map((name) => `dn: uid=${name},ou=people,dc=example,dc=com\nobjectClass: account\nuid: ${name}\n`).join('\n')
const helpers = Array.from({ length: 20 }, (_, n) => `helper${n + 1}`)
const password = 'quiet otter paints seven violins'

async function bind(machine: OperatedMachine, name: string, secret: string): Promise<number> {
  await using client = await RawLdapClient.connect(machine.ports.ldap)
  return (await client.bind(`uid=${name},ou=people,dc=example,dc=com`, secret)).resultCode
}

test('nobody can sign in', async () => {
  await using machine = await operatedMachine({
    providers: [{ id: 'seed', type: 'ldif', name: 'Seed', path: 'people.ldif' }],
  })
  await machine.shell('systemctl start rosterd')
  await machine.logged('"outcome":"failed"')
  await follow(
    'Nobody can sign in',
    machine,
    nothing,
    () => writeFile(join(machine.path, 'people.ldif'), ldif(helpers)),
    async () => {
      await bind(machine, 'helper1', 'not the password')
      await machine.logged('"operation":"bind"')
    },
  )
})

test('the disk is full', async () => {
  const disk = smallDisk()
  const providers = [{ id: 'seed', type: 'ldif', name: 'Seed', path: 'people.ldif' }]
  await using machine = await operatedMachine({ providers }, (database) => disk.within(database))
  const write = (name: string, text: string) => writeFile(join(machine.path, name), text)
  await write('people.ldif', ldif(helpers))
  await write('old-backup', '')
  await machine.shell('systemctl start rosterd')
  await machine.logged('"outcome":"applied"')
  await disk.fill(await machine.pid(), machine.database)
  await write('people.ldif', ldif([...helpers, 'new']))
  await machine.shell('rosterd sync')
  await follow('The disk is full', machine, nothing, async () => disk.makeRoom(await machine.pid(), machine.database))
})

describe('a server of a company', () => {
  let tenants: SimulatedTenants
  let machine: OperatedMachine
  let config: Record<string, unknown>
  beforeAll(async () => {
    tenants = await startSimulatedTenants({ data: 'empty' })
    const { entra, okta } = tenants
    for (const [n, name] of ['ada', 'grace', 'lin'].entries()) {
      const mail = `${name}@contoso.example`
      entra.tenant.directory.addUser({ id: entraUserId(n + 1), userPrincipalName: mail, mail, displayName: name })
      okta.tenant.directory.addUser({
        id: oktaUserId(n + 1),
        profile: { login: `${name}@acme.example`, email: mail, displayName: name },
      })
    }
    const seed = { id: 'seed', type: 'ldif', name: 'Seed', path: 'people.ldif' }
    const clientSecret = { file: 'contoso-secret' }
    const contoso = entraSettings(tenants, { credentials: [{ kind: 'application', clientSecret }] })
    config = { caFile: 'ca.pem', providers: [contoso, seed], passwords: { bcryptCost: 8 } }
    machine = await operatedMachine(config)
    config['ldap'] = {
      throttleLoopback: true,
      tls: { port: machine.ports.ldaps, certFile: 'tls/ldap.pem', keyFile: 'tls/ldap.key' },
    }
    const write = (name: string, text: string) => writeFile(join(machine.path, name), text)
    await write('ca.pem', tenants.caPem)
    await write('contoso-secret', entra.clientSecret)
    await write('people.ldif', ldif(helpers))
    for (const [folder, year] of [
      ['tls', 2020],
      ['renewed', 0],
    ] as const) {
      const now = year === 0 ? new Date() : new Date(`${year}-01-01T00:00:00Z`)
      const made = await privateCertificate(join(machine.path, `ca-${folder}`), ['127.0.0.1'], now)
      await mkdir(join(machine.path, folder))
      await write(`${folder}/ldap.pem`, made.certificatePem)
      await write(`${folder}/ldap.key`, made.keyPem)
    }
    await machine.configure(config)
    await machine.shell('systemctl start rosterd')
    await machine.logged('"provider":"seed"')
    await machine.shell(`echo '${password}' | rosterd user set-password ada`)
  })
  afterAll(async () => {
    await machine[Symbol.asyncDispose]()
    await tenants.close()
  })

  test('one person cannot sign in', async () => {
    for (let n = 0; n < 12; n++) await bind(machine, 'ada', `wrong ${n}`)
    await machine.shell('rosterd user block ada --reason "left in a hurry"')
    while (!(await machine.shell('rosterd throttle list')).includes('ada')); // kept every second
    await follow('One person cannot sign in', machine)
  })

  test('searches are slow', async () => {
    const { secret } = JSON.parse(await machine.shell('rosterd binder add reports --json')) as { secret: string }
    await using client = await RawLdapClient.connect(machine.ports.ldap)
    await client.bind('cn=reports,ou=services,dc=example,dc=com', secret)
    expect(await client.search({ filter: '(homeDirectory=/home/ada)' })).toMatchObject({ entries: [{}] })
    await machine.logged('"isUnindexed":true')
    await follow('Searches are slow', machine)
    await machine.shell('rosterd binder remove reports')
  })

  test('a sync is stale', async () => {
    const { permissions } = tenants.entra.tenant.application
    permissions.delete('User.Read.All')
    tenants.entra.tenant.tokens.revokeAll()
    await machine.shell('rosterd sync --provider contoso')
    await follow('A sync is stale', machine, nothing, async () => permissions.add('User.Read.All'))
  })

  test('changes are held', async () => {
    await writeFile(join(machine.path, 'people.ldif'), ldif(helpers.slice(0, 8)))
    await machine.shell('rosterd sync --provider seed')
    await follow('Changes are held', machine)
    await writeFile(join(machine.path, 'people.ldif'), ldif(helpers))
    await machine.shell('rosterd sync --provider seed')
  })

  test('a secret has expired', async () => {
    await writeFile(join(machine.path, 'contoso-secret'), 'the one before')
    await machine.shell('rosterd reload; rosterd provider test contoso; rosterd sync --provider contoso')
    await follow('A secret has expired', machine, nothing, () =>
      writeFile(join(machine.path, 'new-secret'), tenants.entra.clientSecret),
    )
  })

  test('a certificate has expired', () => follow('A certificate has expired', machine))

  test('an administrator is locked out', async () => {
    await machine.shell('rosterd admin create ada --role owner')
    await follow('An administrator is locked out', machine)
  })

  test('block a person now', () => follow('Block a person now', machine))

  test('the configuration is refused', async () => {
    await machine.configure({ ...config, guard: { minRemovd: 3 }, log: { level: 'loud' } })
    await follow('The configuration is refused', machine)
    await machine.configure(config)
  })

  test('move to another tenant', async () => {
    await machine.configure({ ...config, providers: [...(config['providers'] as object[]), oktaSettings(tenants)] })
    await machine.shell('rosterd reload; rosterd sync --provider acme')
    await follow('Move to another tenant', machine)
  })

  test('restore on a new machine', async () => {
    await machine.shell('rosterd user app-password add ada --name phone')
    await machine.shell('rosterd backup /backup/rosterd.backup')
    await using other = await operatedMachine({})
    await mkdir(join(other.path, 'data'), { mode: 0o700 })
    for (const name of ['ca.pem', 'contoso-secret', 'people.ldif', 'tls', 'backup'])
      await cp(join(machine.path, name), join(other.path, name), { recursive: true })
    await cp(join(machine.path, 'data', 'master.key'), join(other.path, 'data', 'master.key'))
    await other.configure({ ...config, ldap: { tls: { port: other.ports.ldaps } } })
    await follow('Restore on a new machine', other)
  })
})

test('every card is followed', () => {
  expect([...tested].toSorted()).toEqual([...cards.keys()].toSorted())
})
