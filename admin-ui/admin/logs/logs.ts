import type { RequestHandler } from 'express'
import { isWanted, type LoggedOperation } from '../../../server/directory/operation-log/logged-operation.ts'
import { sendCsv } from '../../download.ts'
import { gridPageSize } from '../../grid.ts'
import { queryOf } from '../../query.ts'
import type { Administration } from '../administration.ts'
import type { AdminPages } from '../frame.ts'
import { type LogQuery, logQuery } from './inputs.ts'
import { logModel, operationColumns, operationLine } from './log-model.ts'
import type { LogServices } from './services.ts'

/** Binds and other notable operations of the last days. */
export function logsPage(pages: AdminPages, { logs, clock }: Pick<Administration, 'logs' | 'clock'>): RequestHandler {
  return async (request, response) => {
    const query = queryOf(request, logQuery)
    const found: LoggedOperation[] = []
    for await (const operation of wanted(logs, query)) {
      found.push(operation)
      if (found.length > gridPageSize) break
    }
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
      for await (const operation of wanted(logs, query)) yield operationLine(operation)
    }
    await sendCsv(response, 'operations.csv', operationColumns, lines())
  }
}

async function* wanted({ operations }: LogServices, query: LogQuery): AsyncGenerator<LoggedOperation> {
  for await (const operation of operations(query.before)) if (isWanted(operation, query)) yield operation
}
