import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { makeServerCertificate } from '../../demo/https/certificate.ts'
import { runProgram } from './command-line.ts'
import { freePort } from './free-port.ts'

const extraSchema = fileURLToPath(new URL('../fixtures/migrate/extra.schema', import.meta.url))

export interface OpenLdap extends AsyncDisposable {
  readonly url: string
  readonly ldapsUrl: string
  readonly rootDn: string
  readonly rootPassword: string
  readonly caPem: string
  readonly configFile: string
}

export interface OpenLdapOptions {
  readonly suffix: string
  readonly ldif: string
  /** DN that may read everything without a size limit, beside entries that have a password. */
  readonly rootDn?: string
  /** Loopback address; the certificate is for localhost and 127.0.0.1. */
  readonly address?: string
  /** false: no StartTLS and no working ldaps. */
  readonly hasCertificate?: boolean
  /** Lines of slapd.conf for the database. */
  readonly databaseSettings?: string
}

/** Debian's slapd on loopback ports of the system's choice, with the entries of an LDIF file. */
export async function startOpenLdap(options: OpenLdapOptions): Promise<OpenLdap> {
  const {
    suffix,
    ldif,
    rootDn = `cn=admin,${suffix}`,
    databaseSettings = '',
    address = '127.0.0.1',
    hasCertificate = true,
  } = options
  const folder = await mkdtemp(join(tmpdir(), 'rosterd-slapd-'))
  const { caPem, certificatePem, keyPem } = await makeServerCertificate()
  const path = (name: string) => join(folder, name)
  await mkdir(path('db'))
  await writeFile(path('server.pem'), certificatePem)
  await writeFile(path('server.key'), keyPem)
  await writeFile(path('data.ldif'), ldif)
  const schemas = ['core', 'cosine', 'inetorgperson', 'nis'].map((name) => `include /etc/ldap/schema/${name}.schema`)
  const rootPassword = 'old-Admin-Secret-1'
  await writeFile(
    path('slapd.conf'),
    `${schemas.join('\n')}
include ${extraSchema}
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
pidfile ${path('slapd.pid')}
${hasCertificate ? `TLSCertificateFile ${path('server.pem')}\nTLSCertificateKeyFile ${path('server.key')}` : ''}
database mdb
suffix "${suffix}"
rootdn "${rootDn}"
rootpw ${rootPassword}
directory ${path('db')}
maxsize 268435456
dbnosync
access to attrs=userPassword by anonymous auth by * none
access to * by users read by anonymous auth
${databaseSettings.replace('SECOND', folder)}
`,
  )
  // Products do not keep to the schema in everything: -s loads their entries all the same.
  const loaded = await runProgram('/usr/sbin/slapadd', ['-q', '-s', '-f', path('slapd.conf'), '-l', path('data.ldif')])
  if (loaded.exitCode !== 0) throw new Error(`slapadd: ${loaded.stderr}`)
  const { child, exited, port, tlsPort } = await startListening(folder, address)
  return {
    url: `ldap://${address}:${port}`,
    ldapsUrl: `ldaps://${address}:${tlsPort}`,
    rootDn,
    rootPassword,
    caPem,
    configFile: path('slapd.conf'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await exited
      await rm(folder, { recursive: true })
    },
  }
}

/** Others start servers too: a port that was free a moment ago may be theirs. With both ports its own, slapd writes its pid. */
async function startListening(folder: string, address: string, attemptsLeft = 3): Promise<Listening> {
  const [port, tlsPort] = [await freePort(address), await freePort(address)]
  const urls = `ldap://${address}:${port}/ ldaps://${address}:${tlsPort}/`
  const child = spawn('/usr/sbin/slapd', ['-d', '0', '-f', join(folder, 'slapd.conf'), '-h', urls], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  while (child.exitCode === null && child.signalCode === null) {
    if (existsSync(join(folder, 'slapd.pid')) && (await answers(address, port)) && (await answers(address, tlsPort)))
      return { child, exited, port, tlsPort }
    await delay(10)
  }
  if (attemptsLeft === 0) throw new Error(`slapd did not start: ${urls}`)
  return await startListening(folder, address, attemptsLeft - 1)
}

interface Listening {
  readonly child: ChildProcess
  readonly exited: Promise<unknown>
  readonly port: number
  readonly tlsPort: number
}

function answers(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address, () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
