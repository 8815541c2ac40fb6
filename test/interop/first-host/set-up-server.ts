import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { escapeDnValue } from '../../../server/protocol/distinguished-name.ts'
import { adminPassword, type Visitor, visitorOf } from '../../builders/administered-server.ts'
import { type ConfiguredFolder, configuredFolder } from '../../builders/command-line.ts'
import { freePort } from '../../builders/free-port.ts'
import { peopleLdif } from '../../builders/running-ldap-server.ts'

/** Of Ada. */
export const sshKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHVvVTGm0ZcOBvVLTPsp5lWYfWmEGlA8QLpp7Rj1fUPr ada@laptop'
/** A group whose name some program could take for more than a name. Ada is its member. */
export const hostileGroup = `Ops & "root" $(touch /tmp/owned) 'x' (Berlin) %ALL`

const ldif = `${peopleLdif.replace('uid: ada\n', `uid: ada\nobjectClass: ldapPublicKey\nsshPublicKey: ${sshKey}\n`)}
dn: uid=eve,ou=people,dc=example,dc=com
objectClass: inetOrgPerson
objectClass: posixAccount
uid: eve
cn: Eve
sn: Eve
uidNumber: 10004
gidNumber: 20000
homeDirectory: /home/eve
userPassword: eve-secret

dn:: ${Buffer.from(`cn=${escapeDnValue(hostileGroup)},ou=groups,dc=example,dc=com`).toString('base64')}
objectClass: groupOfNames
objectClass: posixGroup
cn: ${hostileGroup}
gidNumber: 20009
member: uid=ada,ou=people,dc=example,dc=com
`

export interface SetUpServer extends AsyncDisposable {
  readonly folder: ConfiguredFolder
  readonly owner: Visitor
  /** Of the binder `web`. */
  readonly secret: string
  /** Files that the page of ready set-ups shows, by path. */
  files(query: Readonly<Record<string, string>>): Promise<ReadonlyMap<string, string>>
  /** A file as it is on the client: with the secret, and the CA where this server has it. */
  withSecret(text: string): string
}

/** A server as clients elsewhere see it, with a binder, and an Owner who reads its pages. */
export async function startSetUpServer(): Promise<SetUpServer> {
  const port = await freePort()
  const publicUrls = [`ldaps://localhost:${port}`]
  const folder = await configuredFolder({ ldap: { port: 0, tls: { port }, publicUrls } }, ldif)
  const server = await folder.serve()
  const { secret } = JSON.parse((await folder.run('binder', 'add', 'web', '--json')).stdout) as { secret: string }
  const owner = visitorOf(`http://localhost:${server.ports.admin}`)
  const link = new URL((await readFile(join(folder.path, 'data', 'setup-link'), 'utf8')).trim())
  await owner.post(link.pathname, { name: 'ada', password: adminPassword, again: adminPassword })
  return {
    folder,
    owner,
    secret,
    async files(query) {
      const page = await (await owner.get(`/admin/binders/web/clients?${new URLSearchParams(query).toString()}`)).text()
      const shown = page.matchAll(/<pre class="script" tabindex="0" aria-label="([^"]*)">(.*?)<\/pre>/gs)
      return new Map([...shown].map(([, path = '', text = '']) => [path, decoded(text)]))
    },
    withSecret: (text) =>
      text
        .replaceAll('BINDER_PASSWORD', secret)
        .replaceAll('/etc/ssl/rosterd-ca.pem', join(folder.path, 'data', 'tls', 'ca.pem')),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' }

function decoded(html: string): string {
  return html.replaceAll(/&(?:#x([0-9A-F]+)|(\w+));/gi, (entity, code: string | undefined, name: string) =>
    code === undefined ? (entities[name] ?? entity) : String.fromCodePoint(Number.parseInt(code, 16)),
  )
}
