import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { administrator, type AuthorizingServer, startAuthorizingServer } from '../builders/authorizing-server.ts'
import { startBrowser } from '../builders/browser.ts'
import { describeWithTool } from '../builders/required-tool.ts'

describeWithTool('chromium', 'an administrator with a one-time link, in a browser', () => {
  let running: AuthorizingServer
  let browser: Browser
  beforeAll(async () => {
    running = await startAuthorizingServer()
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser.close()
    await running[Symbol.asyncDispose]()
  })

  const newLink = async () =>
    (await running.server.workspace.authorizationLinks.create('contoso', ['users', 'groups'], 'test')).url

  /** A browser of its own, and what it had to complain about. */
  async function openPage(url: string) {
    const page = await (await browser.newContext()).newPage()
    const complaints: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    await page.goto(url)
    return { page, complaints }
  }

  test('reads what will be authorized, signs in, and is told that the account passes', async () => {
    const { page, complaints } = await openPage(await newLink())
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Authorize an account for Contoso')
    expect(await page.getByRole('listitem').allTextContents()).toEqual(['User.Read.All', 'GroupMember.Read.All'])
    await page.getByRole('button', { name: /^Continue to localhost/ }).click()
    await page.getByLabel('User name').fill(administrator)
    await page.getByLabel('Password').fill('demo-zoe.lindqvist')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Your account passes user and group synchronization validation' }).waitFor()
    expect(await page.getByText(administrator).isVisible()).toBe(true)
    expect(await page.context().cookies(running.publicUrl)).toEqual([])
    expect(complaints.filter((text) => /Content Security Policy/.test(text))).toEqual([])
    expect(await running.server.workspace.engine.run('contoso', { trigger: 'test' })).toMatchObject({ error: null })
  })

  test('who is signed in already goes there and back without stopping', async () => {
    const { application } = running.tenants.entra.tenant
    application.approvesAs = administrator
    try {
      const { page } = await openPage(await newLink())
      await page.getByRole('button').click()
      await page.getByRole('heading', { name: /^Your account passes/ }).waitFor()
    } finally {
      application.approvesAs = undefined
    }
  })

  test('who declines is told so, and can open the link again', async () => {
    const link = await newLink()
    const { page } = await openPage(link)
    await page.getByRole('button').click()
    await page.getByRole('button', { name: 'Cancel' }).click()
    expect(await page.getByRole('alert').textContent()).toContain('The permissions were declined at the sign-in page')
    await page.goto(link)
    expect(await page.getByRole('button').textContent()).toMatch(/^Continue to/)
  })

  test('the answer is of no use to a browser that did not begin', async () => {
    const { page } = await openPage(await newLink())
    await page.getByRole('button').click()
    await page.getByLabel('User name').fill(administrator)
    await page.getByLabel('Password').fill('demo-zoe.lindqvist')
    await page.context().clearCookies({ name: 'rosterd_authorize' })
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: '400 Bad Request' }).waitFor()
  })
})
