import type { RequestHandler } from 'express'

/** A row of a route table. */
export type Route = readonly ['GET' | 'POST' | 'PUT' | 'DELETE', string, ...RequestHandler[]]
