export interface ProviderErrorDetails {
  /** Provider id. */
  readonly provider: string
  /** The call, such as `GET /groups/{id}/members`. */
  readonly call: string
  /** HTTP status; undefined when no answer came. */
  readonly status?: number | undefined
  /** The vendor's code, such as `AADSTS7000222` or `E0000011`. */
  readonly code?: string | undefined
  /** What happened, in words. */
  readonly what: string
  /** What the administrator can do. */
  readonly advice: string
  /** The service or the network failed, not the set-up. */
  readonly isTransient?: boolean
  readonly cause?: unknown
}

/** A call to a provider failed for good, and with it the run. The message names provider, call, status and the way out. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError'
  readonly provider: string
  readonly call: string
  readonly status: number | undefined
  readonly code: string | undefined
  readonly isTransient: boolean

  constructor(details: ProviderErrorDetails) {
    const marks = [details.status, details.code].filter((mark) => mark !== undefined).join(' ')
    const text = `${details.provider}: ${details.call}: ${details.what}${marks === '' ? '' : ` (${marks})`}. ${details.advice}`
    super(text, details.cause === undefined ? undefined : { cause: details.cause })
    this.provider = details.provider
    this.call = details.call
    this.status = details.status
    this.code = details.code
    this.isTransient = details.isTransient ?? false
  }
}

/** The errors of a provider whose answers are not those of its API; `setting` names where the calls were sent, such as `graphUrl`. */
export function answerErrors(provider: string, setting: string) {
  const notFound = ({ call }: { readonly call: string }): ProviderError =>
    new ProviderError({ provider, call, status: 404, what: 'not found', advice: `Check ${setting}.` })
  const badAnswer = (call: string, what: string): ProviderError =>
    new ProviderError({ provider, call, what, advice: `Check ${setting} and any proxy in between.` })
  return { notFound, badAnswer }
}
