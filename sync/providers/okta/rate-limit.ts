import { parseHttpDate } from '../../http-date.ts'

/** The part of a Headers object that is read here. */
export interface ResponseHeaders {
  get(name: string): string | null
}

/**
 * How far apart calls should be, and for how long; undefined while less than `share` of the limit is used. What is left of
 * the share is spread over the time until the limit is lifted; beyond it, calls wait for that.
 */
export function spreadOver(
  headers: ResponseHeaders,
  share: number,
): { readonly gapMs: number; readonly forMs: number } | undefined {
  const limit = numberHeader(headers, 'x-rate-limit-limit')
  const remaining = numberHeader(headers, 'x-rate-limit-remaining')
  const untilResetMs = msUntilReset(headers)
  if (limit === undefined || remaining === undefined || untilResetMs === undefined) return undefined
  if (limit <= 0 || untilResetMs <= 0) return undefined
  const left = remaining - limit * (1 - share)
  // The last tenth of the share is spread, so that the limit is neared and not run into (contract §4).
  if (left >= limit * share * slowBelowShare) return undefined
  return { gapMs: untilResetMs / Math.max(1, left), forMs: untilResetMs }
}

/** How long nothing more may be sent, because the share of the limit is used up; undefined while some of it is left. */
export function usedUpFor(headers: ResponseHeaders, share: number, now: Date): number | undefined {
  const limit = numberHeader(headers, 'x-rate-limit-limit')
  const remaining = numberHeader(headers, 'x-rate-limit-remaining')
  if (limit === undefined || remaining === undefined || remaining - limit * (1 - share) >= 1) return undefined
  return msUntilReset(headers, now)
}

/** The server's clock at the time of an answer. */
export function serverTime(headers: ResponseHeaders): Date | undefined {
  return parseHttpDate(headers.get('date'))
}

/** With less than this of the share left, calls are spread. */
const slowBelowShare = 0.1

/** Milliseconds until the limit is lifted, by the server's own clock (its Date header), plus a second. */
export function msUntilReset(headers: ResponseHeaders, now?: Date): number | undefined {
  const resetSeconds = numberHeader(headers, 'x-rate-limit-reset')
  if (resetSeconds === undefined) return undefined
  const serverNow = serverTime(headers) ?? now
  if (serverNow === undefined) return undefined
  return Math.max(0, resetSeconds * 1000 - serverNow.getTime()) + 1000
}

/** A doubled header arrives as a list; the last value is the nearest limit's. */
function numberHeader(headers: ResponseHeaders, name: string): number | undefined {
  const text = headers.get(name)?.split(',').at(-1)?.trim()
  if (text === undefined || text === '') return undefined
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}
