import type { RequestHandler } from 'express'
import { sendCsv } from '../../download.ts'
import { firstOf } from '../../first-of.ts'
import { gridPageSize } from '../../grid.ts'
import { queryOf } from '../../query.ts'
import type { Administration } from '../administration.ts'
import type { AdminPages } from '../frame.ts'
import { logQuery } from './inputs.ts'
import { logModel, operationColumns, operationLine } from './log-model.ts'
import { wantedOperations } from './wanted-operations.ts'

/** Binds and other notable operations of the last days. */
export function logsPage(pages: AdminPages, { logs, clock }: Pick<Administration, 'logs' | 'clock'>): RequestHandler {
  return async (request, response) => {
    const query = queryOf(request, logQuery)
    const found = await firstOf(wantedOperations(logs, query), gridPageSize + 1)
    const { keptDays } = logs
    const model = logModel({ query, found, pageSize: gridPageSize, keptDays, now: clock.now() })
    pages.show(request, response, 'logs/logs', model)
  }
}

/** All that the filters show, for a spreadsheet. */
export function logsCsv({ logs }: Pick<Administration, 'logs'>): RequestHandler {
  return async (request, response) => {
    const query = queryOf(request, logQuery)
    const lines = async function* () {
      for await (const operation of wantedOperations(logs, query)) yield operationLine(operation)
    }
    await sendCsv(response, 'operations.csv', operationColumns, lines())
  }
}
