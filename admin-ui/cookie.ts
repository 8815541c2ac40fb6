import type { Request } from 'express'

/** Value of a cookie; empty when the browser has none of that name. */
export function cookieOf(request: Request, name: string): string {
  const pairs = (request.get('cookie') ?? '').split(';').map((pair) => pair.trim())
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? ''
}
