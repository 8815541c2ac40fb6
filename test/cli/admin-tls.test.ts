import { writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeServerCertificate, type ServerCertificate } from '../../demo/https/certificate.ts'
import { type ConfiguredFolder, configuredFolder, type ServingProcess } from '../builders/command-line.ts'

let folder: ConfiguredFolder
let server: ServingProcess
let first: ServerCertificate
let second: ServerCertificate

beforeAll(async () => {
  first = await makeServerCertificate()
  second = await makeServerCertificate()
  folder = await configuredFolder({
    admin: {
      host: '127.0.0.1',
      port: 0,
      publicUrl: 'https://localhost:8443',
      tls: { certFile: 'admin.pem', keyFile: 'admin.key' },
    },
  })
  await write(first)
  server = await folder.serve()
})
afterAll(() => folder[Symbol.asyncDispose]())

async function write({ certificatePem, keyPem }: Pick<ServerCertificate, 'certificatePem' | 'keyPem'>): Promise<void> {
  await writeFile(join(folder.path, 'admin.pem'), certificatePem)
  await writeFile(join(folder.path, 'admin.key'), keyPem)
}

/** Over a connection of its own, to a server that this authority vouches for. */
async function ask(ca: string, path: string, form?: string): Promise<IncomingMessage> {
  const headers = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' }
  const asked = request({
    host: 'localhost',
    port: server.ports.admin,
    path,
    ca,
    agent: false,
    ...(form === undefined ? {} : { method: 'POST', headers }),
  })
  asked.end(form)
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  answer.resume()
  return answer
}

test('pages come by HTTPS alone, and browsers are told to stay with it', async () => {
  const answer = await ask(first.caPem, '/healthz')
  expect(answer.statusCode).toBe(200)
  expect(answer.headers['strict-transport-security']).toBe('max-age=31536000')
  await expect(fetch(`http://localhost:${server.ports.admin}/healthz`)).rejects.toThrow()
})

test('cookies are for this host and for HTTPS alone', async () => {
  const made = await folder.run('admin', 'create', 'ada', '--role', 'owner')
  const path = /https:\/\/localhost:8443(\/admin\/setup\/\S+)/.exec(made.stdout)?.[1] ?? ''
  const password = 'quiet+otter+paints+seven+violins'
  const answer = await ask(first.caPem, path, `name=ada&password=${password}&again=${password}`)
  expect(answer.statusCode).toBe(303)
  expect(answer.headers['set-cookie']).toEqual([
    expect.stringMatching(/^__Host-rosterd-admin=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
  ])
})

test('files that change are used for new connections; bad ones are refused, and the certificate before them stays', async () => {
  await write(second)
  process.kill(server.pid, 'SIGHUP')
  await server.printed('certificate of the admin page is new')
  expect((await ask(second.caPem, '/healthz')).statusCode).toBe(200)
  await expect(ask(first.caPem, '/healthz')).rejects.toThrow()

  await write({ certificatePem: first.certificatePem, keyPem: second.keyPem })
  process.kill(server.pid, 'SIGHUP')
  await server.printed('certificate could not be read')
  expect((await ask(second.caPem, '/healthz')).statusCode).toBe(200)
})

test('check says what is wrong with the files', async () => {
  await writeFile(join(folder.path, 'admin.pem'), 'no certificate')
  const checked = await folder.run('check', '--offline')
  expect(checked.exitCode).toBe(1)
  expect(checked.stdout).toMatch(/^FAIL admin: certificate: /m)
})
