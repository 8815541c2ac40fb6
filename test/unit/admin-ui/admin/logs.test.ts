import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type AdministeredServer,
  startAdministeredServer,
  type Visitor,
} from '../../../builders/administered-server.ts'

let server: AdministeredServer
let auditor: Visitor

beforeAll(async () => {
  server = await startAdministeredServer()
  await server.admin('eve', 'auditor')
  auditor = await server.signedIn('eve')
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

function happened(name: string, more: object = {}): void {
  const { clock, operationLog } = server
  const operation = { operation: 'bind', dn: name, identity: name, result: 'success', remoteAddress: '192.0.2.7' }
  const line = { event: 'operation', time: clock.now().toISOString(), ...operation, durationMs: 2, ...more }
  operationLog.take(Buffer.from(`${JSON.stringify(line)}\n`))
}

/** Names of the rows. */
async function namesOf(query: string): Promise<readonly string[]> {
  const answer = await auditor.get(`/admin/logs?${query}`)
  expect(answer.status).toBe(200)
  return [...(await answer.text()).matchAll(/<td class="name">([^<]*)</g)].map(([, name = '']) => name)
}

test('a server that nobody has bound to says what will be there', async () => {
  expect(await (await auditor.get('/admin/logs')).text()).toContain('Nothing yet.')
})

test('operations are filtered by name, address, operation and result', async () => {
  happened('ada')
  happened('bob', { result: 'invalidCredentials', identity: 'anonymous', reason: 'wrong password' })
  happened('', { operation: 'search', result: 'success', isUnindexed: true, entries: 3, remoteAddress: '10.0.0.1' })
  expect(await namesOf('')).toEqual(['', 'bob', 'ada'])
  expect(await namesOf('search=ADA')).toEqual(['ada'])
  expect(await namesOf('search=wrong')).toEqual(['bob'])
  expect(await namesOf('address=10.')).toEqual([''])
  expect(await namesOf('operation=search')).toEqual([''])
  expect(await namesOf('result=failure')).toEqual(['bob'])
  expect(await namesOf('result=invalidCredentials&address=10.')).toEqual([])
})

test('a refused bind leads to its explanation', async () => {
  const page = await (await auditor.get('/admin/logs?search=bob')).text()
  expect(page).toContain('wrong password')
  expect(page).toContain('href="/admin/explain?name&#x3D;bob&amp;address&#x3D;192.0.2.7">Why?')
})

test('pages go on where the one before ended, and hold the filters', async () => {
  for (let number = 0; number < 120; number += 1) happened(`many${number}`)
  const first = await (await auditor.get('/admin/logs?search=many')).text()
  const [, next = ''] = /rel="next" href="\/admin\/logs\?([^"]+)"/.exec(first) ?? []
  const query = next.replaceAll('&#x3D;', '=').replaceAll('&amp;', '&')
  expect(await namesOf(query)).toEqual(Array.from({ length: 50 }, (_, index) => `many${69 - index}`))
  expect(await (await auditor.get(`/admin/logs?${query}`)).text()).toContain('Back to the latest')
})

test('is downloaded as the filters show it, without formulas', async () => {
  happened('=cmd()', { result: 'invalidCredentials', identity: 'anonymous' })
  const csv = await (await auditor.get('/admin/logs.csv?search=cmd')).text()
  expect(csv).toBe(
    `time,operation,name,address,result,reason,boundAs,entries,unindexed,milliseconds\r\n${server.clock.now().toISOString()},bind,'=cmd(),192.0.2.7,invalidCredentials,,anonymous,,,2\r\n`,
  )
})

test('an address that asks for what there is not is refused', async () => {
  expect((await auditor.get('/admin/logs?before=x')).status).toBe(400)
  expect((await auditor.post('/admin/logs')).status).toBe(405)
})
