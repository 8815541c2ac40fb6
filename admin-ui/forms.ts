import { type Request, type RequestHandler, urlencoded } from 'express'

/** Reads a form. */
export const formBody: RequestHandler = urlencoded({ extended: false, limit: '64kb', parameterLimit: 60 })

/** A field of a form, empty when it is missing or came several times. */
export function field({ body }: Request, name: string): string {
  const value: unknown = typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined
  return typeof value === 'string' ? value : ''
}
