import { expect, test } from 'vitest'
import { parseHttpDate } from '../../../sync/http-date.ts'

// Local time must play no part.
process.env.TZ = 'America/Caracas'

test.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])(
  '%s is UTC',
  (text) => {
    expect(parseHttpDate(text)?.toISOString()).toBe('1994-11-06T08:49:37.000Z')
  },
)

test.each([null, '', 'soon'])('%j is no date', (text) => {
  expect(parseHttpDate(text)).toBeUndefined()
})
