import { afterEach, beforeEach, expect, test } from 'vitest'
import { appPasswordMac, parseAppPassword } from '../../../../server/directory/credentials/app-password-format.ts'
import { credentialsOf } from '../../../../server/directory/credentials/sign-in-context.ts'
import { signInHistory } from '../../../../server/directory/credentials/sign-in-history.ts'
import { ada, admin, openTestAccounts, type TestAccounts } from '../../../builders/sign-in-accounts.ts'

let opened: TestAccounts
beforeEach(async () => {
  opened = await openTestAccounts()
})
afterEach(() => opened[Symbol.asyncDispose]())

const apps = () => opened.accounts.appPasswords
const add = (name: string, more: object = {}) => apps().add(ada, { name, ...more }, admin)

test('an app password is found by its id and checked by its MAC; nothing of it is stored or logged', async () => {
  const { password, added } = await add('  phone ', {
    networks: ['192.0.2.0/24'],
    expiresAt: new Date('2026-04-01T00:00:00Z'),
  })
  expect(added).toEqual({
    id: parseAppPassword(password)?.id,
    name: 'phone',
    createdAt: '2026-03-01T08:00:00.000Z',
    expiresAt: '2026-04-01T00:00:00.000Z',
    networks: ['192.0.2.0/24'],
    lastUse: null,
  })
  const record = (await credentialsOf(opened.directory.store, ada)).get(`app:${added.id}`)
  const key = await opened.macKeys.get('app-password')
  expect(record).toMatchObject({ mac: appPasswordMac(key, { text: password }).toString('base64') })
  expect(JSON.stringify([record, opened.logged])).not.toContain(password.slice(9))
})

test('several have each a name of their own, are listed, and end one by one', async () => {
  const phone = await add('phone')
  opened.clock.advance(1000)
  const printer = await add('printer')
  expect(await apps().list(ada)).toEqual([phone.added, printer.added])
  await expect(add('phone')).rejects.toThrow('there is an app password "phone" already')
  expect(await apps().revoke(ada, phone.added.id, admin)).toBe(true)
  expect(await apps().revoke(ada, phone.added.id, admin)).toBe(false)
  expect(await apps().list(ada)).toEqual([printer.added])
  expect(await signInHistory(opened.directory.store, ada)).toMatchObject([
    { by: 'admin:root', event: 'app password revoked', details: { name: 'phone' } },
    { event: 'app password added', details: { name: 'printer' } },
    { event: 'app password added', details: { name: 'phone' } },
  ])
})

test('the last use is the latest of that password, wherever it was', async () => {
  const { added } = await add('phone')
  const use = (credential: string, at: string, address: string) => ({ credential, at, address, binder: null })
  const uses = [
    use('directory', '2026-03-01T12:00:00.000Z', '192.0.2.1'),
    use(`app:${added.id}`, '2026-03-01T11:00:00.000Z', '192.0.2.2'),
    use(`app:${added.id}`, '2026-03-01T10:00:00.000Z', '192.0.2.3'),
  ]
  await opened.directory.commit({
    cause: { kind: 'server', id: 'test' },
    entries: [],
    records: [{ collection: 'activity', key: ['person', ada], value: { uses } }],
  })
  const [listed] = await apps().list(ada)
  expect(listed?.lastUse).toEqual({ at: '2026-03-01T11:00:00.000Z', address: '192.0.2.2' })
})

test('revoking ends nothing but app passwords', async () => {
  await opened.accounts.passwords.set(ada, 'quiet otter paints seven violins', {}, admin)
  for (const id of ['directory', '', '../directory']) expect(await apps().revoke(ada, id, admin)).toBe(false)
  expect((await credentialsOf(opened.directory.store, ada)).has('directory')).toBe(true)
})

test.each([
  ['no name', { name: ' ' }, 'cannot be the name'],
  ['a name that moves the cursor', { name: 'phone\u001b[2K' }, 'cannot be the name'],
  ['a name of 65 characters', { name: 'x'.repeat(65) }, 'cannot be the name'],
  ['a network that is none', { name: 'phone', networks: ['192.0.2.0/99'] }, '"192.0.2.0/99"'],
  ['an end that is over', { name: 'phone', expiresAt: new Date('2026-03-01T08:00:00Z') }, 'name a time to come'],
])('one with %s is refused', async (_, { name, ...more }, message) => {
  await expect(add(name, more)).rejects.toThrow(message)
  expect(await apps().list(ada)).toEqual([])
})

test('nobody has more than twenty', async () => {
  for (let n = 1; n <= 20; n += 1) await add(`app ${n}`)
  await expect(add('another')).rejects.toThrow('there are 20 app passwords already')
})
