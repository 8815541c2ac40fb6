import { createHmac } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { configKeys } from '../../../server/runtime/config-keys.ts'
import { configSchema } from '../../../server/runtime/config-schema.ts'

const page = await readFile(join(import.meta.dirname, '..', '..', '..', 'docs', 'mail.md'), 'utf8')
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(([, text = '']) => text)

test('the table of events has every event that can be asked for', () => {
  const events = configKeys()
    .find(({ path }) => path === 'notify[].events')
    ?.type.match(/[a-z]+(\.[a-z]+)?(?=")/g)
  expect(events?.length).toBeGreaterThan(5)
  const rows = [...page.matchAll(/^\| `([a-z]+(?:\.[a-z]+)?)` \|/gm)].map(([, name]) => name)
  expect(rows).toEqual(expect.arrayContaining(events ?? []))
})

test('its configurations are accepted', () => {
  const [smtp = '', notify = ''] = blocks('json')
  for (const text of [smtp, notify]) expect(configSchema.safeParse(JSON.parse(text)).error).toBeUndefined()
})

test('its signature check accepts what is signed as it says, and nothing else', async () => {
  const code = `${blocks('js')[0] ?? ''}\nexport { isGenuine }`
  const { isGenuine } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
    isGenuine: (headers: Record<string, string>, body: string, secret: string) => boolean
  }
  const signed = (timestamp: string, body: string) => ({
    'rosterd-timestamp': timestamp,
    'rosterd-signature': `v1=${createHmac('sha256', 's').update(`${timestamp}.${body}`).digest('hex')}`,
  })
  const now = String(Math.floor(Date.now() / 1000))
  expect(isGenuine(signed(now, '{}'), '{}', 's')).toBe(true)
  expect(isGenuine(signed(now, '{}'), '{ }', 's')).toBe(false)
  expect(isGenuine(signed(now, '{}'), '{}', 'other')).toBe(false)
  expect(isGenuine(signed(String(Number(now) - 3600), '{}'), '{}', 's')).toBe(false)
  expect(isGenuine({}, '{}', 's')).toBe(false)
})
