import type { Context, Middleware } from '@microsoft/microsoft-graph-client'

/** From this share of the limit on the service asks to slow down (contract §6.3). */
const slowFromShare = 0.8
/** Calls are then started this far apart, until the window of the limit has passed. */
export const nearlyThrottledGapMs = 500
export const throttleWindowMs = 10_000

export function isNearlyThrottled(headers: Headers): boolean {
  return Number(headers.get('x-ms-throttle-limit-percentage')) >= slowFromShare
}

/** Middleware of the SDK that sees the headers and the size of every whole answer. */
export class AnswerObserver implements Middleware {
  readonly #observe: (headers: Headers, bytes: number) => void
  #next: Middleware | undefined

  constructor(observe: (headers: Headers, bytes: number) => void) {
    this.#observe = observe
  }

  async execute(context: Context): Promise<void> {
    await this.#next?.execute(context)
    const { response } = context
    if (response === undefined) return
    const body = await response.arrayBuffer()
    this.#observe(response.headers, body.byteLength)
    const { status, statusText, headers } = response
    context.response = new Response(body.byteLength === 0 ? null : body, { status, statusText, headers })
  }

  setNext(next: Middleware): void {
    this.#next = next
  }
}
