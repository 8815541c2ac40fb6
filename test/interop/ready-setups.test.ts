import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runProgram } from '../builders/command-line.ts'
import { freePort } from '../builders/free-port.ts'
import { describeWithTool } from '../builders/required-tool.ts'
import { hostileGroup, type SetUpServer, startSetUpServer } from './first-host/set-up-server.ts'

const program = 'freeradius'

/** What Debian's package brings beside the files of the page; every path is in a folder of the test. */
const radiusdConf = (folder: string) => `
raddbdir = ${folder}
libdir = /usr/lib/freeradius
run_dir = ${folder}
pidfile = ${folder}/pid
security {
  reject_delay = 0
}
thread pool {
  start_servers = 1
  max_servers = 2
  min_spare_servers = 1
  max_spare_servers = 1
}
client localhost {
  ipaddr = 127.0.0.1
  secret = testing123
  require_message_authenticator = no
}
modules {
  $INCLUDE ${folder}/mods-enabled/
  always reject {
    rcode = reject
  }
  pap {
  }
  mschap {
  }
  eap {
    default_eap_type = ttls
    tls-config tls-common {
      private_key_file = ${folder}/key.pem
      certificate_file = ${folder}/cert.pem
    }
    ttls {
      tls = tls-common
      virtual_server = inner-tunnel
    }
  }
}
instantiate {
  ldap
}
$INCLUDE ${folder}/sites-enabled/
`

describeWithTool(`${program} && command -v radclient`, 'FreeRADIUS, with the files of the admin page', () => {
  let server: SetUpServer
  let radius: ChildProcess
  let port: number

  beforeAll(async () => {
    server = await startSetUpServer()
    port = await freePort()
    const folder = join(server.folder.path, 'radius')
    for (const part of ['mods-enabled', 'sites-enabled']) await mkdir(join(folder, part), { recursive: true })
    const files = await server.files({ client: 'freeradius', group: hostileGroup })
    expect([...files.keys()]).toEqual(['mods-enabled/ldap', 'sites-enabled/default', 'sites-enabled/inner-tunnel'])
    for (const [path, text] of files) {
      const here = text.replace('ipaddr = *', 'ipaddr = 127.0.0.1').replace('port = 1812', `port = ${port}`)
      await writeFile(join(folder, path), server.withSecret(here))
    }
    await writeFile(join(folder, 'radiusd.conf'), radiusdConf(folder))
    const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', join(folder, 'key.pem')]
    const certificate = ['-subj', '/CN=radius', '-days', '1', '-out', join(folder, 'cert.pem')]
    await runProgram('openssl', ['req', '-x509', ...key, ...certificate])
    radius = spawn(program, ['-d', folder, '-D', '/usr/share/freeradius', '-X'], { stdio: 'pipe' })
    const said: string[] = []
    for await (const line of createInterface({ input: radius.stdout! })) {
      said.push(line)
      if (line.includes('Ready to process requests')) break
    }
    expect(said.at(-1), said.join('\n')).toContain('Ready to process requests')
    radius.stdout?.resume()
  })
  afterAll(async () => {
    if (radius.exitCode === null && radius.kill()) await once(radius, 'exit')
    await server[Symbol.asyncDispose]()
  })

  const asks = async (name: string, password: string) => {
    const request = `User-Name = "${name}"\nUser-Password = "${password}"\n`
    const args = ['-x', '-r', '1', '-t', '10', `127.0.0.1:${port}`, 'auth', 'testing123']
    return /Received Access-(\w+)/.exec((await runProgram('radclient', args, process.env, request)).stdout)?.[1]
  }

  test('a member of the group, whatever its name, is let in, and nobody else', async () => {
    expect(await asks('ada', 'ada-secret')).toBe('Accept')
    expect(await asks('ada', 'wrong')).toBe('Reject')
    expect(await asks('eve', 'eve-secret')).toBe('Reject')
    expect(await asks('nobody', 'x')).toBe('Reject')
  })
})

const apacheModules = '/usr/lib/apache2/modules'

/** What Debian's package brings beside the file of the page. Workers of a server that root starts need another user. */
const httpdConf = (folder: string, port: number) => `
ServerRoot ${folder}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${folder}/pid
ErrorLog ${folder}/error
User www-data
Group www-data
${['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'auth_basic', 'ldap', 'authnz_ldap']
  .map((name) => `LoadModule ${name}_module ${apacheModules}/mod_${name}.so`)
  .join('\n')}
DocumentRoot ${folder}/www
Include ${folder}/ready.conf
`

describeWithTool('apache2', 'Apache, with the file of the admin page', () => {
  let server: SetUpServer
  let apache: ChildProcess
  let folder: string
  let port: number

  beforeAll(async () => {
    server = await startSetUpServer()
    port = await freePort()
    folder = join(server.folder.path, 'apache')
    await mkdir(join(folder, 'www', 'internal'), { recursive: true })
    await writeFile(join(folder, 'www', 'internal', 'index.html'), 'welcome')
    for (const path of [server.folder.path, join(server.folder.path, 'data'), join(server.folder.path, 'data', 'tls')])
      await chmod(path, 0o755)
    const [text = ''] = (await server.files({ client: 'apache', group: hostileGroup })).values()
    await writeFile(join(folder, 'ready.conf'), server.withSecret(text))
    await writeFile(join(folder, 'httpd.conf'), httpdConf(folder, port))
    apache = spawn('/usr/sbin/apache2', ['-X', '-f', join(folder, 'httpd.conf')], { stdio: 'inherit' })
    while ((await asks('', '')) === undefined) if (apache.exitCode !== null) throw new Error('Apache did not start')
  })
  afterAll(async () => {
    if (apache.exitCode === null && apache.kill()) await once(apache, 'exit')
    await server[Symbol.asyncDispose]()
  })

  /** Status; undefined while nobody answers. */
  const asks = async (name: string, password: string) => {
    const headers = { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` }
    return await fetch(`http://127.0.0.1:${port}/internal/index.html`, { headers }).then(
      ({ status }) => status,
      () => undefined,
    )
  }

  test('a member of the group, whatever its name, is let in, and nobody else', async () => {
    expect(await asks('ada', 'ada-secret')).toBe(200)
    expect(await asks('ada', 'wrong')).toBe(401)
    expect(await asks('eve', 'eve-secret')).toBe(401)
    expect(await asks('nobody', 'x')).toBe(401)
  })
})
