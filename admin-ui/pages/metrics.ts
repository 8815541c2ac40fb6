import type { RequestHandler } from 'express'

/** The text format that Prometheus scrapes, version 0.0.4. */
export function metrics(metricsText: () => Promise<string>): RequestHandler {
  return async (_request, response) => {
    response.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
    response.send(await metricsText())
  }
}
