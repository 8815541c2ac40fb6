import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startSimulatedTenants } from '../../demo/simulated-tenants.ts'
import { configuredFolder } from '../builders/command-line.ts'
import { type MailReceiver, type ReceivedMail, startMailReceiver } from '../builders/mail-receiver.ts'
import { fillSmallTenants } from '../sync/small-tenants.ts'

function nextMail(receiver: MailReceiver): Promise<ReceivedMail> {
  return new Promise((resolve) => {
    receiver.onMail = (mail) => {
      resolve(mail)
      return undefined
    }
  })
}

test('an invited person gets a mail, uses its link and is served, without a token in any log', async () => {
  await using tenants = await startSimulatedTenants({ data: 'empty' })
  fillSmallTenants(tenants)
  await using receiver = await startMailReceiver({ isClearOnly: true })
  const caFolder = await mkdtemp(join(tmpdir(), 'rosterd-ca-'))
  await using cleanUp = new AsyncDisposableStack()
  cleanUp.defer(() => rm(caFolder, { recursive: true }))
  const caFile = join(caFolder, 'ca.pem')
  await writeFile(caFile, tenants.caPem)
  const { orgUrl, apiToken } = tenants.okta
  await using folder = await configuredFolder({
    caFile,
    smtp: { url: receiver.url, from: 'rosterd@corp.example' },
    providers: [{ id: 'acme', type: 'okta', name: 'Acme', orgUrl, apiToken, enrollment: 'send-enrollment-email' }],
  })
  expect(await folder.run('check')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('ok   smtp: mail server'),
  })
  await using server = await folder.serve()

  expect((await folder.run('enrollment', 'list')).stdout).toContain(
    'Worker 1 (acme), worker1@acme.example: waits to be invited\n',
  )
  expect((await folder.run('explain', 'worker1@acme.example')).stdout).toContain(
    'status: invited\n  reason: Invited: the enrollment link has not been used (rule enrollment)',
  )
  expect((await folder.run('export-ldif')).stdout).not.toContain('uid=worker')

  const arriving = nextMail(receiver)
  expect((await folder.run('enrollment', 'send', '--user', 'worker1@acme.example')).stdout).toBe(
    'One invitation is on the way.\n',
  )
  const mail = await arriving
  expect(mail.recipients).toEqual(['worker1@acme.example'])
  const [, token = 'none'] = /\/enroll\/([\w-]+)$/m.exec(mail.text) ?? []

  const origin = `http://localhost:${server.ports.admin}`
  const page = `${origin}/enroll/${token}`
  expect(await (await fetch(page)).text()).toContain('Hello Worker 1')
  expect((await fetch(page, { method: 'POST' })).status).toBe(403)
  const done = await fetch(page, { method: 'POST', redirect: 'manual', headers: { origin } })
  expect([done.status, done.headers.get('location')]).toEqual([303, '/me'])
  const [cookie = ''] = (done.headers.get('set-cookie') ?? '').split(';')
  const own = async (headers: Record<string, string>) => {
    const answer = await fetch(`${origin}/me`, { redirect: 'manual', headers })
    return [answer.status, await answer.text()]
  }
  expect(await own({ cookie })).toEqual([200, expect.stringContaining('worker1@acme.example')])
  expect(await own({})).toEqual([303, expect.any(String)])
  expect((await fetch(page)).status).toBe(404)

  await server.printed('"trigger":"enrollment"')
  const { stdout } = await folder.run('export-ldif')
  expect(stdout).toContain('uid=worker1,')
  expect(stdout).not.toContain('uid=worker2,')
  expect((await folder.run('enrollment', 'list')).stdout).toMatch(/Worker 1 .*: enrolled .*, address verified\n/)
  expect(server.lines.join('\n')).not.toContain(token)
})

test('mail test sends a mail, or says why it cannot', async () => {
  await using receiver = await startMailReceiver({ isClearOnly: true })
  await using folder = await configuredFolder({ smtp: { url: receiver.url, from: 'rosterd@corp.example' } })
  expect(await folder.run('mail', 'test', 'ada@example.com')).toEqual({
    exitCode: 0,
    stdout: 'The mail server took the mail to ada@example.com.\n',
    stderr: '',
  })
  expect(receiver.mails.map(({ recipients }) => recipients)).toEqual([['ada@example.com']])
  receiver.onRecipient = () => ({ code: 550, text: 'no such user' })
  expect(await folder.run('mail', 'test', 'ada@example.com')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('no such user'),
  })
  expect(await folder.run('mail', 'test', 'Ada <ada@example.com>')).toMatchObject({ exitCode: 1 })
  await receiver.close()
  expect(await folder.run('check')).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining('FAIL smtp: mail server'),
  })
})

test('commands about mail say so when there is no mail server', async () => {
  await using folder = await configuredFolder()
  for (const command of [
    ['mail', 'test', 'ada@example.com'],
    ['enrollment', 'send'],
  ])
    expect(await folder.run(...command)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('smtp is not configured'),
    })
})
