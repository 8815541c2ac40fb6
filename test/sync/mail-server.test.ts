import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { expect, test } from 'vitest'
import { configSchema, type SmtpConfig } from '../../server/runtime/config-schema.ts'
import { Secret } from '../../server/runtime/secret.ts'
import { createMailServer } from '../../sync/reporting/mail-server.ts'
import { type MailReceiver, startMailReceiver } from '../builders/mail-receiver.ts'

const account = { user: 'rosterd', password: 'smtp-secret' }
const mail = {
  id: '6f9619ff-8b86-4011-b42d-00c04fc964ff',
  to: 'ada@example.com',
  subject: 'Rosterd: 34 changes of Contoso wait for approval',
  text: 'Grüße.\n.\nThe end.\n',
  date: new Date('2026-03-01T08:00:00Z'),
}

function trust({ caPem }: MailReceiver): void {
  setDefaultCACertificates([...getCACertificates('default'), caPem])
}

function serverAt(url: string, changes: Partial<SmtpConfig> = {}) {
  const { smtp } = configSchema.parse({ smtp: { url, from: 'rosterd@corp.example', ...changes } })
  if (smtp === null) throw new Error('smtp is configured')
  return createMailServer(smtp, 'Example Ltd', async (source: unknown) => new Secret(String(source)))
}

test('a mail is text with fixed headers, the same Message-ID for the same id, and is marked as automatic', async () => {
  await using receiver = await startMailReceiver({ isClearOnly: true })
  expect(await serverAt(receiver.url).send(mail)).toEqual({ type: 'accepted' })
  const [received] = receiver.mails
  expect(received?.recipients).toEqual(['ada@example.com'])
  expect(Object.fromEntries(received?.headers ?? [])).toMatchObject({
    from: 'Example Ltd <rosterd@corp.example>',
    to: 'ada@example.com',
    subject: mail.subject,
    date: 'Sun, 01 Mar 2026 08:00:00 +0000',
    'message-id': `<${mail.id}@corp.example>`,
    'auto-submitted': 'auto-generated',
    'content-type': 'text/plain; charset=utf-8',
  })
  expect(received?.text).toBe('Grüße.\n.\nThe end.\n')
})

test('a user name and password are sent over STARTTLS, with the certificate checked', async () => {
  await using receiver = await startMailReceiver({ account })
  const settings = { username: account.user, password: account.password, requireTls: true }
  const url = receiver.url.replace('127.0.0.1', 'localhost')
  expect(await serverAt(url, settings).send(mail)).toMatchObject({ type: 'failed', isServerDown: true })
  expect(receiver.mails).toEqual([])
  trust(receiver)
  expect(await serverAt(url, settings).send(mail)).toEqual({ type: 'accepted' })
  expect(receiver.mails).toMatchObject([{ wasEncrypted: true }])
})

test('nothing is sent to a server without STARTTLS where TLS is demanded', async () => {
  await using receiver = await startMailReceiver({ isClearOnly: true })
  const server = serverAt(receiver.url, { requireTls: true })
  expect(await server.send(mail)).toMatchObject({ type: 'failed', isServerDown: true })
  await expect(server.test()).rejects.toThrow(/STARTTLS/)
  expect(receiver.mails).toEqual([])
})

test('a refused password is about the server, not about the mail, and is not part of the reason', async () => {
  await using receiver = await startMailReceiver({ account })
  trust(receiver)
  const settings = { username: account.user, password: 'wrong-secret', requireTls: true }
  const server = serverAt(receiver.url.replace('127.0.0.1', 'localhost'), settings)
  const outcome = await server.send(mail)
  expect(outcome).toMatchObject({ type: 'failed', isServerDown: true })
  expect(JSON.stringify(outcome)).not.toContain('wrong-secret')
  await expect(server.test()).rejects.toThrow()
})

test.each([
  ['RCPT TO', 550, { type: 'refused' }],
  ['RCPT TO', 450, { type: 'failed', isServerDown: false }],
  ['RCPT TO', 421, { type: 'failed', isServerDown: true }],
  ['DATA', 554, { type: 'refused' }],
  ['DATA', 451, { type: 'failed', isServerDown: false }],
])('%s answered with %i is %j', async (command, code, expected) => {
  await using receiver = await startMailReceiver({ isClearOnly: true })
  const fault = { code, text: 'not now' }
  if (command === 'RCPT TO') receiver.onRecipient = () => fault
  else receiver.onMail = () => fault
  expect(await serverAt(receiver.url).send(mail)).toMatchObject(expected)
})

test('a server that is not there, or hangs up before it answers, may come back', async () => {
  const receiver = await startMailReceiver({ isClearOnly: true })
  receiver.onMail = () => 'cut'
  expect(await serverAt(receiver.url).send(mail)).toMatchObject({ type: 'failed', isServerDown: true })
  await receiver.close()
  expect(await serverAt(receiver.url).send(mail)).toMatchObject({ type: 'failed', isServerDown: true })
})

test('line breaks in a subject or an organization make no header', async () => {
  await using receiver = await startMailReceiver({ isClearOnly: true })
  const { smtp } = configSchema.parse({ smtp: { url: receiver.url, from: 'rosterd@corp.example' } })
  if (smtp === null) throw new Error('smtp is configured')
  const server = createMailServer(smtp, 'Example\r\nBcc: eve@evil.example', async () => new Secret(''))
  await server.send({ ...mail, subject: 'x\r\nBcc: eve@evil.example\r\n\r\nforged' })
  const [received] = receiver.mails
  expect(received?.recipients).toEqual(['ada@example.com'])
  expect(received?.headerNames).not.toContain('bcc')
  expect(received?.headers.get('subject')).toBe('x Bcc: eve@evil.example forged')
  expect(received?.text).toBe(mail.text)
})
