import type { RequestHandler } from 'express'

/** Whether the server answers LDAP as it should, and if not why. */
export interface Readiness {
  readonly ok: boolean
  readonly reasons: readonly string[]
  /** What is wrong although LDAP answers. */
  readonly warnings: readonly string[]
}

/** The process lives. */
export const healthz: RequestHandler = (_request, response) => {
  response.json({ status: 'ok' })
}

/** 200 when clients may be sent here, else 503 with reasons. What only administrators need to mend is a warning. */
export function readyz(ready: () => Readiness): RequestHandler {
  return (_request, response) => {
    const { ok, ...why } = ready()
    response.status(ok ? 200 : 503).json({ status: ok ? 'ready' : 'not ready', ...why })
  }
}
