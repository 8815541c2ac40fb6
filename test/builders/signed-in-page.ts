import type { Browser, Page } from 'playwright-core'
import { type AdministeredServer, adminPassword } from './administered-server.ts'
import { keepSource } from './page-checks.ts'

/** A page of an administrator who has signed in on the way to `path`; watched for `pageProblems`. */
export async function signedInPage(
  browser: Browser,
  { origin }: Pick<AdministeredServer, 'origin'>,
  { path, name = 'ada' }: { readonly path: string; readonly name?: string },
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<Page> {
  const page = keepSource(await (await browser.newContext(options)).newPage())
  await page.goto(origin + path)
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('Password').fill(adminPassword)
  await page.getByRole('button', { name: 'Sign in' }).click()
  return page
}
