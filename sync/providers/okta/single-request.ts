import { NoAnswerError } from './okta-errors.ts'

export interface SentRequest {
  readonly url: string
  /** In capitals. */
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal: AbortSignal
}

/**
 * One request, whatever comes of it. Redirects are refused: what is sent belongs to the org alone. Throws
 * {@link NoAnswerError}, so that "no answer" is told apart from answers.
 */
export async function sendRequest({ url, method, headers, body, signal }: SentRequest): Promise<Response> {
  try {
    return await fetch(url, { method, headers, body: body ?? null, signal, redirect: 'error' })
  } catch (cause) {
    throw new NoAnswerError(cause)
  }
}
