import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from '@azure/msal-node'
import { isJsonObject } from '../../record-fields.ts'
import { later } from './token-errors.ts'

/**
 * HTTP for MSAL with a time-out on every call; MSAL's own client has none on POST (contract §2.3). Redirects are
 * refused: a token request belongs to the configured authority only.
 */
export function createNetworkClient(options: {
  readonly timeoutMs: number
  readonly signal: () => AbortSignal | undefined
  readonly onRequest: () => void
}): INetworkModule {
  async function send<T>(
    method: 'GET' | 'POST',
    url: string,
    request: NetworkRequestOptions | undefined,
  ): Promise<NetworkResponse<T>> {
    options.onRequest()
    const limits = [AbortSignal.timeout(options.timeoutMs), options.signal()].filter((signal) => signal !== undefined)
    const response = await fetch(url, {
      method,
      redirect: 'error',
      signal: AbortSignal.any(limits),
      ...(request?.headers ? { headers: request.headers } : {}),
      ...(method === 'POST' && request?.body !== undefined ? { body: request.body } : {}),
    })
    const text = await response.text()
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      // MSAL checks the fields it reads; the type parameter is its own claim.
      body: parseBody(text, response.status) as T,
    }
  }
  return {
    sendGetRequestAsync: (url, request) => send('GET', url, request),
    sendPostRequestAsync: (url, request) => send('POST', url, request),
  }
}

/**
 * A gateway's HTML page becomes an error body; a cut answer to a success is an error. What MSAL throws carries no status,
 * so the body of a 429 or 5xx says that it passes (contract §2.5).
 */
function parseBody(text: string, status: number): unknown {
  const body = parseJson(text, status)
  return status === 429 || status >= 500 ? { ...(isJsonObject(body) ? body : {}), error: later } : body
}

function parseJson(text: string, status: number): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (status < 300) throw error
    return { error: 'server_error', error_description: `HTTP ${status} without a JSON body` }
  }
}
