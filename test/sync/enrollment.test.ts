import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { SimulatedTenants } from '../../demo/simulated-tenants.ts'
import type { DirectoryStore } from '../../server/directory/directory-store.ts'
import { openMemoryStore } from '../../server/storage/memory-store.ts'
import { askFirstRecords } from '../../sync/enrollment/restored-store.ts'
import { createDelivery } from '../../sync/reporting/delivery.ts'
import { readOutbox } from '../../sync/reporting/outbox.ts'
import { mailSender, notificationSender } from '../../sync/reporting/senders.ts'
import { type MailReceiver, type ReceivedMail, startMailReceiver } from '../builders/mail-receiver.ts'
import { type FakeClock, fakeClock } from './fake-clock.ts'
import { entraSettings, openSync, startTrustedTenants, values } from './sync-fixture.ts'

const userId = (n: number) => `a0000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const groupId = 'b0000000-0000-4000-8000-000000000001'
const address = (n: number) => `u${n}@contoso.example`
const day = 86_400_000

const parts = new AsyncDisposableStack()
afterAll(() => parts.disposeAsync())

let tenants: SimulatedTenants
let receiver: MailReceiver
let store: DirectoryStore
let clock: FakeClock
beforeEach(async () => {
  tenants = parts.use(await startTrustedTenants({ data: 'empty' }))
  receiver = parts.use(await startMailReceiver({ isClearOnly: true }))
  store = openMemoryStore()
  clock = fakeClock()
})

const truth = () => tenants.entra.tenant.directory
const addUsers = (from: number, to: number) => {
  for (let n = from; n <= to; n++)
    truth().addUser({
      id: userId(n),
      userPrincipalName: address(n),
      mail: address(n),
      displayName: `User ${n}`,
    })
}

/** A server's parts around the store, under one enrollment setting; closing none of them loses anything. */
async function opened(enrollment: string, settings: object = {}) {
  const smtp = { url: receiver.url, from: 'rosterd@corp.example' }
  const sync = await openSync({
    providers: [entraSettings(tenants, { enrollment })],
    settings: { smtp, organization: 'Example', admin: { publicUrl: 'https://ldap.example.com/' }, ...settings },
    store,
    clock,
  })
  const { directory, engine, config, logger, mailServer, enrollment: people } = sync
  const delivery = createDelivery({
    directory,
    clock,
    logger,
    senders: {
      mail: mailSender(mailServer),
      invitation: people.sender,
      notification: notificationSender(config, () => Promise.reject(new Error('there are none')), clock),
    },
  })
  return {
    people,
    control: engine.control,
    logged: sync.logged,
    deliver: () => delivery.deliverDue(new AbortController().signal),
    async run() {
      const report = await engine.run('contoso', { trigger: 'schedule' })
      expect(report.error).toBe(null)
      return report
    },
    served: () =>
      [...directory.entries()].flatMap(({ dn }) => (dn.startsWith('uid=') ? [dn.split(',')[0]?.slice(4)] : [])).sort(),
    entry: (n: number) => directory.entryByUuid(userId(n)),
    reasonFor: async (n: number) => (await engine.explain(address(n)))[0]?.decision,
  }
}

const invitations = () => receiver.mails.filter(({ text }) => text.includes('/enroll/'))
const recipients = () => invitations().flatMap(({ recipients }) => recipients)

function tokenIn(mail: ReceivedMail | undefined): string {
  const [, token] = /^https:\/\/ldap\.example\.com\/enroll\/([\w-]{43})$/m.exec(mail?.text ?? '') ?? []
  if (token === undefined) throw new Error(`there is no link in ${mail?.text}`)
  return token
}

describe('who is asked about first', () => {
  test('everybody of a first run waits, invited and not served, and the administrators are told', async () => {
    addUsers(1, 3)
    const server = await opened('send-enrollment-email', {
      smtp: { url: receiver.url, from: 'rosterd@corp.example', reportTo: ['ops@corp.example'] },
    })
    await server.run()
    await server.deliver()
    expect(server.served()).toEqual([])
    expect(await server.reasonFor(1)).toMatchObject({
      status: 'invited',
      reason: 'Invited: the enrollment link has not been used',
    })
    expect(receiver.mails.map(({ headers }) => headers.get('subject'))).toEqual([
      'Rosterd: 3 people of Contoso wait to be invited',
    ])
    expect(await server.people.list()).toMatchObject([1, 2, 3].map(() => ({ state: 'invited', waiting: true })))
  })

  test('those who are released get their mail, once; runs after that add none', async () => {
    addUsers(1, 3)
    const server = await opened('send-enrollment-email')
    await server.run()
    expect(await server.people.send({ user: address(2) })).toHaveLength(1)
    await server.deliver()
    expect(recipients()).toEqual([address(2)])
    expect(await server.people.send({ provider: 'contoso' })).toHaveLength(2)
    expect(await server.people.send({})).toEqual([])
    await server.run()
    await server.deliver()
    await server.deliver()
    expect(recipients().sort()).toEqual([address(1), address(2), address(3)])
    expect(await server.people.list()).toMatchObject([1, 2, 3].map(() => ({ waiting: false, mailedCount: 1 })))
  })

  test('a few newcomers of a later run are mailed unasked, more than 20 wait', async () => {
    addUsers(1, 1)
    const server = await opened('send-enrollment-email')
    await server.run()
    addUsers(2, 21)
    await server.run()
    await server.deliver()
    expect(recipients()).toHaveLength(20)
    addUsers(22, 42)
    await server.run()
    await server.deliver()
    expect(recipients()).toHaveLength(20)
    expect((await server.people.list()).filter(({ waiting }) => waiting)).toHaveLength(22)
  })

  test('newcomers of a paused provider are invited when the pause ends', async () => {
    addUsers(1, 1)
    const server = await opened('send-enrollment-email')
    await server.run()
    await server.control.pause('contoso', { kind: 'administrator', reason: 'maintenance', by: 'root' })
    addUsers(2, 2)
    await server.run()
    await server.deliver()
    expect(recipients()).toEqual([])
    await server.control.resume('contoso', 'root')
    await server.deliver()
    expect(recipients()).toEqual([address(2)])
  })

  test('people of a store that was lost wait, although they were invited before', async () => {
    addUsers(1, 1)
    await (await opened('send-enrollment-email')).run()
    store = openMemoryStore()
    const server = await opened('send-enrollment-email')
    await server.run()
    await server.deliver()
    expect(recipients()).toEqual([])
    expect(await server.people.list()).toMatchObject([{ waiting: true }])
  })

  test('whoever the first run after a restore finds waits, and so does whoever had a mail in its outbox', async () => {
    addUsers(1, 1)
    const server = await opened('send-enrollment-email')
    await server.run()
    await server.people.send({ user: address(1) })
    const records = await askFirstRecords(store, clock.now())
    await store.commit({ cause: { kind: 'server', id: 'restore' }, entries: [], records })
    const restored = await opened('send-enrollment-email')
    addUsers(2, 2)
    await restored.run()
    await restored.deliver()
    expect(recipients()).toEqual([])
    expect(await restored.people.list()).toMatchObject([1, 2].map(() => ({ state: 'invited', waiting: true })))
    addUsers(3, 3)
    await restored.run()
    await restored.deliver()
    expect(recipients()).toEqual([address(3)])
  })

  test('people who were known before the setting stay as they are', async () => {
    addUsers(1, 2)
    await (await opened('only-sync')).run()
    const server = await opened('send-enrollment-email')
    addUsers(3, 3)
    await server.run()
    await server.deliver()
    expect(server.served()).toEqual(['u1', 'u2'])
    expect(recipients()).toEqual([address(3)])
  })
})

describe('a link', () => {
  async function invitedPerson(settings: object = {}) {
    addUsers(1, 1)
    const server = await opened('send-enrollment-email', settings)
    await server.run()
    await server.people.send({})
    await server.deliver()
    return { server, token: tokenIn(receiver.mails.at(-1)) }
  }

  test('makes the person active when it is used, without asking the provider, and the address verified', async () => {
    const { server, token } = await invitedPerson()
    expect(await server.people.find(token)).toMatchObject({ name: 'User 1', isInvited: true })
    expect(server.served()).toEqual([])
    tenants.entra.tenant.faults.add({ kind: 'server-error', status: 500, times: Infinity })
    expect(await server.people.confirm(token)).toMatchObject({ name: 'User 1' })
    await server.people.idle()
    expect(server.served()).toEqual(['u1'])
    expect(await server.people.list()).toMatchObject([{ state: 'enrolled', emailVerified: true }])
  })

  test('that is withdrawn is of no use any more, and another one can be sent', async () => {
    const { server, token } = await invitedPerson()
    const [person] = await server.people.list()
    expect(await server.people.withdraw(person?.entryUUID ?? '', 'root')).toBe(true)
    expect(await server.people.find(token)).toBe(undefined)
    expect(await server.people.confirm(token)).toBe(undefined)
    expect(await server.people.withdraw(person?.entryUUID ?? '', 'root')).toBe(false)
    expect(await server.people.withdraw('nobody', 'root')).toBe(false)
    await server.people.resend(address(1))
    await server.deliver()
    expect(await server.people.find(tokenIn(receiver.mails.at(-1)))).toMatchObject({ isInvited: true })
  })

  test('works once', async () => {
    const { server, token } = await invitedPerson()
    const both = await Promise.all([server.people.confirm(token), server.people.confirm(token)])
    expect(both.filter((invitee) => invitee !== undefined)).toHaveLength(1)
    expect(await server.people.find(token)).toBe(undefined)
  })

  test('ends after seven days', async () => {
    const { server, token } = await invitedPerson()
    clock.advance(7 * day - 1)
    expect(await server.people.find(token)).toBeDefined()
    clock.advance(1)
    expect([await server.people.find(token), await server.people.confirm(token)]).toEqual([undefined, undefined])
  })

  test('ends when another is asked for, which goes to the address the provider has by then', async () => {
    const { server, token } = await invitedPerson()
    truth().updateUser(userId(1), { mail: 'moved@contoso.example' })
    await server.run()
    await server.deliver()
    expect(recipients()).toEqual([address(1)])
    await server.people.resend(userId(1))
    expect(await server.people.find(token)).toBe(undefined)
    await server.deliver()
    expect(recipients()).toEqual([address(1), 'moved@contoso.example'])
    expect(await server.people.confirm(tokenIn(receiver.mails.at(-1)))).toBeDefined()
  })

  test('is nowhere in the store and in no log, neither before nor after its mail', async () => {
    const { server, token } = await invitedPerson()
    receiver.onMail = () => 'cut'
    await server.people.resend(userId(1))
    await server.deliver()
    const second = tokenIn(receiver.mails.at(-1))
    const kept: unknown[] = []
    for (const collection of ['link', 'outbox', 'enrollment', 'run', 'provider'] as const)
      for await (const record of store.list(collection)) kept.push(record)
    expect(kept.length).toBeGreaterThan(3)
    for (const secret of [token, second]) expect(JSON.stringify([kept, server.logged])).not.toContain(secret)
  })

  test('does not revive who is blocked upstream', async () => {
    const { server, token } = await invitedPerson()
    truth().updateUser(userId(1), { accountEnabled: false })
    await server.run()
    await server.people.confirm(token)
    await server.people.idle()
    expect(server.served()).toEqual([])
    expect(await server.reasonFor(1)).toMatchObject({ status: 'inactive', rule: 'signInBlocked' })
  })

  test('invited people who are shown have no usable login and are in no group, run after run', async () => {
    truth().addGroup({ id: groupId, displayName: 'All', mail: 'all@contoso.example' })
    addUsers(1, 1)
    truth().addMember(groupId, userId(1))
    const server = await opened('send-enrollment-email', { directory: { showInactive: true } })
    for (let n = 0; n < 2; n++) {
      await server.run()
      expect(server.served()).toEqual(['u1'])
      expect(values(server.entry(1), 'loginShell')).toEqual(['/usr/sbin/nologin'])
      expect(values(server.entry(1), 'memberOf')).toEqual([])
    }
  })
})

describe('who has been gone for 30 days', () => {
  const kept = async () => {
    const found: unknown[] = []
    for (const collection of ['enrollment', 'link', 'outbox'] as const)
      for await (const record of store.list(collection)) found.push(record)
    return found
  }

  /** The one person is invited by mail, gone for so many days, then there again. */
  async function backAfter(days: number, settings: object = {}) {
    truth().addUser({ id: userId(9), userPrincipalName: address(9) })
    const server = await opened('send-enrollment-email', settings)
    await server.run()
    addUsers(1, 1)
    await server.run()
    await server.deliver()
    const token = tokenIn(receiver.mails.at(-1))
    truth().removeUser(userId(1))
    await server.run()
    clock.advance(days * day)
    await server.run()
    const left = await kept()
    truth().restoreUser(userId(1))
    await server.run()
    await server.deliver()
    return { server, token, left }
  }

  test('leaves no address and no link behind, and is invited anew', async () => {
    const { server, token, left } = await backAfter(31)
    expect(JSON.stringify(left)).not.toContain(address(1))
    expect(left).toHaveLength(1) // of the other
    expect(server.served()).toEqual([])
    expect(recipients()).toEqual([address(1), address(1)])
    expect(await server.people.confirm(token)).toBeUndefined()
  })

  test('and was shown, with ids, is invited anew too, and does not come in without', async () => {
    const { server, left } = await backAfter(31, { directory: { showInactive: true } })
    expect(JSON.stringify(left)).not.toContain(address(1))
    expect(await server.reasonFor(1)).toMatchObject({ status: 'invited' })
    expect(recipients()).toEqual([address(1), address(1)])
    await server.people.confirm(tokenIn(receiver.mails.at(-1)))
    await server.people.idle()
    expect(await server.reasonFor(1)).toMatchObject({ status: 'active' })
  })

  test('or less has the invitation still', async () => {
    const { server, left } = await backAfter(29)
    expect(JSON.stringify(left)).toContain(address(1))
    expect(recipients()).toEqual([address(1)])
    expect(await server.people.list()).toMatchObject([{ address: address(1), state: 'invited' }, {}])
  })

  test('leaves nothing where addresses are trusted', async () => {
    addUsers(1, 2)
    const server = await opened('trust-email')
    await server.run()
    truth().removeUser(userId(1))
    await server.run()
    clock.advance(31 * day)
    await server.run()
    expect((await kept()).length).toBe(1)
    truth().restoreUser(userId(1))
    await server.run()
    expect(server.served()).toEqual(['u1', 'u2'])
  })
})

describe('a mail', () => {
  async function released() {
    addUsers(1, 1)
    const server = await opened('send-enrollment-email')
    await server.run()
    await server.people.send({})
    return server
  }

  test('whose answer was lost comes again with the same Message-ID and the same link', async () => {
    receiver.onMail = () => (receiver.mails.length === 1 ? 'cut' : undefined)
    const server = await released()
    await server.deliver()
    clock.advance(3_600_000)
    await server.deliver()
    const [first, second] = receiver.mails
    expect(second?.headers.get('message-id')).toBe(first?.headers.get('message-id'))
    expect(second?.text).toBe(first?.text)
    expect(await server.people.confirm(tokenIn(first))).toBeDefined()
  })

  test('that another process sends again has a link of its own, and the first one works too', async () => {
    receiver.onMail = () => (receiver.mails.length === 1 ? 'cut' : undefined)
    await (await released()).deliver()
    clock.advance(3_600_000)
    const restarted = await opened('send-enrollment-email')
    await restarted.deliver()
    const [first, second] = receiver.mails
    expect(second?.headers.get('message-id')).toBe(first?.headers.get('message-id'))
    expect(await restarted.people.find(tokenIn(second))).toBeDefined()
    expect(await restarted.people.confirm(tokenIn(first))).toBeDefined()
    expect(await restarted.people.find(tokenIn(second))).toBe(undefined)
  })

  test('to somebody who has gone meanwhile is not sent', async () => {
    addUsers(2, 2)
    const server = await released()
    truth().removeUser(userId(1))
    await server.run()
    await server.deliver()
    expect(recipients()).toEqual([address(2)])
    expect(await readOutbox(store)).toEqual([])
  })

  test('that the server refuses for good is shown with its reason', async () => {
    receiver.onRecipient = () => ({ code: 550, text: 'no such user' })
    const server = await released()
    await server.deliver()
    expect(await server.people.list()).toMatchObject([
      { state: 'invited', refused: expect.stringContaining('no such user'), mailedCount: 0 },
    ])
    expect(await readOutbox(store)).toEqual([])
  })

  test('cannot be given headers or lines by a name, nor recipients by an address', async () => {
    const displayName = 'Eve\r\nBcc: all@contoso.example\r\n\r\nhttps://evil.example'
    truth().addUser({ id: userId(1), userPrincipalName: address(1), mail: address(1), displayName })
    const mail = 'eve@contoso.example, all@contoso.example'
    truth().addUser({ id: userId(2), userPrincipalName: address(2), mail, displayName: 'Two' })
    const server = await opened('send-enrollment-email')
    await server.run()
    await server.people.send({})
    await server.deliver()
    expect(recipients()).toEqual([address(1)])
    expect(receiver.mails[0]?.headerNames).not.toContain('bcc')
    expect(receiver.mails[0]?.text).toContain('Hello Eve Bcc: all@contoso.example https://evil.example,\n')
    await expect(server.people.resend(userId(2))).rejects.toThrow('no usable mail address')
  })

  test('goes only to people whose provider enrolls by mail', async () => {
    addUsers(1, 1)
    const server = await opened('only-sync')
    await server.run()
    expect(server.served()).toEqual(['u1'])
    await expect(server.people.resend(address(1))).rejects.toThrow('is not enrolled by mail')
    await expect(server.people.resend('nobody@contoso.example')).rejects.toThrow('nobody is called')
  })
})

test('a trusted address is verified at first sight, nothing is mailed, and a link comes on request', async () => {
  addUsers(1, 2)
  const server = await opened('trust-email')
  await server.run()
  await server.deliver()
  expect(server.served()).toEqual(['u1', 'u2'])
  expect(receiver.mails).toEqual([])
  expect(await server.people.list()).toMatchObject([1, 2].map(() => ({ state: 'enrolled', emailVerified: true })))
  await server.people.resend(address(1))
  await server.deliver()
  expect(await server.people.confirm(tokenIn(receiver.mails[0]))).toMatchObject({ name: 'User 1', isInvited: false })
})
