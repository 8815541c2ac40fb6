import type { RequestHandler } from 'express'

/** A row of a route table. */
export type Route = readonly ['GET' | 'POST', string, ...RequestHandler[]]
