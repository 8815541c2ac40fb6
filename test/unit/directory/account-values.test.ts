import { Secret, TOTP } from 'otpauth'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { attributeValues } from '../../../server/directory/entry-values.ts'
import { ada, admin, openTestAccounts, type TestAccounts } from '../../builders/sign-in-accounts.ts'

let opened: TestAccounts
beforeEach(async () => {
  opened = await openTestAccounts({ ntHash: true })
  await opened.accounts.passwords.set(ada, 'quiet otter paints seven violins', {}, admin)
})
afterEach(() => opened[Symbol.asyncDispose]())

function served(name: string): readonly string[] {
  const { view, schema } = opened.served
  const type = schema.attributeType(name)
  const slot = view.slotOfUuid(ada) ?? -1
  return type === undefined ? [] : Array.from(attributeValues(view, slot, { type, options: [] }), String)
}
const ntHashes = () => served('sambaNTPassword').length

test('pwdChangedTime is when the directory password was set, and goes with it', async () => {
  expect(served('pwdChangedTime')).toEqual(['20260301080000Z'])
  opened.clock.advance(60_000)
  await opened.accounts.passwords.reset(ada, admin)
  expect(served('pwdChangedTime')).toEqual(['20260301080100Z'])
  await opened.accounts.incidents.revoke(ada, { secondFactor: false }, admin)
  expect(served('pwdChangedTime')).toEqual([])
})

test('the NT hash is served as it is kept', async () => {
  expect(served('sambaNTPassword')).toEqual([await opened.sealed.read(['nt-hash', ada])])
})

test('no NT hash is served while sign-in is blocked, and again when the block is over', async () => {
  const until = new Date(opened.clock.now().getTime() + 60_000)
  await opened.accounts.incidents.block(ada, { reason: 'laptop stolen', until }, admin)
  expect(ntHashes()).toBe(0)
  opened.clock.advance(60_000)
  expect(ntHashes()).toBe(1)
})

test('no NT hash is served of who needs a second factor', async () => {
  const { secondFactors } = opened.accounts
  const { secret } = await secondFactors.begin(ada, admin)
  expect(ntHashes()).toBe(1)
  const app = new TOTP({ secret: Secret.fromBase32(secret.replaceAll(' ', '')) })
  await secondFactors.confirm(ada, app.generate({ timestamp: opened.clock.now().getTime() }), admin)
  expect(ntHashes()).toBe(0)
  await secondFactors.remove(ada, admin)
  expect(ntHashes()).toBe(1)
})

test('no NT hash is served of who is not active', async () => {
  const entry = opened.directory.entryByUuid(ada)
  if (entry === undefined) throw new Error('Ada is there')
  const disabled = { ...entry, attributes: new Map([...entry.attributes, ['userAccountControl', ['514']]]) }
  await opened.directory.commit({
    cause: { kind: 'server', id: 'test' },
    entries: [{ type: 'put', entry: disabled }],
    records: [],
  })
  expect(ntHashes()).toBe(0)
})

test('no NT hash is served after a reset, nor after credentials are revoked', async () => {
  await opened.accounts.passwords.reset(ada, admin)
  expect(ntHashes()).toBe(0)
  await opened.accounts.passwords.set(ada, 'eleven glaciers hum at midnight', {}, admin)
  expect(ntHashes()).toBe(1)
  await opened.accounts.incidents.revoke(ada, { secondFactor: false }, admin)
  expect(ntHashes()).toBe(0)
})
