import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { cpus } from 'node:os'
import { FrameReader } from '../../server/ldap/frame-reader.ts'
import { BerReader, Tag } from '../../server/protocol/ber-reader.ts'
import { element, textElement } from '../../server/protocol/ber-writer.ts'
import { Oid } from '../../server/protocol/oids.ts'
import { bindOperation, control, message, pagedResultsValue, searchOperation } from '../builders/client-requests.ts'
import { configuredFolder } from '../builders/command-line.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { peopleLdif, reader, suffix } from '../builders/running-ldap-server.ts'

/*
 * How long a client with indexed searches waits while neighbours enumerate, scan and sort. Prints JSON. The server and each neighbour
 * are processes of their own; the neighbours begin again as soon as they have their answer.
 *
 *     npm run bench:fairness -- [people] [searches]
 */

const neighbours = ['enumerating', 'scanning', 'sorting'] as const
type Neighbour = (typeof neighbours)[number]
const pageSize = 500

const [mode = '', port = ''] = process.argv.slice(2)
const neighbour = neighbours.find((name) => name === mode)
if (neighbour) await trouble(neighbour, Number(port))
else await measureAll(Number(mode || 20_000), Number(port || 5_000))

async function measureAll(people: number, searches: number): Promise<void> {
  await using folder = await configuredFolder({}, directoryOf(people))
  await using server = await folder.serve()
  const results: Record<string, object> = {}
  for (const company of [
    [],
    ['enumerating'],
    ['scanning'],
    ['enumerating', 'scanning'],
    ['sorting'],
  ] as Neighbour[][]) {
    await using troubling = await startNeighbours(company, server.ports.ldap)
    void troubling
    results[company.join(' and ') || 'idle'] = await latencies(server.ports.ldap, people, searches)
  }
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`
  process.stdout.write(
    `${JSON.stringify({ date: new Date().toISOString(), node: process.version, machine, people, searches, milliseconds: results }, null, 2)}\n`,
  )
}

/** Latencies of indexed searches, one after the other. */
async function latencies(ldapPort: number, people: number, searches: number): Promise<object> {
  await using client = await RawLdapClient.connect(ldapPort)
  await client.bind(reader.dn, reader.password)
  const taken: number[] = []
  for (let i = -200; i < searches; i += 1) {
    const filter = `(&(objectClass=posixAccount)(uid=p${(Math.abs(i) * 7919) % people}))`
    const before = performance.now()
    const { entries } = await client.search({ filter })
    if (entries.length !== 1) throw new Error(`${filter} found ${entries.length} entries`)
    if (i >= 0) taken.push(performance.now() - before)
  }
  taken.sort((a, b) => a - b)
  const at = (share: number) =>
    Number((taken[Math.min(taken.length - 1, Math.floor(share * taken.length))] ?? 0).toFixed(2))
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), most: at(1) }
}

async function startNeighbours(company: readonly Neighbour[], ldapPort: number): Promise<AsyncDisposable> {
  const children = company.map((name) =>
    spawn(process.execPath, [import.meta.filename, name, String(ldapPort)], { stdio: ['ignore', 'pipe', 'inherit'] }),
  )
  for (const child of children) await once(child.stdout, 'data')
  return {
    async [Symbol.asyncDispose]() {
      for (const child of children) {
        const ended = once(child, 'exit')
        child.kill()
        await ended
      }
    },
  }
}

/** Asks for ever; prints a line when the first answer is complete. */
async function trouble(kind: Neighbour, ldapPort: number): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port: ldapPort, noDelay: true })
  const frames = new FrameReader()
  const ask = async (...request: Parameters<typeof message>): Promise<Buffer> => {
    socket.write(message(...request))
    return await lastMessage(socket, frames)
  }
  await ask(1, bindOperation(reader.dn, reader.password))
  const everybody = searchOperation({ filter: '(objectClass=posixAccount)' })
  const unindexed = searchOperation({ filter: '(|(description=*nobody*)(gecos=*has this*))' })
  const key = element(Tag.sequence, textElement(Tag.octetString, 'gecos'))
  const byName = control(Oid.sortRequest, true, element(Tag.sequence, key))
  let cookie: Buffer = Buffer.alloc(0)
  for (let asked = 0; ; asked += 1) {
    if (kind === 'scanning') await ask(2, unindexed)
    else if (kind === 'sorting') await ask(2, everybody, byName)
    else
      cookie = cookieOf(await ask(2, everybody, control(Oid.pagedResults, true, pagedResultsValue(pageSize, cookie))))
    if (asked === 0) process.stdout.write('under way\n')
  }
}

/** Reads past entries, without looking into them: a neighbour should cost the server's machine little. */
async function lastMessage(socket: Socket, frames: FrameReader): Promise<Buffer> {
  for (;;) {
    for (let frame = frames.next(Number.MAX_SAFE_INTEGER); frame; frame = frames.next(Number.MAX_SAFE_INTEGER)) {
      const reader = new BerReader(frame).readConstructed(Tag.sequence)
      reader.readInteger()
      if (reader.peekTag() !== 0x64) return frame
    }
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    frames.push(chunk)
  }
}

/** The cookie is the last thing in a SearchResultDone with the control. */
function cookieOf(done: Buffer): Buffer {
  const reader = new BerReader(done).readConstructed(Tag.sequence)
  reader.readInteger()
  reader.readConstructed(reader.peekTag())
  const listed = reader.readConstructed(0xa0).readConstructed(Tag.sequence)
  listed.readText()
  if (listed.peekTag() === Tag.boolean) listed.readBoolean()
  const value = new BerReader(listed.readOctets()).readConstructed(Tag.sequence)
  value.readInteger()
  return value.readOctets()
}

function directoryOf(people: number): string {
  const person = (i: number) => `dn: uid=p${i},ou=people,${suffix}
objectClass: inetOrgPerson
objectClass: posixAccount
uid: p${i}
cn: Person Number ${i}
sn: Number ${i}
givenName: Person
mail: p${i}@example.com
mail: person.number.${i}@example.com
telephoneNumber: +1 555 ${i}
uidNumber: ${100_000 + i}
gidNumber: 20000
homeDirectory: /home/p${i}
loginShell: /bin/bash
gecos: Person Number ${(i * 7919) % people}
description: Somebody of the department number ${i % 100}, who has been with us for ${i % 30} years
`
  return `${peopleLdif}\n${Array.from({ length: people }, (_, i) => person(i)).join('\n')}`
}
