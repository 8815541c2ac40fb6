import { STATUS_CODES } from 'node:http'

/** Thrown by a handler to answer with an error status. `detail` is shown to the client. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem'
  readonly status: number
  readonly detail: string

  constructor(status: number, detail: string, options?: ErrorOptions) {
    super(detail, options)
    this.status = status
    this.detail = detail
  }
}

/** The standard phrase of a status: `Not Found`. */
export function titleOf(status: number): string {
  return STATUS_CODES[status] ?? 'Error'
}
