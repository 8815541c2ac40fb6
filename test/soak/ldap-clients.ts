import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import { BerReader, Tag } from '../../server/protocol/ber-reader.ts'
import { element } from '../../server/protocol/ber-writer.ts'
import { Oid } from '../../server/protocol/oids.ts'
import { ResultCode } from '../../server/protocol/result-code.ts'
import {
  bindOperation,
  compareOperation,
  control,
  extendedOperation,
  message,
  pagedResultsValue,
  searchOperation,
} from '../builders/client-requests.ts'
import { RawLdapClient, type ReceivedEntry, type ReceivedResult } from '../builders/raw-ldap-client.ts'
import { reader } from '../builders/running-ldap-server.ts'
import { mutate } from '../fuzz/mutate.ts'
import { throwAt } from '../fuzz/throw-at.ts'
import { validRequests } from '../fuzz/valid-requests.ts'
import { dnOf, isComer, leisure, newPassword, type Site } from './site.ts'

/** Goes on until it is over; throws when an answer is wrong or missing. */
export type Load = (site: Site, isOver: () => boolean) => Promise<void>

/** So long a client waits before its next round. */
const pauseMs = 50 * leisure
const everybody = '(objectClass=posixAccount)'

export const ldapClients: readonly Load[] = [
  staying(false),
  staying(true),
  again(bindsAndLeaves),
  again(startsTls),
  again(enumerates),
  again(readsSlowly, 500 * leisure),
  again(hangsUp),
  again(sendsNonsense),
  again(changesPassword, 200 * leisure),
]

/** One round after the other. */
export function again(round: (site: Site) => Promise<void>, waitMs = pauseMs): Load {
  return async (site, isOver) => {
    while (!isOver()) {
      await round(site)
      const nextMs = performance.now() + waitMs
      while (!isOver() && performance.now() < nextMs) await delay(pauseMs)
    }
  }
}

/** A client on one connection from the first minute to the last. */
function staying(isEncrypted: boolean): Load {
  return async (site, isOver) => {
    await using client = await (isEncrypted ? site.connectTls() : RawLdapClient.connect(site.server.ports.ldap))
    await bindAsReader(client)
    while (!isOver()) {
      const indexed = await client.search({ filter: '(uid=worker1)' })
      expect(namesOf(indexed)).toEqual([dnOf('worker1')])
      const unindexed = await client.search({ filter: '(gecos=*worker 1*)' })
      expect(namesOf(unindexed)).toContain(dnOf('worker1'))
      const groups = await client.search({ filter: '(&(objectClass=posixGroup)(memberUid=worker1))' })
      expect([groups.resultCode, groups.entries.length > 0]).toEqual([ResultCode.success, true])
      expect(namesOf(await client.search({ filter: '(uid=nobody-of-this-name)' }))).toEqual([])
      const compared = await client.request(3, compareOperation(dnOf('worker1'), 'uid', 'worker1'))
      expect(compared.resultCode).toBe(ResultCode.compareTrue)
      site.count('searches')
      await delay(pauseMs)
    }
  }
}

async function bindsAndLeaves(site: Site): Promise<void> {
  await using client = await site.connectTls()
  expect((await client.bind(dnOf('worker2'), 'none of theirs')).resultCode).toBe(ResultCode.invalidCredentials)
  expect((await client.bind('worker2', site.password)).resultCode).toBe(ResultCode.success)
  expect(namesOf(await client.search({ filter: '(uid=worker2)' }))).toEqual([dnOf('worker2')])
  site.count('binds')
}

async function startsTls(site: Site): Promise<void> {
  await using client = await RawLdapClient.connect(site.server.ports.ldap)
  expect((await client.request(1, extendedOperation(Oid.startTls))).resultCode).toBe(ResultCode.success)
  await site.startTls(client)
  await bindAsReader(client)
  const { responseValue } = await client.request(2, extendedOperation(Oid.whoAmI))
  expect(responseValue?.toString()).toBe(`dn:${reader.dn}`)
  site.count('StartTLS')
}

