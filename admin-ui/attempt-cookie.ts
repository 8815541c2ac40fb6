import type { Request } from 'express'

/** For what a browser keeps of a sign-in under way: in a cookie that only this host can have set, where it comes by https. */
export function attemptCookie(name: string, publicUrl: string) {
  const secure = new URL(publicUrl).protocol === 'https:'
  const options = { httpOnly: true, sameSite: 'lax', secure, path: '/' } as const
  return { name: secure ? `__Host-${name}` : name, options }
}

/** What a provider sent the browser back with. */
export function answerOf({ originalUrl }: Pick<Request, 'originalUrl'>): URLSearchParams {
  const mark = originalUrl.indexOf('?')
  return new URLSearchParams(mark === -1 ? '' : originalUrl.slice(mark))
}
