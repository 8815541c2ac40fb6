import { type Browser, chromium } from 'playwright-core'

/** Debian's Chromium. It trusts the certificates of the simulated tenants, and talks to nobody by itself. */
export function startBrowser(...args: readonly string[]): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-background-networking', '--ignore-certificate-errors', ...args],
  })
}
