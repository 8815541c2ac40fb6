import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { access, cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { delimiter, join } from 'node:path'
import 'reflect-metadata' // @peculiar/x509 does not start without it
import * as x509 from '@peculiar/x509'
import { hash } from 'bcryptjs'
import { runProgram } from '../builders/command-line.ts'

/*
 * What the benchmarks work with: the load generator, directories and slapd's databases of them, certificates. All are made once and
 * kept in node_modules/.cache/bench.
 */

const tools = join(import.meta.dirname, 'tools')
const cache = join(import.meta.dirname, '../../node_modules/.cache/bench')
/** People whose passwords are bcrypt hashes in the data for that: the first that the generator binds. */
export const hashedPeople = 64
const bcryptCost = 10

const programs = { cc: 'gcc', make: 'make', taskset: 'util-linux' } as const

export interface BenchData {
  /** LDIF. */
  readonly file: string
  /** What the load generator asks, and the right answers. */
  readonly answers: string
  /** A name that is in it. */
  readonly uid: string
  /** Of the folder with the database of slapd. */
  readonly slapdName: string
}

/** Throws an Error with the line that installs what is missing. */
export function checkMachine(withSlapd: boolean): void {
  const path = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']
  const has = (program: string) => path.some((folder) => existsSync(join(folder, program)))
  const packages: string[] = Object.entries(programs).flatMap(([program, name]) => (has(program) ? [] : [name]))
  if (!existsSync('/usr/include/openssl/ssl.h')) packages.push('libssl-dev')
  if (withSlapd && !has('slapd')) packages.push('slapd', 'slapd-contrib')
  if (packages.length > 0) throw new Error(`something is missing: apt-get install ${packages.join(' ')}`)
  if (availableParallelism() < 2) throw new Error('the benchmarks need two cores: one for the server, one for the load')
}

/** The path of the load generator. */
export async function loadGenerator(): Promise<string> {
  const folder = await made('ldapload', ['ldapload.c', 'Makefile'], async (making) => {
    await cp(tools, making, { recursive: true })
    await run('make', ['-s', '-C', making])
  })
  return join(folder, 'ldapload')
}

export async function benchData(users: number, groups: number): Promise<BenchData> {
  const folder = await made(`data-${users}-${groups}`, ['gendata.mjs'], async (making) => {
    const size = ['--users', String(users), '--groups', String(groups)]
    await run(process.execPath, [join(tools, 'gendata.mjs'), '--out', making, ...size])
  })
  return await dataOf(folder, 'data.ldif', `slapd-${users}-${groups}`)
}

/** The same with bcrypt in place of the hashes of the first {@link hashedPeople}. */
export async function bcryptData(users: number, groups: number): Promise<BenchData> {
  const { file, answers } = await benchData(users, groups)
  const folder = await made(`bcrypt-${users}-${groups}`, ['gendata.mjs'], async (making) => {
    let ldif = await readFile(file, 'utf8')
    for (const line of (await rowsOf(answers)).slice(0, hashedPeople)) {
      const [uid = '', dn = '', password = ''] = line.split('\t')
      const start = ldif.indexOf(`dn: ${dn}\n`)
      const end = ldif.indexOf('\n\n', start)
      const hashed = `userPassword: {CRYPT}${await hash(password, bcryptCost)}`
      const entry = ldif.slice(start, end).replace(/^userPassword:.*$/m, () => hashed)
      if (start < 0 || !entry.includes(hashed)) throw new Error(`${uid} is not in ${file}`)
      ldif = ldif.slice(0, start) + entry + ldif.slice(end)
    }
    await writeFile(join(making, 'data.ldif'), ldif)
    await cp(answers, join(making, 'load.tsv'))
  })
  return await dataOf(folder, 'data.ldif', `slapd-bcrypt-${users}-${groups}`)
}

async function dataOf(folder: string, name: string, slapdName: string): Promise<BenchData> {
  const answers = join(folder, 'load.tsv')
  const [row = ''] = await rowsOf(answers)
  return { file: join(folder, name), answers, uid: row.split('\t')[0] ?? '', slapdName: slapdName }
}

/** Loads the data into a database of slapd, which stays; gives its folder. */
export async function slapdDatabase({ file, slapdName }: BenchData): Promise<string> {
  return await made(slapdName, ['gendata.mjs', 'reference/slapd.sh', 'reference/hosts.schema'], async (making) => {
    await run(join(tools, 'reference/slapd.sh'), ['load', join(file, '..'), making])
  })
}

export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
}

const keyKinds = {
  'P-256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'RSA-2048': {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: 2048,
  },
} as const

/** A certificate for loopback that nobody has signed. */
export async function certificate(kind: keyof typeof keyKinds, folder: string): Promise<CertificateFiles> {
  const algorithm = keyKinds[kind]
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=localhost',
    keys,
    signingAlgorithm: algorithm,
    notAfter: new Date(Date.now() + 30 * 86_400_000),
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
  })
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  const files = { certFile: join(folder, `${kind}.crt`), keyFile: join(folder, `${kind}.key`) }
  await writeFile(files.certFile, made.toString('pem'))
  await writeFile(files.keyFile, x509.PemConverter.encode(Buffer.from(key, 'base64'), 'PRIVATE KEY'), { mode: 0o600 })
  return files
}

/** A folder of the cache; made anew once the tools that made it change, and in its place only when it is whole. */
async function made(name: string, madeOf: readonly string[], make: (folder: string) => Promise<void>): Promise<string> {
  const sum = createHash('sha256')
  for (const file of madeOf) sum.update(await readFile(join(tools, file)))
  const folder = join(cache, `${name}-${sum.digest('hex').slice(0, 8)}`)
  if (await isThere(folder)) return folder
  await mkdir(cache, { recursive: true })
  const making = await mkdtemp(`${folder}.`)
  try {
    await make(making)
    await rename(making, folder)
  } catch (error) {
    await rm(making, { recursive: true })
    throw error
  }
  return folder
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await runProgram(program, args)
  if (exitCode !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr.trim()}`)
}

async function rowsOf(answers: string): Promise<readonly string[]> {
  return (await readFile(answers, 'utf8')).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )
