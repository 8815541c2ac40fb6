import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type AdministeredServer,
  startAdministeredServer,
  type Visitor,
} from '../../../builders/administered-server.ts'
import { type MailReceiver, startMailReceiver } from '../../../builders/mail-receiver.ts'

let mail: MailReceiver
let server: AdministeredServer
let administrator: Visitor
let auditor: Visitor

beforeAll(async () => {
  mail = await startMailReceiver()
  server = await startAdministeredServer({
    settings: {
      ldap: { port: 389 },
      smtp: { url: mail.url.replace('//', '//user:in-the-address@'), from: 'rosterd@example.com', requireTls: false },
      binders: Array.from({ length: 60 }, (_, number) => ({ name: `host-${number}`, password: 'of a binder' })),
    },
    configurationFile: {
      problems: ['ldap.config.json: log.level: "loud" is not a level'],
      needsRestart: ['ldap.port', 'dataDir'],
    },
    ldap: {
      certificate: () => ({
        names: ['ldap.example.com', '127.0.0.1'],
        issuer: 'CN=Example CA',
        expires: '2026-05-20T08:00:00.000Z',
        isRenewed: false,
      }),
    },
  })
  await server.admin('ada', 'administrator')
  await server.admin('eve', 'auditor')
  administrator = await server.signedIn('ada')
  auditor = await server.signedIn('eve')
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await mail[Symbol.asyncDispose]()
})

test('who may look sees what is in use, where it is changed, and no secret', async () => {
  const page = await (await auditor.get('/admin/settings')).text()
  expect(page).toContain('managed in <code>/etc/rosterd/ldap.config.json</code>')
  expect(page).toMatch(
    /<code>ldap\.port<\/code>[^]*?<td><code>389<\/code><br><span class="muted small-text">set; default: <code>3890</,
  )
  expect(page).toContain('ldap.example.com')
  expect(page).toContain('ROSTERD_MASTER_KEY')
  expect(page).toContain('set, in the file itself')
  expect(page).not.toContain('of a binder')
  expect(page).not.toContain('in-the-address')
  expect(page).not.toContain('Send a test mail to')
})

test('what is wrong with the file, and what of it needs a restart, is said', async () => {
  const page = await (await auditor.get('/admin/settings')).text()
  expect(page).toContain('log.level: &quot;loud&quot; is not a level')
  expect(page).toContain('after the server is started again: <code>ldap.port</code>, <code>dataDir</code>')
})

test('a long list is cut, and the page says so', async () => {
  const page = await (await auditor.get('/admin/settings')).text()
  expect(page).toContain('binders[49].name')
  expect(page).not.toContain('binders[50].name')
  expect(page).toContain('10 more are in the file.')
})

test('a test mail is sent at once, and is in the record of what administrators did', async () => {
  const answer = await administrator.post('/admin/settings/test-mail', { to: ' grace@example.com ' })
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/admin/settings#mail'])
  expect(mail.mails.map(({ recipients }) => recipients)).toEqual([['grace@example.com']])
  expect(await server.administration.actions(1)).toMatchObject([
    { by: 'ada', event: 'test mail sent', subject: 'grace@example.com' },
  ])
  expect(await (await administrator.get('/admin/settings')).text()).toContain(
    'The mail server took the mail to grace@example.com.',
  )
})

test.each([
  ['no address', 'nobody', 'is not a mail address'],
  ['an address that the mail server refuses', 'mallory@example.com', 'mailbox unknown'],
])('%s is answered beside the field, with what was typed', async (_, to, reason) => {
  mail.onRecipient = () => ({ code: 550, text: 'mailbox unknown' })
  const answer = await administrator.post('/admin/settings/test-mail', { to })
  expect(answer.status).toBe(422)
  const page = await answer.text()
  expect(page).toMatch(new RegExp(`id="to-error">[^<]*${reason}`))
  expect(page).toContain(`value="${to}"`)
})
