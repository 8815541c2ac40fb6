import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secret, TOTP } from 'otpauth'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type SimulatedTenants, startSimulatedTenants } from '../../demo/simulated-tenants.ts'
import { startBrowser } from '../builders/browser.ts'
import { type ConfiguredFolder, configuredFolder, type ServingProcess } from '../builders/command-line.ts'
import { type MailReceiver, startMailReceiver } from '../builders/mail-receiver.ts'
import { RawLdapClient } from '../builders/raw-ldap-client.ts'
import { keepSource, pageProblems } from '../builders/page-checks.ts'
import { describeWithTool } from '../builders/required-tool.ts'
import { fillSmallTenants } from '../sync/small-tenants.ts'

/** As `ssh-keygen -t ed25519` makes it. */
function newPublicKey(): string {
  const { x = '' } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
  const string = (octets: Buffer) => Buffer.concat([Buffer.of(0, 0, 0, octets.length), octets])
  const key = [Buffer.from('ssh-ed25519'), Buffer.from(x, 'base64url')].map(string)
  return `ssh-ed25519 ${Buffer.concat(key).toString('base64')} worker@laptop`
}

const dn = 'uid=worker1,ou=people,dc=example,dc=com'
const password = 'quiet otter paints seven violins'

describeWithTool('chromium', 'an invited person, in a browser without scripts', () => {
  let tenants: SimulatedTenants
  let receiver: MailReceiver
  let folder: ConfiguredFolder
  let server: ServingProcess
  let browser: Browser
  let keys: string
  let page: Page
  let origin: string
  const mails: string[] = []

  beforeAll(async () => {
    tenants = await startSimulatedTenants({ data: 'empty' })
    fillSmallTenants(tenants)
    receiver = await startMailReceiver({ isClearOnly: true })
    receiver.onMail = ({ text }) => void mails.push(text)
    keys = await mkdtemp(join(tmpdir(), 'rosterd-keys-'))
    await writeFile(join(keys, 'ca.pem'), tenants.caPem)
    const { orgUrl, apiToken } = tenants.okta
    folder = await configuredFolder({
      caFile: join(keys, 'ca.pem'),
      smtp: { url: receiver.url, from: 'rosterd@corp.example' },
      providers: [{ id: 'acme', type: 'okta', name: 'Acme', orgUrl, apiToken, enrollment: 'send-enrollment-email' }],
    })
    server = await folder.serve()
    origin = `http://localhost:${server.ports.admin}`
    browser = await startBrowser()
    page = await newPage()
  })
  afterAll(async () => {
    await browser.close()
    await folder[Symbol.asyncDispose]()
    await receiver[Symbol.asyncDispose]()
    await tenants.close()
    await rm(keys, { recursive: true })
  })

  const newPage = async () => await (await browser.newContext({ javaScriptEnabled: false })).newPage()
  const heading = (of: Page) => of.getByRole('heading', { level: 1 }).textContent()
  const section = (name: string) => page.getByRole('region', { name })

  async function bindCode(secret: string): Promise<number> {
    await using client = await RawLdapClient.connect(server.ports.ldap)
    return (await client.bind(dn, secret)).resultCode
  }

  async function newLink(): Promise<string> {
    mails.length = 0
    await folder.run('enrollment', 'resend', 'worker1@acme.example')
    while (mails.length === 0)
      await server.printed('"trigger"').then(() => new Promise((resolve) => setTimeout(resolve, 50)))
    const [, token = 'none'] = /\/enroll\/([\w-]+)$/m.exec(mails[0] ?? '') ?? []
    return `${origin}/enroll/${token}`
  }

  test('is led to where one signs in, without a session', async () => {
    await page.goto(`${origin}/me`)
    expect(page.url()).toBe(`${origin}/me/sign-in`)
    expect(await heading(page)).toBe('Sign in to your account at Example')
  })

  test('uses the link of the mail, and has a page', async () => {
    await server.printed('"event":"sync run"')
    await page.goto(await newLink())
    await page.getByRole('button', { name: 'Confirm' }).click()
    expect([page.url(), await heading(page)]).toEqual([`${origin}/me`, 'Your account'])
    const [cookie] = await page.context().cookies()
    expect(cookie).toMatchObject({ name: 'rosterd-me', httpOnly: true, sameSite: 'Lax', path: '/' })
  })

  test('sets a password that is good enough, and signs in over LDAP with it', async () => {
    await server.printed('"trigger":"enrollment"')
    const set = async (first: string, second = first) => {
      await section('Directory password').getByLabel('New password').fill(first)
      await section('Directory password').getByLabel('Once more').fill(second)
      await section('Directory password').getByRole('button').click()
    }
    await set('worker1 worker1')
    expect(await page.getByRole('alert').textContent()).toMatch(/name/i)
    await set(password, 'something else altogether')
    expect(await page.getByRole('alert').textContent()).toBe('The two passwords are not the same.')
    expect(await bindCode(password)).toBe(49)
    await set(password)
    expect(await page.getByRole('status').textContent()).toBe('Your directory password is set. It works at once.')
    expect(await bindCode(password)).toBe(0)
    await page.waitForLoadState() // its last octet comes once it is kept that it was shown
    await page.reload()
    expect(await page.getByRole('status').count()).toBe(0)
  })

  test('makes an app password, sees it once, and revokes it', async () => {
    await section('App passwords').getByLabel('What it is for').fill('<phone>')
    await section('App passwords').getByRole('button', { name: 'Make' }).click()
    expect(await heading(page)).toBe('App password for <phone>')
    const made = (await page.locator('code').textContent()) ?? ''
    expect(await bindCode(made)).toBe(0)
    await page.getByRole('link', { name: 'Back' }).click()
    expect(await page.content()).not.toContain(made)
    await section('App passwords').getByLabel('What it is for').fill('<phone>')
    await section('App passwords').getByRole('button', { name: 'Make' }).click()
    expect(await page.getByRole('alert').textContent()).toBe(
      'There is an app password "<phone>" already; revoke it, or use another name.',
    )
    await page.getByRole('button', { name: 'Revoke <phone>' }).click()
    expect(await page.getByRole('status').textContent()).toBe('The app password is revoked.')
    expect(await bindCode(made)).toBe(49)
  })

  test('sets up a second factor with a code of the app, uses a recovery code, and switches it off with one', async () => {
    const secondFactor = section('Second factor')
    await secondFactor.getByRole('button').click()
    expect(await page.locator('svg').count()).toBe(1)
    const secret = ((await page.locator('code').textContent()) ?? '').replaceAll(' ', '')
    const app = new TOTP({ secret: Secret.fromBase32(secret) })
    await page.getByLabel('Code that the app shows now').fill('000000')
    await page.getByRole('button', { name: 'Switch it on' }).click()
    expect(await page.getByRole('alert').textContent()).toMatch(/^That code is not right/)
    expect(await bindCode(password)).toBe(0)
    await secondFactor.getByRole('button').click()
    app.secret = Secret.fromBase32(((await page.locator('code').textContent()) ?? '').replaceAll(' ', ''))
    await page.getByLabel('Code that the app shows now').fill(app.generate())
    await page.getByRole('button', { name: 'Switch it on' }).click()
    expect(await heading(page)).toBe('Your second factor is on')
    const codes = await page.getByRole('listitem').allTextContents()
    expect(codes).toHaveLength(10)
    expect([
      await bindCode(password),
      await bindCode(`${password},${codes[0]}`),
      await bindCode(`${password},${codes[0]}`),
    ]).toEqual([49, 0, 49])
    await page.getByRole('link', { name: 'Back' }).click()
    expect(await secondFactor.textContent()).toContain('9 recovery codes are left')
    await secondFactor.getByLabel('Code of the app').fill('123456')
    await secondFactor.getByRole('button', { name: 'Switch it off' }).click()
    expect(await page.getByRole('alert').textContent()).toMatch(/^That code is not right/)
    await secondFactor.getByLabel('Code of the app').fill(codes[1] ?? '')
    await secondFactor.getByRole('button', { name: 'Switch it off' }).click()
    expect(await page.getByRole('status').textContent()).toBe('Your second factor is off.')
    expect(await bindCode(password)).toBe(0)
  })

  test('adds an SSH key, which LDAP serves, and removes it', async () => {
    const add = async (text: string) => {
      await section('SSH keys').getByLabel('Public key').fill(text)
      await section('SSH keys').getByRole('button', { name: 'Add key' }).click()
    }
    const served = async () => {
      await using client = await RawLdapClient.connect(server.ports.ldap)
      await client.bind(dn, password)
      const { entries } = await client.search({ filter: '(uid=worker1)', attributes: ['sshPublicKey'] })
      return entries[0]?.attributes.get('sshPublicKey') ?? []
    }
    await add('-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\n-----END OPENSSH PRIVATE KEY-----\n')
    expect(await page.getByRole('alert').textContent()).toMatch(/^That is a private key/)
    const publicKey = newPublicKey()
    await add(publicKey)
    expect(await section('SSH keys').locator('li').textContent()).toMatch(/SHA256:\S{43}\s+ssh-ed25519\s+worker@laptop/)
    expect(await served()).toEqual([publicKey])
    expect(await folder.run('sync', '--full')).toMatchObject({ exitCode: 0 })
    expect(await served()).toEqual([publicKey])
    await section('SSH keys').getByRole('button', { name: 'Remove' }).click()
    expect(await page.getByRole('status').textContent()).toBe('The key is removed.')
    expect(await served()).toEqual([])
  })

  test('has no SSH key any more when an administrator revokes what lets in, and sets a password anew', async () => {
    await section('SSH keys').getByLabel('Public key').fill(newPublicKey())
    await section('SSH keys').getByRole('button', { name: 'Add key' }).click()
    expect((await folder.run('user', 'revoke', 'worker1')).stdout).toContain(
      `Revoked of ${dn}: the directory password, being signed in to the pages, 1 SSH key.`,
    )
    await page.goto(await newLink())
    await page.getByRole('button', { name: 'Confirm' }).click()
    expect(await section('SSH keys').getByRole('listitem').count()).toBe(0)
  })

  test('sees groups and last sign-ins', async () => {
    expect(await section('Last sign-ins').textContent()).toContain('from 127.0.0.1, directory password')
    expect(await section('Groups').textContent()).not.toContain('None.')
  })

  test('has a page with which nothing is wrong, in light and dark', async () => {
    const storageState = await page.context().storageState()
    for (const colorScheme of ['light', 'dark'] as const) {
      const other = keepSource(await (await browser.newContext({ storageState, colorScheme })).newPage())
      await other.goto(`${origin}/me`)
      expect(await heading(other)).toBe('Your account')
      expect(await pageProblems(other)).toEqual([])
    }
  })

  test('signs out everywhere, and whoever is blocked has no page', async () => {
    const other = await newPage()
    await other.goto(await newLink())
    await other.getByRole('button', { name: 'Confirm' }).click()
    expect(other.url()).toBe(`${origin}/me`)
    await page.goto(`${origin}/me`)
    await page.getByRole('button', { name: 'Sign out everywhere' }).click()
    for (const each of [page, other]) {
      await each.goto(`${origin}/me`)
      expect(each.url()).toBe(`${origin}/me/sign-in`)
    }
    await page.goto(await newLink())
    await page.getByRole('button', { name: 'Confirm' }).click()
    expect(page.url()).toBe(`${origin}/me`)
    await folder.run('user', 'block', 'worker1', '--reason', 'a test')
    await page.goto(`${origin}/me`)
    expect(page.url()).toBe(`${origin}/me/sign-in`)
    await folder.run('user', 'unblock', 'worker1')
    await page.goto(`${origin}/me`)
    expect(page.url()).toBe(`${origin}/me/sign-in`)
  })

  test('leaves no secret in the log', () => {
    expect(server.lines.join('\n')).not.toMatch(/otter|\/enroll\/[\w-]{20}/)
  })
})
