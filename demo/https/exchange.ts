/** One request as the simulated services see it, free of sockets so that `$batch` parts look the same. */
export interface ServiceRequest {
  readonly method: string
  /** Path and query exactly as sent. */
  readonly target: string
  /** Path without the query; percent-encoding kept. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
  /** Set by the fault `empty-page`: answer a page without items that still has a next page. */
  readonly emptyPage: boolean
}

export interface ServiceAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  /** A string is sent as it is, anything else as JSON; `undefined` sends no body. */
  readonly body: unknown
}

export function toServiceRequest(
  method: string,
  target: string,
  headers: Readonly<Record<string, string | undefined>>,
  body: string,
): ServiceRequest {
  const cut = target.indexOf('?')
  const path = cut === -1 ? target : target.slice(0, cut)
  const query = new URLSearchParams(cut === -1 ? '' : target.slice(cut + 1))
  return { method, target, path, query, headers, body, emptyPage: false }
}

/** Segments of a path, decoded; `undefined` when the encoding is broken. */
export function pathSegments(path: string): string[] | undefined {
  try {
    return path
      .split('/')
      .filter((segment) => segment !== '')
      .map(decodeURIComponent)
  } catch {
    return undefined
  }
}
