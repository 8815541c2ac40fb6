import { expect, test } from 'vitest'
import { createLogger, type LogOptions } from '../../../server/runtime/logger.ts'

function logged(options: Partial<LogOptions>, log: (logger: ReturnType<typeof createLogger>) => void): string[] {
  const lines: string[] = []
  log(createLogger({ level: 'info', format: 'json', write: (line) => lines.push(line), ...options }))
  return lines
}

test('writes one JSON event a line', () => {
  const lines = logged({}, (logger) => {
    logger.debug('not shown')
    logger.info({ ldapPort: 3890 }, 'ready')
    logger.child({ provider: 'contoso' }).warn('provider is stale')
  })
  expect(lines.every((line) => line.endsWith('\n') && line.indexOf('\n') === line.length - 1)).toBe(true)
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { level: 'info', time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/), ldapPort: 3890, event: 'ready' },
    { level: 'warn', time: expect.any(String), provider: 'contoso', event: 'provider is stale' },
  ])
})

test('redacts secrets by the names of their fields', () => {
  const [line] = logged({}, (logger) =>
    logger.info(
      {
        password: 'hush',
        a: { clientSecret: 'hush', b: { access_token: 'hush' } },
        headers: { authorization: 'hush' },
      },
      'x',
    ),
  )
  expect(line).not.toContain('hush')
  expect(line?.match(/\[redacted\]/g)).toHaveLength(4)
})

test('prints of an error its type, text, code and causes, and nothing a client library hung on it', () => {
  const cause = Object.assign(new Error('reset'), { code: 'ECONNRESET' })
  const error = Object.assign(new TypeError('call failed', { cause }), { config: { headers: 'hush' }, request: 'hush' })
  const [line = ''] = logged({}, (logger) => logger.error({ err: error }, 'sync failed'))
  expect(line).not.toContain('hush')
  expect(JSON.parse(line).err).toEqual({
    type: 'TypeError',
    message: 'call failed',
    stack: expect.stringContaining('logger.test.ts'),
    cause: { type: 'Error', message: 'reset', code: 'ECONNRESET' },
  })
})

test('writes for people when asked', () => {
  const lines = logged({ format: 'pretty' }, (logger) => {
    logger.info({ port: 3890, name: 'two words' }, 'ready')
    logger.error({ err: new Error('broken') }, 'failed')
  })
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d info {2}ready port=3890 name="two words"\n$/)
  expect(lines[1]).toMatch(/^\d\d:\d\d:\d\d error failed\n {2}Error: broken\n {6}at /)
})
