import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Request } from 'express'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { sendCsv } from '../../../admin-ui/download.ts'
import { gridOf, rowsOfPage } from '../../../admin-ui/grid.ts'
import { gridFields, queryOf } from '../../../admin-ui/query.ts'
import { loadViews } from '../../../admin-ui/views.ts'

const list = {
  path: '/admin/things',
  search: 'a&b',
  searchLabel: 'Name',
  filters: [
    { name: 'state', label: 'State', value: 'good', choices: [{ value: 'good', label: 'Good' }] },
    { name: 'kind', label: 'Kind', value: undefined, choices: [] },
  ],
  page: 2,
  total: 1234,
  downloads: [{ path: '/admin/things.csv', label: 'CSV' }],
}

describe('a list that is shown a page at a time', () => {
  test('addresses of other pages and of downloads hold what was chosen', () => {
    expect(gridOf(list)).toMatchObject({
      range: '51–100 of 1,234',
      previous: '/admin/things?search=a%26b&state=good',
      next: '/admin/things?search=a%26b&state=good&page=3',
      downloads: [{ address: '/admin/things.csv?search=a%26b&state=good' }],
      isFiltered: true,
    })
  })

  test('the first page has none before it, the last none after it', () => {
    const whole = { ...list, search: '', filters: [] }
    expect(gridOf({ ...whole, page: 1 })).toMatchObject({ previous: '', next: '/admin/things?page=2' })
    expect(gridOf({ ...whole, page: 25 })).toMatchObject({ range: '1,201–1,234 of 1,234', next: '' })
    expect(gridOf({ ...whole, page: 1, total: 0 })).toMatchObject({ range: '0 of 0', isFiltered: false, next: '' })
  })

  test('a page beyond the end leads back to the last', () => {
    expect(gridOf({ ...list, search: '', filters: [], page: 99 })).toMatchObject({
      range: '0 of 1,234',
      previous: '/admin/things?page=25',
      next: '',
    })
  })

  test('a page has 50 rows', () => {
    const rows = Array.from({ length: 120 }, (_, index) => index)
    expect([rowsOfPage(rows, 1).at(-1), rowsOfPage(rows, 3).length]).toEqual([49, 20])
  })

  test('what was typed is shown as text', async () => {
    const html = (await loadViews()).render('partials/grid-filters', gridOf({ ...list, search: '"><script>' }))
    expect(html).toContain('value="&quot;&gt;&lt;script&gt;"')
    expect(html).toContain('<option value="good" selected>Good</option>')
  })
})

describe('what an address asks for', () => {
  const schema = z.object({ ...gridFields, state: z.enum(['good', 'bad']).optional() })
  // All that is looked at of a request.
  const asked = (query: object) => queryOf({ query } as Request, schema)

  test('empty fields count as missing', () => {
    expect(asked({ search: '', page: '', state: '' })).toEqual({ search: '', page: 1 })
    expect(asked({ search: ' ada ', page: '3', state: 'bad' })).toEqual({ search: 'ada', page: 3, state: 'bad' })
  })

  test.each([{ page: '0' }, { page: 'x' }, { page: ['1', '2'] }, { state: 'odd' }, { search: 'x'.repeat(201) }])(
    '%j is refused, and the field named',
    (query) => {
      expect(() => asked(query)).toThrow(`: ${Object.keys(query)[0]}: `)
    },
  )
})

describe('a table for a spreadsheet', () => {
  async function downloaded(rows: Iterable<readonly string[]>) {
    const app = express().get('/', (_request, response) => sendCsv(response, 'a.csv', ['Name', 'Phone'], rows))
    app.use(((_error, request, _response, _next) => void request.socket.destroy()) as express.ErrorRequestHandler)
    const server = createServer(app).listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
      return { answer, text: await answer.text() }
    } finally {
      server.closeAllConnections()
      server.close()
    }
  }

  test('no cell is a formula', async () => {
    const rows = ['=1+1', '+49 30 1', '-2', '@SUM(A1)', '\t=1', '\r=1'].map((name) => [name, 'a,"b"'])
    const { answer, text } = await downloaded(rows)
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="a.csv"')
    expect(text).toBe(
      `Name,Phone\r\n'=1+1,"a,""b"""\r\n'+49 30 1,"a,""b"""\r\n'-2,"a,""b"""\r\n'@SUM(A1),"a,""b"""\r\n'\t=1,"a,""b"""\r\n"'\r=1","a,""b"""\r\n`,
    )
  })

  test('rows are made as they are sent', async () => {
    function* rows() {
      for (let number = 0; number < 20_000; number += 1) yield [`name ${number}`, '']
    }
    const { text } = await downloaded(rows())
    expect(text.split('\n')).toHaveLength(20_002)
  })

  test('a list that fails half-way does not look whole', async () => {
    function* rows() {
      for (let number = 0; number < 5000; number += 1) yield ['name', '']
      throw new Error('the store is closed')
    }
    await expect(downloaded(rows())).rejects.toThrow()
  })
})