async function enumerates(site: Site): Promise<void> {
  await using client = await site.connectTls()
  await bindAsReader(client)
  const found: ReceivedEntry[] = []
  for (let cookie: Buffer | undefined = Buffer.alloc(0); cookie !== undefined; ) {
    const page: ReceivedResult = await client.search(
      { filter: everybody },
      2,
      control(Oid.pagedResults, true, pagedResultsValue(100, cookie)),
    )
    expect(page.resultCode).toBe(ResultCode.success)
    found.push(...page.entries)
    cookie = cookieOf(page)
  }
  expectEverybody(site, found)
  site.count('enumerations')
}

/** Asks for much, reads nothing for a while, then everything. */
async function readsSlowly(site: Site): Promise<void> {
  await using client = await RawLdapClient.connect(site.server.ports.ldap)
  await bindAsReader(client)
  client.pause()
  const ids = Array.from({ length: 20 }, (_, index) => index + 2)
  client.send(...ids.map((id) => message(id, searchOperation({ filter: everybody }))))
  await delay(500)
  client.resume()
  const answered: (number | undefined)[] = []
  while (answered.length < ids.length) {
    const answer = await client.next()
    expect(answer?.resultCode).toBe(ResultCode.success)
    expectEverybody(site, answer?.entries ?? [])
    answered.push(answer?.messageId)
  }
  expect(new Set(answered)).toEqual(new Set(ids))
  site.count('slow readers')
}

async function hangsUp(site: Site): Promise<void> {
  await using client = await RawLdapClient.connect(site.server.ports.ldap)
  await bindAsReader(client)
  client.send(
    message(2, searchOperation({ filter: everybody })),
    message(3, searchOperation({ filter: '(gecos=*x*)' })),
  )
  client.destroy()
  site.count('hung up')
}

async function sendsNonsense({ random, server, count }: Site): Promise<void> {
  const parts = Array.from({ length: 1 + random.below(10) }, () => mutate(random.pick(validRequests), random))
  if (random.next() < 0.7) parts.unshift(message(1, bindOperation(reader.dn, reader.password)))
  await throwAt(server.ports.ldap, parts)
  count('malformed')
}

async function changesPassword(site: Site): Promise<void> {
  const before = await site.setPassword('worker3')
  await using client = await site.connectTls()
  expect((await client.bind(dnOf('worker3'), before)).resultCode).toBe(ResultCode.success)
  const password = newPassword()
  const parts = [element(0x81, Buffer.from(before)), element(0x82, Buffer.from(password))]
  const changed = await client.request(2, extendedOperation(Oid.passwordModify, element(0x30, ...parts)))
  expect(changed.resultCode).toBe(ResultCode.success)
  await using later = await site.connectTls()
  expect((await later.bind(dnOf('worker3'), before)).resultCode).toBe(ResultCode.invalidCredentials)
  expect((await later.bind(dnOf('worker3'), password)).resultCode).toBe(ResultCode.success)
  site.count('passwords changed')
}

export async function bindAsReader(client: RawLdapClient): Promise<void> {
  expect((await client.bind(reader.dn, reader.password)).resultCode).toBe(ResultCode.success)
}

function namesOf({ resultCode, entries }: ReceivedResult): readonly string[] {
  expect(resultCode).toBe(ResultCode.success)
  return entries.map(({ dn }) => dn)
}

/** Undefined: that was the last page. */
function cookieOf({ controls }: ReceivedResult): Buffer | undefined {
  const value = new BerReader(controls.get(Oid.pagedResults) ?? Buffer.alloc(0)).readConstructed(Tag.sequence)
  value.readInteger()
  const cookie = value.readOctets()
  return cookie.length === 0 ? undefined : cookie
}

/** Everybody who stays is there once with the number they always had, and nobody else but who comes and goes. */
function expectEverybody({ people }: Site, entries: readonly ReceivedEntry[]): void {
  const staying = entries.filter(({ dn }) => !isComer(dn))
  const wrong = staying.filter(({ dn, attributes }) => attributes.get('uidNumber')?.[0] !== people.get(dn))
  expect([wrong.map(({ dn }) => dn), staying.length, new Set(staying.map(({ dn }) => dn)).size]).toEqual([
    [],
    people.size,
    people.size,
  ])
}
