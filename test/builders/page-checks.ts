import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import { HtmlValidate } from 'html-validate'
import type { Page } from 'playwright-core'

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const validator = new HtmlValidate({
  extends: ['html-validate:recommended'],
  rules: {
    'long-title': 'off',
    // A button in a form submits it.
    'no-implicit-button-type': 'off',
    // Handlebars leaves the lines of its blocks.
    'no-trailing-whitespace': 'off',
    'void-style': 'off',
    'doctype-style': ['error', { style: 'lowercase' }],
  },
})

const sources = new WeakMap<Page, Promise<string>>()

/** Keeps the HTML of each page that is shown, as the server sent it: a browser's own is mended. */
export function keepSource(page: Page): Page {
  page.on('response', (response) => {
    const isPage = response.request().isNavigationRequest() && response.status() !== 303
    if (!isPage) return
    const source = response.text()
    source.catch(() => undefined) // of a page that was left at once; whoever wants it is told
    sources.set(page, source)
  })
  return page
}

/**
 * What is wrong with the page that is shown: its HTML, and for people who cannot see it (axe). Of a page of
 * {@link keepSource} in a browser with scripts.
 */
export async function pageProblems(page: Page): Promise<readonly string[]> {
  const source = sources.get(page)
  if (source === undefined) throw new Error('the page was not watched from the beginning')
  const { results } = await validator.validateString(await source)
  const invalid = results.flatMap(({ messages }) => messages.map(({ ruleId, message }) => `${ruleId}: ${message}`))
  // The debugger is not held by the policy of the page.
  await page.evaluate(axe)
  const { violations } = await page.evaluate<AxeResults>('axe.run()')
  const inaccessible = violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
  return [...invalid, ...inaccessible]
}
